-- A node offers what it has, after the history of Redis changed. ARGV: node, epoch it saw, revision, hash and JSON of its
-- newest confirmed document (0: it has none), the roster, revisions and hashes that it descends from.
local epoch, barrier = settle(tonumber(ARGV[2]))
local held = redis.call('HMGET', key, 'revision', 'hash')
local revision, hash = tonumber(held[1] or 0), held[2] or ''
local mine = tonumber(ARGV[3])
local back, kept, ancestor = false, true, 0
if mine > 0 and hash ~= ARGV[4] then
  local descends = revision == 0
  for at = 7, #ARGV - 1, 2 do
    local r = tonumber(ARGV[at])
    if r == revision and ARGV[at + 1] == hash then descends = true end
    if redis.call('HGET', key, 'r:' .. ARGV[at]) == ARGV[at + 1] then ancestor = math.max(ancestor, r) end
  end
  local known = redis.call('HGET', key, 'r:' .. ARGV[3])
  if descends then
    back = true
  elseif known == ARGV[4] or mine + KEPT <= revision or redis.call('HEXISTS', key, 'f:' .. ARGV[4]) == 1 then
    kept = true
  else
    kept = false
  end
end
if back then
  for at = 7, #ARGV - 1, 2 do redis.call('HSETNX', key, 'r:' .. ARGV[at], ARGV[at + 1]) end
  put(mine, ARGV[4], ARGV[5])
end
-- Who is on another branch has offered too: what it has is merged after the others were heard.
redis.call('HSET', key, 'o:' .. ARGV[1], whole(epoch))
return { back and 'back' or kept and 'kept' or 'fork', epoch, ancestor, waits(epoch, barrier, ARGV[6], 'o:', 'barrier') }
