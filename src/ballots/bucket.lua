-- One call for one bucket: the twin of bucket.rs, line by line, with what a store needs that can lose its newest writes.
-- Reads and decides everything first; then writes, and from the first write on nothing can fail.
--
-- Layout. All keys of a bucket have the hash tag {tl:<run>:<bucket>}. They are made together, so that none that is
-- declared is ever absent: a slot that moves would answer TRYAGAIN for ever. Numbers are big-endian.
--   :meta  hash
--     hash       rules hash of the definition, 64 hexadecimal digits
--     epoch      counts the histories of this bucket, decimal
--     replid     master_replid of the server when the epoch began
--     since      when the epoch began, Redis TIME in microseconds; 0: its barrier is over
--     retold     directories that have told all they know in this epoch, 8 bytes each
--     windows    epoch 4, revision 7, then per span: opens 7, intake ends 7 (close and grace; 2^53-1: open end); behind them
--                for each platform: per entry of it 2^53-1 7 and its number 7, then its spans in the same way
--     marked     newest seal that it is marked for, decimal; 0: none
--     seal       revision twice, and one more if it is written and not only about to be, 4; then per journal: id 8,
--                watermark 7; behind 15 zeros per copy above these that it has: journal 8, number 7; behind 15 more
--                per copy below that it does not have: the same; or empty
--     journals   per journal: id 8, watermark 7 (0: known only as the place of a copy); its place is its index
--     totals     version 7, counted 7, late 7, then 7 per option votes, then 7 per option late votes, in a
--                changeable run superseded 7: a final run's bytes are those of releases that did not know this
--     changed    copies with another verdict than somebody was told, in the order in which they changed:
--                journal 8, number 7
--     pools      where pools count apart: the version of the totals 7; then per part of the audience that counts apart its
--                ballots in the tally 7 and per option their votes 7. Of another version: a release that does not know
--                this has counted since, and nobody knows it any more
--   :b0 … :b63  hashes: voter (16 bytes) -> its ballots in the order of decision, each
--     id 16, received 7, number 5, index of the journal 2, entry 1, verdict 1, count of words 2, words 2 each
--     The words are the picks; in a changeable run three stand before them: 0, and the change number's halves. With one
--     ballot of one pick that is 36 bytes, so that Redis keeps the hash as a listpack. The field '' is a placeholder.
--
-- KEYS: :meta, and the sub-hashes of the batch's voters, or all of them in their order where the bucket may be made.
-- ARGV: see HEADER below; then a ballot each: index in KEYS 2, voter 16, id 16, received 7, entry 1, decided 1 (0: not,
--   else verdict + 1), if decided the copy's journal 8, number 7, received 7, entry 1; words 2 each.
-- Answer: {1, epoch, rebuilding, marked, totals, pools, journals, changed, decisions, now}, a decision each: verdict 1,
--   journal 8, number 7, received 7, entry 1, left 2, repeated 1, in force 1, change seen 4; {2, epoch, watermark}: gap; {3}: absent; {4}: disagrees.

-- HEADER
local hash, options, votes, remembered_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local windows, sealing, seal = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local directory, roster, seen, retells = ARGV[8], ARGV[9], tonumber(ARGV[10]), ARGV[11] == '1'
local create, barrier = ARGV[12] == '1', tonumber(ARGV[13])
local journal, first, per_option, changeable = ARGV[14], tonumber(ARGV[15]), tonumber(ARGV[16]), ARGV[17] == '1'
-- How many parts of the audience count apart; per entry, from 0, the number of its part.
local part_of, HEADER = ARGV[18], 18

local COUNTED, LATE, BUDGET, ID_REUSED, INVALID, AFTER_SEAL, DISPLACED, UNREADABLE = 0, 1, 2, 3, 4, 5, 6, 7
local pack, unpack_at, sub = struct.pack, struct.unpack, string.sub

local info = redis.call('INFO', 'replication')
if not string.find(info, 'role:master', 1, true) then
  -- A call that writes nothing would pass, and tell of an old state.
  return redis.error_reply('READONLY this server is a replica')
end
local replid = string.match(info, 'master_replid:(%x+)')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local FIELDS = {'hash', 'epoch', 'replid', 'since', 'retold', 'windows', 'marked', 'seal', 'journals', 'totals', 'changed'}
if part_of ~= '' then FIELDS[12] = 'pools' end
local old = redis.call('HMGET', KEYS[1], unpack(FIELDS))
local made = not old[1]
if made then
  if not create then return {3} end
elseif old[1] ~= hash then
  return {4}
end

-- Whether a list of entries of `size` bytes has one that begins with `id`.
local function has(list, size, id)
  for at = 1, #list, size do
    if sub(list, at, at + #id - 1) == id then return true end
  end
  return false
end

-- Epoch and barrier.

local epoch, since, retold = tonumber(old[2] or 0), tonumber(old[4] or 0), old[5] or ''
-- A caller that saw a later epoch than the one that is stored knows of a history that was lost.
if made or old[3] ~= replid or seen > epoch then
  epoch, since, retold = math.max(epoch, seen) + 1, now, ''
end
if since > now then since = now end
if retells and seen == epoch and not has(retold, 8, directory) then retold = retold .. directory end
local rebuilding = false
if since > 0 and now - since < barrier then
  for at = 1, #roster, 8 do
    if not has(retold, 8, sub(roster, at, at + 7)) then rebuilding = true end
  end
end
if not rebuilding then since = 0 end

-- Windows, marks and seals: the newest count.

local in_force = old[6] or pack('>I4I7', 0, 0)
do
  local epoch_old, revision_old = unpack_at('>I4I7', in_force)
  local epoch_new, revision_new = unpack_at('>I4I7', windows)
  if epoch_new > epoch_old or (epoch_new == epoch_old and revision_new > revision_old) then in_force = windows end
end
local programme, of_entry, NEVER = {}, {}, 9007199254740991
do
  local spans = programme
  for at = 12, #in_force, 14 do
    local opens, ends = unpack_at('>I7I7', in_force, at)
    if opens == NEVER then
      -- The entries of one platform stand together, before its spans.
      if #spans > 0 then spans = {} end
      of_entry[ends] = spans
    else
      spans[#spans + 1] = {opens = opens, ends = ends}
    end
  end
end
local function timely(received, entry)
  local spans = of_entry[entry] or programme
  for i = #spans, 1, -1 do
    if spans[i].opens <= received then return received < spans[i].ends end
  end
  return false
end

local marked, sealed = math.max(tonumber(old[7] or 0), sealing), old[8] or ''
if seal ~= '' then
  local rank = unpack_at('>I4', seal)
  marked = math.max(marked, math.floor(rank / 2))
  if sealed == '' or unpack_at('>I4', sealed) < rank then sealed = seal end
end
local is_in_force = sealed ~= '' and unpack_at('>I4', sealed) % 2 == 1
local reaches, beyond, apart, section = {}, {}, {}, 1
for at = 5, #sealed, 15 do
  local id, number = unpack_at('>c8I7', sealed, at)
  if number == 0 then section = section + 1
  elseif section == 1 then reaches[id] = number
  else (section == 2 and beyond or apart)[sub(sealed, at, at + 14)] = true end
end
local function is_sealed(of_journal, seq)
  if sealed == '' then return true end
  local place = pack('>c8I7', of_journal, seq)
  if seq <= (reaches[of_journal] or 0) then return not apart[place] end
  return beyond[place] == true
end

-- Journals and totals.

local ids, watermarks, index_of = {}, {}, {}
for at = 1, #(old[9] or ''), 15 do
  local id, watermark = unpack_at('>c8I7', old[9], at)
  ids[#ids + 1], watermarks[#watermarks + 1], index_of[id] = id, watermark, #ids + 1
end
local function index_for(id)
  if not index_of[id] then
    ids[#ids + 1], watermarks[#watermarks + 1], index_of[id] = id, 0, #ids + 1
  end
  return index_of[id]
end

local TOTALS = '>I7I7I7' .. string.rep('I7', 2 * options + (changeable and 1 or 0))
local VERSION, TOTAL_COUNTED, TOTAL_LATE, VOTES = 1, 2, 3, 3
local SUPERSEDED = VOTES + 2 * options + 1
local totals = {}
if old[10] then
  totals = {unpack_at(TOTALS, old[10])}
  -- The position behind the last number.
  totals[#totals] = nil
else
  for i = 1, changeable and SUPERSEDED or SUPERSEDED - 1 do totals[i] = 0 end
end
local LATE_VOTES = VOTES + options
-- The change number of a ballot's words, and where its picks begin.
local function change_of(words)
  if #words < 6 or sub(words, 1, 2) ~= '\0\0' then return nil, 1 end
  return unpack_at('>I4', words, 3), 7
end
-- Votes that a ballot's words spend.
local function votes_in(words)
  local _, begins = change_of(words)
  return (#words - begins + 1) / 2
end
local function add(picks, into, base, by)
  local _, begins = change_of(picks)
  for at = begins, #picks, 2 do
    local number = unpack_at('>I2', picks, at)
    if number >= 1 and number <= options then into[base + number] = into[base + number] + by end
  end
end

-- By pool: only the parts that a ballot of this call is of are read.
local parts, PART, PART_SIZE = {}, '>I7' .. string.rep('I7', options), 7 * (1 + options)
local part_count = string.byte(part_of, 1) or 0
local pools = ''
if part_count > 0 then
  if made then pools = string.rep('\0', 7 + part_count * PART_SIZE)
  elseif old[12] and sub(old[12], 1, 7) == sub(old[10], 1, 7) then pools = old[12] end
end
-- A ballot goes into the tally (1), or out of it (-1).
local function count(entry, picks, by)
  add(picks, totals, VOTES, by)
  local number = pools ~= '' and string.byte(part_of, entry + 2) or 0
  if number == 0 then return end
  if not parts[number] then parts[number] = {unpack_at(PART, pools, 8 + (number - 1) * PART_SIZE)} end
  parts[number][1] = parts[number][1] + by
  add(picks, parts[number], 1, by)
end

-- Voters.

local changed = old[11] or ''
local voters, touched = {}, {}

local function voter_of(key, id)
  local voter = voters[id]
  if voter then return voter end
  voter = {key = key, id = id, kept = {}, spent = 0}
  local blob = not made and redis.call('HGET', KEYS[key], id) or ''
  local at = 1
  while at <= #blob do
    local ballot, received, seq, index, entry, verdict, count = unpack_at('>c16I7I5I2I1I1I2', blob, at)
    local picks = sub(blob, at + 34, at + 33 + 2 * count)
    voter.kept[#voter.kept + 1] =
      {id = ballot, received = received, seq = seq, index = index, entry = entry, verdict = verdict, picks = picks}
    if verdict == COUNTED and not changeable then voter.spent = voter.spent + votes_in(picks) end
    at = at + 34 + 2 * count
  end
  voters[id] = voter
  return voter
end

-- Journals compare as numbers: the order of strings here depends on the server's locale.
local function is_later(a, b)
  if a.received ~= b.received then return a.received > b.received end
  if a.index ~= b.index then
    local a_high, a_low = unpack_at('>I4I4', ids[a.index])
    local b_high, b_low = unpack_at('>I4I4', ids[b.index])
    if a_high ~= b_high then return a_high > b_high end
    return a_low > b_low
  end
  return a.seq >= b.seq
end

-- Of one voter's ballots in a changeable run the one that is in the tally, if any is.
local function in_force_of(voter)
  local greatest, highest
  for _, kept in ipairs(voter.kept) do
    if kept.verdict == COUNTED then
      local change = change_of(kept.picks) or -1
      if not greatest or change > highest or (change == highest and is_later(kept, greatest)) then
        greatest, highest = kept, change
      end
    end
  end
  return greatest
end

-- Whether one voter may have cast what is counted of this one, and these too, where each takes from the same votes.
local function allow_together(voter, picks)
  -- What is not more in all is not more of one option, and most runs have no other limit.
  if voter.spent + votes_in(picks) <= per_option then return true end
  local all, of = 0, {}
  local function is_over(cast)
    local _, first_pick = change_of(cast)
    for at = first_pick, #cast, 2 do
      local number = unpack_at('>I2', cast, at)
      all, of[number] = all + 1, (of[number] or 0) + 1
      if all > votes or of[number] > per_option then return true end
    end
  end
  for _, kept in ipairs(voter.kept) do
    if kept.verdict == COUNTED and is_over(kept.picks) then return false end
  end
  return not is_over(picks)
end

local function allow(voter, picks) return changeable or allow_together(voter, picks) end

local function displace(voter)
  if allow(voter, '') then return false end
  while not allow(voter, '') do
    local latest
    for _, kept in ipairs(voter.kept) do
      if kept.verdict == COUNTED and (not latest or is_later(kept, latest)) then latest = kept end
    end
    if not latest then break end
    latest.verdict = DISPLACED
    voter.spent = voter.spent - votes_in(latest.picks)
    totals[TOTAL_COUNTED] = totals[TOTAL_COUNTED] - 1
    count(latest.entry, latest.picks, -1)
    local place, left = pack('>c8I7', ids[latest.index], latest.seq), ''
    for at = 1, #changed, 15 do
      local other = sub(changed, at, at + 14)
      if other ~= place then left = left .. other end
    end
    -- It may have changed before: then it does again.
    changed = left .. place
  end
  return true
end

local NOBODY = {kept = {}, spent = 0}
local function fit(picks)
  local change, begins = change_of(picks)
  if (change or 0) > 0 ~= changeable or (change == 0) then return false end
  if #picks < begins or not allow_together(NOBODY, picks) then return false end
  for at = begins, #picks, 2 do
    local number = unpack_at('>I2', picks, at)
    if number < 1 or number > options then return false end
  end
  return true
end

local function note(of_journal, seq)
  local place = pack('>c8I7', of_journal, seq)
  if not has(changed, 15, place) then changed = changed .. place end
end

-- One ballot: looked up by its id, and only if it is new decided by the rules.


-- Gives verdict, journal, number, receive time, entry, votes left, and whether it was decided before.
local function judge(key, voter_id, id, received, entry, decided, copy, picks, seq)
  if decided == UNREADABLE then return UNREADABLE, journal, seq, received, entry, 0 end
  local voter, sealed_copy = voter_of(key, voter_id), is_sealed(copy.journal, copy.seq)
  -- A content that was refused because another one has its id does not keep that one from being decided.
  local known
  for index, kept in ipairs(voter.kept) do
    if kept.id == id and kept.picks == picks then known = index break end
    if kept.id == id and kept.verdict ~= ID_REUSED then known = known or index end
  end
  if known then
    local kept = voter.kept[known]
    local stands = kept.verdict == COUNTED or kept.verdict == DISPLACED
    if kept.picks == picks and (stands or decided ~= COUNTED or sealed == '' or not sealed_copy) then
      return kept.verdict, ids[kept.index], kept.seq, kept.received, kept.entry, votes - voter.spent, true
    end
    -- Two histories may have counted two contents under one id: the one that is here stands.
    if kept.picks ~= picks then
      local verdict = ID_REUSED
      if decided == COUNTED or decided == DISPLACED then
        note(journal, seq)
        verdict = DISPLACED
      elseif #voter.kept < remembered_max then
        voter.kept[#voter.kept + 1] = {
          id = id, received = received, seq = seq, index = index_for(journal), entry = entry, verdict = verdict,
          picks = picks,
        }
        touched[voter] = true
      end
      return verdict, journal, seq, received, entry, votes - voter.spent
    end
    -- A seal never changes: what it has as counted counts, whatever another history made of another copy.
    table.remove(voter.kept, known)
    note(ids[kept.index], kept.seq)
    if kept.verdict == LATE then
      totals[TOTAL_LATE] = totals[TOTAL_LATE] - 1
      add(kept.picks, totals, LATE_VOTES, -1)
    end
  end
  local full = #voter.kept >= remembered_max
  local verdict
  if decided == COUNTED and not sealed_copy then verdict = AFTER_SEAL
  elseif decided then verdict = decided
  elseif not fit(picks) then verdict = INVALID
  elseif full then verdict = BUDGET
  elseif not timely(received, entry) then verdict = LATE
  elseif marked > 0 and not (is_in_force and sealed_copy) then verdict = AFTER_SEAL
  elseif not allow(voter, picks) then verdict = BUDGET
  else verdict = COUNTED end
  local was
  if verdict == COUNTED then
    totals[TOTAL_COUNTED] = totals[TOTAL_COUNTED] + 1
    if changeable then
      was = in_force_of(voter)
    else
      voter.spent = voter.spent + votes_in(picks)
      count(copy.entry, picks, 1)
    end
  elseif verdict == LATE and not full then
    -- Only what is remembered: it may come again.
    totals[TOTAL_LATE] = totals[TOTAL_LATE] + 1
    add(picks, totals, LATE_VOTES, 1)
  elseif verdict == DISPLACED then
    -- A history that was lost displaced it: the list of this one says so, too.
    note(copy.journal, copy.seq)
  end
  -- What is not remembered is decided anew if it comes again, to the same verdict.
  if verdict == COUNTED or not full then
    voter.kept[#voter.kept + 1] = {
      id = id, received = copy.received, seq = copy.seq, index = index_for(copy.journal), entry = copy.entry,
      verdict = verdict, picks = picks,
    }
    touched[voter] = true
  end
  if changeable and verdict == COUNTED then
    if was then
      totals[SUPERSEDED] = totals[SUPERSEDED] + 1
      count(was.entry, was.picks, -1)
    end
    local greatest = in_force_of(voter)
    count(greatest.entry, greatest.picks, 1)
  end
  if displace(voter) then verdict = voter.kept[#voter.kept].verdict end
  return verdict, copy.journal, copy.seq, copy.received, copy.entry, votes - voter.spent
end

-- Somebody may have been told a verdict that does not stand: the list of changed copies says so until everybody knows.
local function decide(key, voter_id, id, received, entry, decided, copy, picks, seq)
  local verdict, of_journal, number, at, of_entry, left, repeated =
    judge(key, voter_id, id, received, entry, decided, copy, picks, seq)
  if decided and (decided ~= verdict or copy.journal ~= of_journal or copy.seq ~= number) then note(journal, seq) end
  local in_force, seen_change = 0, 0
  local voter = changeable and verdict ~= UNREADABLE and voters[voter_id]
  if voter then
    seen_change = change_of(picks) or 0
    for _, kept in ipairs(voter.kept) do seen_change = math.max(seen_change, change_of(kept.picks) or 0) end
    local greatest = in_force_of(voter)
    if greatest and greatest.id == id and greatest.picks == picks then in_force = 1 end
  end
  return pack('>I1c8I7I7I1I2I1I1I4',
    verdict, of_journal, number, at, of_entry, math.max(left, 0), repeated and 1 or 0, in_force, seen_change)
end

-- The batch.

local decisions, gap = {}, nil
-- A batch that was made for another history may pass over numbers that this one has to have.
if journal ~= '' and seen == epoch then
  local watermark = index_of[journal] and watermarks[index_of[journal]] or 0
  if first > watermark + 1 then
    gap = watermark
  else
    for at = HEADER + 1, #ARGV do
      local raw, seq = ARGV[at], first + #decisions
      local key, voter, id, received, entry, decided, rest = unpack_at('>I2c16c16I7I1I1', raw)
      local copy = {journal = journal, seq = seq, received = received, entry = entry}
      if decided > 0 then
        copy.journal, copy.seq, copy.received, copy.entry, rest = unpack_at('>c8I7I7I1', raw, rest)
      elseif rebuilding then
        break
      end
      decided = decided > 0 and decided - 1
      decisions[#decisions + 1] = decide(key, voter, id, received, entry, decided, copy, sub(raw, rest), seq)
      watermark = math.max(watermark, seq)
    end
    if #decisions > 0 then
      watermarks[index_for(journal)] = watermark
      totals[VERSION] = totals[VERSION] + 1
    end
  end
end

-- Everything is decided. The first write is to the meta: if memory, disk or replicas do not allow it, nothing happened.

local journals = {}
for i, id in ipairs(ids) do journals[i] = pack('>c8I7', id, watermarks[i]) end
local packed = pack(TOTALS, unpack(totals))
if pools ~= '' then
  local slices = {sub(packed, 1, 7)}
  for i = 1, part_count do
    local from = 8 + (i - 1) * PART_SIZE
    -- Behind the numbers of a part stands where it was read to, which is not written.
    slices[i + 1] = parts[i] and pack(PART, unpack(parts[i])) or sub(pools, from, from + PART_SIZE - 1)
  end
  pools = table.concat(slices)
end
local new = {
  hash, string.format('%.0f', epoch), replid, string.format('%.0f', since), retold, in_force,
  string.format('%.0f', marked), sealed, table.concat(journals), packed, changed,
  pools ~= '' and pools or old[12],
}
local changes = {}
for i, field in ipairs(FIELDS) do
  if new[i] ~= old[i] then
    changes[#changes + 1] = field
    changes[#changes + 1] = new[i]
  end
end
if #changes > 0 then redis.call('HSET', KEYS[1], unpack(changes)) end
if made then
  for i = 2, #KEYS do
    redis.call('DEL', KEYS[i])
    redis.call('HSET', KEYS[i], '', '')
  end
end
local writes = {}
for voter in pairs(touched) do
  local ballots = {}
  for i, kept in ipairs(voter.kept) do
    local head = pack('>c16I7I5I2I1I1I2',
      kept.id, kept.received, kept.seq, kept.index, kept.entry, kept.verdict, #kept.picks / 2)
    ballots[i] = head .. kept.picks
  end
  local of_key = writes[voter.key] or {}
  of_key[#of_key + 1] = voter.id
  of_key[#of_key + 1] = table.concat(ballots)
  writes[voter.key] = of_key
end
for key, pairs_of in pairs(writes) do redis.call('HSET', KEYS[key], unpack(pairs_of)) end

if gap then return {2, epoch, gap} end
return {1, epoch, rebuilding and 1 or 0, marked, packed, pools, new[9], changed, table.concat(decisions), now}
