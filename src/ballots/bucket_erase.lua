-- Takes a bucket away with all that it keeps. KEYS: all keys of the bucket.
return redis.call('DEL', unpack(KEYS))
