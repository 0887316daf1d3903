-- How far the history is, how many replicas there are, and how far the first of them is. KEYS[1] only names the place.
local info = redis.call('INFO', 'replication')
local most = 0
for offset in string.gmatch(info, 'state=online,offset=(%d+)') do most = math.max(most, tonumber(offset)) end
return { tonumber(string.match(info, 'master_repl_offset:(%d+)')), tonumber(string.match(info, 'connected_slaves:(%d+)')), most }
