-- Uses a link up.
return redis.call('GETDEL', KEYS[1])
