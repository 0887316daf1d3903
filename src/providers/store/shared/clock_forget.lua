-- Takes a show off the list beside the clock. ARGV: the show.
return redis.call('HDEL', KEYS[1], ARGV[1])
