-- Reads the ballots of some sub-hashes of a bucket; the layout stands in bucket.lua.
-- KEYS: :meta, sub-hashes. Answer: {epoch, totals, pools, journals, {voter, ballots, voter, ballots, …}}, or {} where there is
-- no such bucket.
local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then
  return redis.error_reply('READONLY this server is a replica')
end
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'totals', 'pools', 'journals')
if not meta[1] then return {} end
local voters = {}
for i = 2, #KEYS do
  local pairs_of = redis.call('HGETALL', KEYS[i])
  for at = 1, #pairs_of, 2 do
    if pairs_of[at] ~= '' then
      voters[#voters + 1] = pairs_of[at]
      voters[#voters + 1] = pairs_of[at + 1]
    end
  end
end
return {tonumber(meta[1]), meta[2], meta[3] or '', meta[4], voters}
