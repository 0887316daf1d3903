-- What the audience writes and what moderators decide: events that are only added to, in one order. ARGV: node, epoch it
-- saw, how many events it has, the roster, what is wanted (look, claim, add, tell; told: that was all of it), session and name
-- of who claims, microseconds, items that are claimed from now on, with spaces; then events: id, JSON, and what each of
-- them is about, with spaces. One is added if nobody has changed what it is about since, all before it were, and
-- it is not there yet; `?`: what it rests on without changing it. Told are events that Redis may have lost: each is added.
local seen, count, want = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local FIRST, MOST = 10, 200
local epoch = settle(seen)
local held = redis.call('HMGET', key, 'iepoch', 'ibarrier', 'items', 'claims', 'io:' .. ARGV[1])
local barrier, length, told = tonumber(held[2] or 0), tonumber(held[3] or 0), tonumber(held[5] or 0) == epoch
if tonumber(held[1] or 0) ~= epoch then
  -- Whichever script found the history to be another one: events are told again before any is added.
  barrier = now + BARRIER_US
  redis.call('HSET', key, 'iepoch', whole(epoch), 'ibarrier', whole(barrier))
end
if epoch == seen and (want == 'told' or want == 'tell') then
  for at = FIRST, #ARGV - 2, 3 do
    if redis.call('HEXISTS', key, 't:' .. ARGV[at]) == 0 then
      length = length + 1
      redis.call('HSET', key, 'e:' .. whole(length), ARGV[at + 1], 't:' .. ARGV[at], whole(length), 'items', whole(length))
      for about in string.gmatch(ARGV[at + 2], '[^ ?]+') do redis.call('HSET', key, 'w:' .. about, whole(length)) end
    end
  end
  if want == 'told' then
    redis.call('HSET', key, 'io:' .. ARGV[1], whole(epoch))
    told = true
  end
end
local left = waits(epoch, barrier, ARGV[4], 'io:', 'ibarrier')
local outcome, done, decided = 'ok', 0, {}
if epoch ~= seen or not told then
  outcome = 'epoch'
elseif want == 'add' and left > 0 then
  outcome = 'wait'
elseif want == 'add' then
  local add = {}
  for at = FIRST, #ARGV - 2, 3 do
    if redis.call('HEXISTS', key, 't:' .. ARGV[at]) == 0 then
      for about in string.gmatch(ARGV[at + 2], '[^ ?]+') do
        if tonumber(redis.call('HGET', key, 'w:' .. about) or 0) > count then outcome = 'moved' end
      end
      if outcome == 'moved' then break end
      add[#add + 1] = at
    end
    done = done + 1
  end
  for _, at in ipairs(add) do
    length = length + 1
    local n = whole(length)
    redis.call('HSET', key, 'e:' .. n, ARGV[at + 1], 't:' .. ARGV[at], n, 'items', n)
    for about in string.gmatch(ARGV[at + 2], '%S+') do
      decided[about] = true
      if string.sub(about, 1, 1) ~= '?' then redis.call('HSET', key, 'w:' .. about, n) end
    end
  end
end
-- Claims: `<until> <session> <item> <name>`, a line each. Who claims has these and no others.
local claims, taken = {}, {}
for line in string.gmatch(held[4] or '', '[^\n]+') do
  local ends, session, item = string.match(line, '^(%d+) (%x+) (%x+)')
  local mine = want == 'claim' and session == ARGV[6]
  if tonumber(ends) > now and not mine and not decided[item] then
    claims[#claims + 1] = line
    taken[item] = true
  end
end
if want == 'claim' then
  for item in string.gmatch(ARGV[9], '%S+') do
    if not taken[item] then
      claims[#claims + 1] = whole(now + tonumber(ARGV[8])) .. ' ' .. ARGV[6] .. ' ' .. item .. ' ' .. ARGV[7]
    end
  end
end
local text = table.concat(claims, '\n')
if text ~= (held[4] or '') then redis.call('HSET', key, 'claims', text) end
local entries = {}
if epoch == seen then
  for n = count + 1, math.min(length, count + MOST) do entries[#entries + 1] = redis.call('HGET', key, 'e:' .. whole(n)) end
end
return { outcome, epoch, done, length, entries, text }
