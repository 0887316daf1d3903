-- All fields and values.
local pairs = redis.call('HGETALL', KEYS[1])
return pairs
