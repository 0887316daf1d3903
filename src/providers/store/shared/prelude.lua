-- What every script of a show begins with. KEYS[1] is a hash with all there is about the show:
--   replid epoch barrier        the history of Redis that this belongs to; when commands may go on (0: they may)
--   revision hash json          the newest document
--   r:<revision>                hashes of the revisions before it, the newest 256
--   f:<hash>                    branches that were merged
--   o:<node>                    the epoch in which a node last offered what it has
--   n:<node> nodes              "<expires> <status>" of a node; who is listed
--   length a:<n> i:<id>         the as-run log: how many entries, one by its place, its place by its id
--   items e:<n> t:<id>          what the audience wrote and what was decided: how many events, one by its place, its place
--                               by its id (see items.lua)
--   w:<item|device|inflow>      the place of the newest event that changed it
--   iepoch ibarrier io:<node>   as epoch, barrier and o:<node>, of these events
--   claims                      who looks at what, and until when
--   erased                      instead of all that: who erased the show and when
local key = KEYS[1]
local erased = redis.call('HGET', key, 'erased')
if erased then return redis.error_reply('ERASED ' .. erased) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local KEPT = 256
local BARRIER_US = 2000000

local function whole(number) return string.format('%.0f', number) end

-- The epoch, after a look at whether this is still the Redis that it began in. Commands wait until `barrier`.
local function settle(seen)
  local here = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  local stored = redis.call('HMGET', key, 'replid', 'epoch', 'barrier')
  local epoch, barrier = tonumber(stored[2] or 0), tonumber(stored[3] or 0)
  if stored[1] ~= here or epoch < seen then
    epoch, barrier = math.max(epoch, seen) + 1, now + BARRIER_US
    redis.call('HSET', key, 'replid', here, 'epoch', whole(epoch), 'barrier', whole(barrier))
  end
  return epoch, barrier
end

-- Microseconds that commands still wait. `roster`: the directories, with spaces; who is alive counts too. `offered`: where
-- it stands who has offered what it has; `field`: where the barrier does.
local function waits(epoch, barrier, roster, offered, field)
  if barrier <= now then return 0 end
  local function missing(node)
    return tonumber(redis.call('HGET', key, offered .. node) or 0) ~= epoch
  end
  local any = false
  for node in string.gmatch(roster, '%x+') do
    any = true
    if missing(node) then return barrier - now end
  end
  for node in string.gmatch(redis.call('HGET', key, 'nodes') or '', '%x+') do
    local status = redis.call('HGET', key, 'n:' .. node)
    if status and tonumber(string.match(status, '^%d+')) > now and missing(node) then return barrier - now end
  end
  if not any then return barrier - now end
  redis.call('HSET', key, field, '0')
  return 0
end

-- Adds entries to the log, ARGV[from] and the next being id and JSON; one that is there stays as it is.
local function log(from)
  local length = tonumber(redis.call('HGET', key, 'length') or 0)
  for at = from, #ARGV - 1, 2 do
    if redis.call('HSETNX', key, 'i:' .. ARGV[at], whole(length + 1)) == 1 then
      length = length + 1
      redis.call('HSET', key, 'a:' .. whole(length), ARGV[at + 1], 'length', whole(length))
    end
  end
end

local function put(revision, hash, json)
  redis.call('HSET', key, 'revision', whole(revision), 'hash', hash, 'json', json, 'r:' .. whole(revision), hash)
  redis.call('HDEL', key, 'r:' .. whole(revision - KEPT))
end
