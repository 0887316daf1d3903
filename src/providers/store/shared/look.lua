-- What a node does not know yet. ARGV: node, epoch it saw, its revision and hash, the length of the log it has, its status
-- or nothing, microseconds that it holds, the roster, entries for the log. Writes only if there is something new.
local epoch, barrier = settle(tonumber(ARGV[2]))
log(9)
if ARGV[6] ~= '' then
  local left = {}
  for node in string.gmatch(redis.call('HGET', key, 'nodes') or '', '%x+') do
    local status = redis.call('HGET', key, 'n:' .. node)
    if node ~= ARGV[1] and status and tonumber(string.match(status, '^%d+')) > now then left[#left + 1] = node end
  end
  left[#left + 1] = ARGV[1]
  redis.call('HSET', key, 'nodes', table.concat(left, ' '), 'n:' .. ARGV[1], whole(now + tonumber(ARGV[7])) .. ' ' .. ARGV[6])
end
local held = redis.call('HMGET', key, 'revision', 'hash', 'length', 'o:' .. ARGV[1])
local revision, hash, length = tonumber(held[1] or 0), held[2] or '', tonumber(held[3] or 0)
local json, links = '', {}
if revision > 0 and hash ~= ARGV[4] then
  json = redis.call('HGET', key, 'json')
  for r = math.max(tonumber(ARGV[3]) + 1, revision - KEPT + 1), revision do
    local link = redis.call('HGET', key, 'r:' .. whole(r))
    if link then links[#links + 1] = whole(r); links[#links + 1] = link end
  end
end
local from = tonumber(ARGV[2]) == epoch and tonumber(ARGV[5]) or 0
local entries = {}
for n = from + 1, math.min(length, from + 200) do entries[#entries + 1] = redis.call('HGET', key, 'a:' .. whole(n)) end
local nodes = {}
for node in string.gmatch(redis.call('HGET', key, 'nodes') or '', '%x+') do
  local expires, status = string.match(redis.call('HGET', key, 'n:' .. node) or '', '^(%d+) (.*)$')
  if expires and tonumber(expires) > now then nodes[#nodes + 1] = node; nodes[#nodes + 1] = status end
end
local ancestor = revision > 0 and redis.call('HGET', key, 'r:' .. ARGV[3]) or ''
return { now, epoch, waits(epoch, barrier, ARGV[8], 'o:', 'barrier'), tonumber(held[4] or 0) == epoch and 1 or 0, revision, hash, json,
  links, from, entries, nodes, ancestor or '' }
