-- Writes a field once. ARGV: field, value. Answers what stands there.
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])
