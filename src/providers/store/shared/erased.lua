-- Who erased a show and when, if somebody did. Looks only: a look that did not know the epoch of its document would begin
-- a history of Redis anew that every node takes for the old one.
return redis.call('HGET', KEYS[1], 'erased')
