-- The one clock of the installation, and the list of its shows. ARGV: the shows of the caller.
for at = 1, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[at]) == 0 then redis.call('HSET', KEYS[1], ARGV[at], '1') end
end
local shows = redis.call('HKEYS', KEYS[1])
local time = redis.call('TIME')
return { tonumber(time[1]) * 1000000 + tonumber(time[2]), shows }
