-- Takes everything of a show away and leaves that it was erased; nothing while a node serves it. KEYS: the show's hash
-- (see prelude.lua) and its other keys. ARGV: who erased it and when; 1: also while a node serves it, which then learns of
-- it. Answers the nodes that serve it.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local serving = {}
for node in string.gmatch(redis.call('HGET', KEYS[1], 'nodes') or '', '%x+') do
  local status = redis.call('HGET', KEYS[1], 'n:' .. node)
  if status and tonumber(string.match(status, '^%d+')) > now then serving[#serving + 1] = node end
end
if #serving > 0 and ARGV[2] ~= '1' then return serving end
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'erased', ARGV[1])
return {}
