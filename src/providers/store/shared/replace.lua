-- Compare and swap. ARGV: epoch the caller saw, the revision and hash it replaces (0 and nothing: the show is new), the
-- next revision, hash and JSON, the last moment for it, the roster, a branch that is merged or nothing, entries of the log.
local seen = tonumber(ARGV[1])
local epoch, barrier = settle(seen)
local held = redis.call('HMGET', key, 'revision', 'hash')
if redis.call('HGET', key, 'r:' .. ARGV[4]) == ARGV[5] then
  -- The same swap again is done already, also if others went on from it. A command that only makes the same document is
  -- told from it by its entry.
  log(10)
  local place = ARGV[10] and redis.call('HGET', key, 'i:' .. ARGV[10])
  if not place or redis.call('HGET', key, 'a:' .. place) == ARGV[11] then return { 'done', epoch, 0 } end
end
local left = waits(epoch, barrier, ARGV[8], 'o:', 'barrier')
if epoch ~= seen then return { 'epoch', epoch, left } end
if left > 0 then return { 'wait', epoch, left } end
if (held[1] or '0') ~= ARGV[2] or (held[2] or '') ~= ARGV[3] then return { 'moved', epoch, 0 } end
if now > tonumber(ARGV[7]) then return { 'late', epoch, 0 } end
put(tonumber(ARGV[4]), ARGV[5], ARGV[6])
if ARGV[9] ~= '' then redis.call('HSET', key, 'f:' .. ARGV[9], ARGV[4]) end
log(10)
return { 'done', epoch, 0 }
