-- What the processes that serve a show have counted of a run's reactions. KEYS[1] is a hash: a field for each process. ARGV:
-- this process, its word or nothing, milliseconds after which all of it is forgotten.
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HGETALL', KEYS[1])
