#!lua name=vigie_1
-- Windows in Redis. One call applies a batch of updates and answers with their readings. Semantics as in the
-- in-memory store (daemon/windows/memory-store.ts); the same property tests run against both.
--
-- KEYS[1] is the daemon's marker: the number of the last batch applied, so that a batch sent again changes nothing.
-- KEYS[2], not in a cluster, is set while any subject has a reset that must be remembered.
-- The other keys are made here from the subject's hash tag, so that a batch is one string (daemon/windows/redis-batch.ts
-- writes it, and reads the answer): all of them lie in the slot of KEYS[1], or on the one server there is.
-- Every key has a time to live. Times are milliseconds; numbers are doubles.

local SUM, DISTINCT, LEVEL, RATE, PUT, DROP, RESET, HISTORY, PEERS = 1, 2, 3, 4, 5, 6, 7, 8, 9
local SUM_SAMPLES = 5
local HISTORY_WEEKS = 12
local LEVEL_SAMPLES = 8
local LEVEL_MEMBERS = 65536
local CLOSED_MS = 600000
local LEVEL_LATENESS_MS = 60000
local FLOORS_TTL_MS = 172800000
local MARKER_TTL_MS = 604800000
local PURGED_AT_ONCE = 64
local PURGE_EVERY = 16
local CHUNK = 1000
-- First byte of an answer that is none: no window, or an error.
local NOTHING, FAILED = '\254', '\255'
local DONE = '\0'

-- Nothing of these is to be had while the library loads: filled by the first call.
local call, byte, char, sub, floor, max, min, pack, read_packed
local huge = 1 / 0
local NO_SUM
-- So many doubles.
local DOUBLES = {}

local function prepare()
  call = redis.call
  if pack then
    return
  end
  byte, char, sub = string.byte, string.char, string.sub
  floor, max, min = math.floor, math.max, math.min
  pack, read_packed = struct.pack, struct.unpack
  for n = 0, 255 do
    DOUBLES[n] = '<' .. string.rep('d', n)
  end
  NO_SUM = pack('<dddBB', -huge, -huge, -huge, 0, 0)
end

local function exact(number)
  return string.format('%.17g', number)
end

-- Whole numbers below 10^14 (times until the year 5138) the quick way.
local function decimal(number)
  if number == floor(number) and number < 1e14 and number > -1e14 then
    return tostring(number)
  end
  return exact(number)
end

local function expire(key, ttl)
  call('PEXPIRE', key, decimal(max(1, math.ceil(ttl))))
end

-- The time to live is given a tenth more and set anew when that tenth is gone: one command less for most updates.
local function is_stale(refreshed, at, ttl)
  return math.abs(at - refreshed) > ttl / 10
end

local function failure(message)
  message = sub(tostring(message), 1, 500)
  return FAILED .. pack('<I2c0', #message, message)
end

-- Resets of a subject: window name -> time; updates older than it are ignored. Read once per call and subject.
local function floor_of(floors, tag, name)
  local known = floors[tag]
  if known == nil then
    known = {}
    local flat = call('HGETALL', tag .. ':~floors')
    for i = 1, #flat, 2 do
      known[flat[i]] = tonumber(flat[i + 1])
    end
    floors[tag] = known
  end
  return known[name] or -huge
end

-- Sum: a hash. Field w: newest, oldest bucket, time of the last refresh of the time to live (doubles), then, as it is answered: number of
-- totals and of samples (bytes), totals (doubles), samples (length in two bytes, text; the oldest first). Other fields: bucket number -> doubles.

local SUM_ANSWER = 25
local SUM_TOTALS = 27

-- `held` has `fields` doubles from `place` on; their sum with `values`, and how many they are.
local function plus(held, place, fields, values, count)
  local totals = { read_packed(DOUBLES[fields], held, place) }
  totals[fields + 1] = nil
  for i = 1, count do
    totals[i] = (totals[i] or 0) + values[i]
  end
  return pack(DOUBLES[#totals], unpack(totals)), #totals
end

-- The totals less all buckets before `first`, which go.
local function advance(key, totals, oldest, first)
  local fields = {}
  if first - oldest > call('HLEN', key) then
    local all = call('HKEYS', key)
    for i = 1, #all do
      local index = tonumber(all[i])
      if index and index < first then
        fields[#fields + 1] = all[i]
      end
    end
  else
    for index = oldest, first - 1 do
      fields[#fields + 1] = decimal(index)
    end
  end
  local count = #totals / 8
  totals = { read_packed(DOUBLES[count], totals) }
  for from = 1, #fields, CHUNK do
    local to = min(from + CHUNK - 1, #fields)
    local buckets = call('HMGET', key, unpack(fields, from, to))
    for i = 1, to - from + 1 do
      if buckets[i] then
        local size = #buckets[i] / 8
        local values = { read_packed(DOUBLES[size], buckets[i]) }
        for field = 1, size do
          totals[field] = totals[field] - values[field]
        end
      end
    end
    call('HDEL', key, unpack(fields, from, to))
  end
  return pack(DOUBLES[count], unpack(totals, 1, count))
end

local function with_sample(samples, kept, sample)
  if kept == SUM_SAMPLES then
    local low, high = byte(samples, 1, 2)
    samples = sub(samples, 3 + low + 256 * high)
  else
    kept = kept + 1
  end
  return samples .. pack('<I2c0', #sample, sample), kept
end

local function sum(key, ignored, again, at, ttl, window, bucket, sampled, sample, count, values)
  local state, held, index, field
  if window > 0 then
    index = floor(at / bucket)
    field = decimal(index)
    local both = call('HMGET', key, 'w', field)
    state, held = both[1] or NO_SUM, both[2]
  else
    state = call('HGET', key, 'w') or NO_SUM
  end
  if ignored or again then
    return sub(state, SUM_ANSWER)
  end
  local newest, oldest, refreshed, fields, kept = read_packed('<dddBB', state)
  local after = SUM_TOTALS + 8 * fields
  local totals, place = state, SUM_TOTALS
  if window > 0 then
    if at > newest then
      newest = at
      local first = floor((at - window) / bucket)
      if first > oldest then
        if oldest ~= -huge then
          totals, place = advance(key, sub(state, SUM_TOTALS, after - 1), oldest, first), 1
        end
        oldest = first
      end
    end
    if index < oldest then
      return sub(state, SUM_ANSWER)
    end
    held = plus(held or '', 1, held and #held / 8 or 0, values, count)
  end
  totals, fields = plus(totals, place, fields, values, count)
  local samples = sub(state, after)
  if sampled == 1 then
    samples, kept = with_sample(samples, kept, sample)
  end
  local stale = is_stale(refreshed, at, ttl)
  if stale then
    refreshed = at
  end
  local answer = char(fields, kept) .. totals .. samples
  state = pack('<ddd', newest, oldest, refreshed) .. answer
  if held then
    call('HSET', key, 'w', state, field, held)
  else
    call('HSET', key, 'w', state)
  end
  if stale then
    expire(key, ttl * 1.1)
  end
  return answer
end

local function read_sum(key, at, window, bucket)
  local state = call('HGET', key, 'w')
  if not state then
    return NOTHING
  end
  local _, oldest, _, fields = read_packed('<dddBB', state)
  local first = window > 0 and floor((at - window) / bucket) or -huge
  if oldest == -huge or first <= oldest then
    return sub(state, SUM_ANSWER)
  end
  local totals = { read_packed(DOUBLES[fields], state, SUM_TOTALS) }
  local all = call('HGETALL', key)
  for i = 1, #all, 2 do
    local index = tonumber(all[i])
    if index and index < first then
      local size = #all[i + 1] / 8
      local values = { read_packed(DOUBLES[size], all[i + 1]) }
      for field = 1, size do
        totals[field] = totals[field] - values[field]
      end
    end
  end
  local after = SUM_TOTALS + 8 * fields
  return sub(state, SUM_ANSWER, SUM_TOTALS - 1) .. pack(DOUBLES[fields], unpack(totals, 1, fields)) .. sub(state, after)
end

-- Distinct: set of at most cap + 1 members. Answer: whether it was new (byte), members (double).

local function distinct(key, ignored, again, ttl, member, cap)
  local count = call('SCARD', key)
  if again then
    -- Whether it was new is no longer known: said to be, so that nobody misses it.
    return pack('<Bd', call('SISMEMBER', key, member), count)
  end
  local added = 0
  if not ignored then
    if count <= cap then
      added = call('SADD', key, member)
    end
    if count + added > 0 then
      expire(key, ttl)
    end
  end
  return pack('<Bd', added, count + added)
end

-- Level: sorted set member -> expiry, negative for a closed member. Hash beside it, member -> time of the last word on it (double) and
-- whether it opened (byte); its field HEAD, which is no UTF-8 and so no member, -> members held, time of the last refresh of the time to
-- live, members new since the last purge (doubles). Answer: number of samples (byte), open (four bytes), samples (length in two bytes, text).

local HEAD = '\255'

local function level_answer(key, at)
  local after = '(' .. decimal(at)
  local members = call('ZRANGEBYSCORE', key, after, '+inf', 'LIMIT', 0, LEVEL_SAMPLES + 1)
  local open = #members
  local answer = ''
  for i = 1, min(open, LEVEL_SAMPLES) do
    answer = answer .. pack('<I2c0', #members[i], members[i])
  end
  if open <= LEVEL_SAMPLES then
    return pack('<BI4', open, open) .. answer
  end
  return pack('<BI4', LEVEL_SAMPLES, call('ZCOUNT', key, after, '+inf')) .. answer
end

-- Members whose time has long been over go, some at a time. Returns how many are left.
local function purge(key, words, at)
  local past = at - LEVEL_LATENESS_MS
  local expired = call('ZRANGEBYSCORE', key, exact(-past), exact(past), 'LIMIT', 0, PURGED_AT_ONCE)
  if #expired > 0 then
    call('ZREM', key, unpack(expired))
    call('HDEL', words, unpack(expired))
  end
  return call('ZCARD', key)
end

local function level(key, ignored, again, at, ttl, member, opened, expires)
  if ignored or again then
    return level_answer(key, at)
  end
  local words = key .. '~words'
  local both = call('HMGET', words, HEAD, member)
  local count, refreshed, new = 0, -huge, 0
  if both[1] then
    count, refreshed, new = read_packed('<ddd', both[1])
  end
  if both[2] then
    local word, was_open = read_packed('<dB', both[2])
    if at < word or (at == word and opened == 1 and was_open == 0) then
      return level_answer(key, at)
    end
  else
    -- New members pay for old ones.
    new = new + 1
    if new >= PURGE_EVERY or count >= LEVEL_MEMBERS then
      count, new = purge(key, words, at), 0
      if count >= LEVEL_MEMBERS then
        return level_answer(key, at)
      end
      if count == 0 then
        -- An empty set is none: its time to live went with the last member.
        refreshed = -huge
      end
    end
    count = count + 1
  end
  local score
  if opened == 1 then
    score = max(1, expires)
  else
    score = -min(max(expires, at), at + CLOSED_MS)
  end
  local stale = is_stale(refreshed, at, ttl)
  if stale then
    refreshed = at
  end
  call('ZADD', key, decimal(score), member)
  call('HSET', words, HEAD, pack('<ddd', count, refreshed, new), member, pack('<dB', at, opened))
  if stale then
    expire(key, ttl * 1.1)
    expire(words, ttl * 1.1)
  end
  return level_answer(key, at)
end

-- Rate: string, the last 2 (limit + 1) timestamps, oldest first. Answer: zero (byte), count (double).

local function put_time(times, at, limit, window)
  local place = #times + 1
  while place > 1 and times[place - 1] > at do
    place = place - 1
  end
  local held = 2 * (limit + 1)
  if place == 1 and #times >= held then
    return 0
  end
  table.insert(times, place, at)
  if #times > held then
    table.remove(times, 1)
    place = max(1, place - 1)
  end
  local most = 0
  local from = place
  while from > 1 and at - times[from - 1] < window do
    from = from - 1
  end
  local to = place
  while to <= #times and times[to] - at < window do
    while times[to] - times[from] >= window do
      from = from + 1
    end
    most = max(most, to - from + 1)
    to = to + 1
  end
  return min(most, limit + 1)
end

local function rate_count(times, at, limit, window)
  local count = 0
  for i = 1, #times do
    if times[i] <= at and at - times[i] < window then
      count = count + 1
    end
  end
  return min(count, limit + 1)
end

local function rate(key, ignored, again, ttl, limit, window, ats)
  local packed = call('GET', key)
  local times = packed and cmsgpack.unpack(packed) or {}
  local most = 0
  if again then
    for i = 1, #ats do
      most = max(most, rate_count(times, ats[i], limit, window))
    end
  elseif not ignored then
    for i = 1, #ats do
      most = max(most, put_time(times, ats[i], limit, window))
    end
    call('SET', key, cmsgpack.pack(times), 'PX', decimal(max(1, math.ceil(ttl))))
  end
  return pack('<Bd', 0, most)
end

-- History: a hash. Field H: newest day, first day, time of the last refresh of the time to live (doubles), weeks, number of fields and of
-- samples (bytes), totals of each day kept, the newest first (doubles), samples (length in two bytes, text; the oldest first). Other fields: hour of the
-- week -> for each week that has any use the hour and its totals (doubles). Answer: fields, samples (bytes), days since the first (double),
-- totals of each day back from today, of the three hours around this one week by week back (doubles), samples.

local HISTORY_STATE = 'H'
local HISTORY_HEAD = 27
local WEEK_HOURS = 168

-- Days kept: the weeks, today, and the day that the hour before the first of them is in.
local function days_kept(weeks)
  return 7 * min(weeks, HISTORY_WEEKS) + 2
end

local function zeros(count)
  return string.rep('\0', 8 * max(0, count))
end

-- The fields of the hour and its neighbours.
local function history_names(hour)
  return {
    HISTORY_STATE,
    decimal((hour - 1) % WEEK_HOURS),
    decimal(hour % WEEK_HOURS),
    decimal((hour + 1) % WEEK_HOURS),
  }
end

local function history_state(packed, weeks, count)
  if not packed then
    return { newest = -huge, first = huge, refreshed = -huge, kept = 0, days = zeros(days_kept(weeks) * count), samples = '' }
  end
  local newest, first, refreshed, held_weeks, fields, kept = read_packed('<dddBBB', packed)
  if fields ~= count or held_weeks ~= weeks then
    error('a history of another shape')
  end
  local after = HISTORY_HEAD + 1 + 8 * fields * days_kept(weeks)
  return {
    newest = newest,
    first = first,
    refreshed = refreshed,
    kept = kept,
    days = sub(packed, HISTORY_HEAD + 1, after - 1),
    samples = sub(packed, after),
  }
end

local function packed_state(state, weeks, count)
  local head = pack('<dddBBB', state.newest, state.first, state.refreshed, weeks, count, state.kept)
  return head .. state.days .. state.samples
end

-- Totals of an hour among those of its hour of the week; before and after: the entries beside it that are still kept.
local function entry_of(held, hour, size, oldest)
  local found, others = nil, {}
  for place = 1, held and #held or 0, 8 + size do
    local at = read_packed('<d', held, place)
    if at == hour then
      found = sub(held, place + 8, place + 7 + size)
    elseif floor(at / 24) >= oldest then
      others[#others + 1] = sub(held, place, place + 7 + size)
    end
  end
  return found, others
end

local function history_answer(held, state, hour, weeks, count)
  local size, past, day = 8 * count, min(weeks, HISTORY_WEEKS), floor(hour / 24)
  local oldest = state.newest - days_kept(weeks) + 1
  local days = state.days
  if state.newest ~= -huge then
    local back = state.newest - day
    days = back < 0 and zeros(-back * count) .. days or sub(days, back * size + 1)
  end
  local whole = (7 * past + 1) * size
  local parts = {
    char(count, state.kept),
    pack('<d', state.first == huge and 0 or max(0, day - state.first)),
    sub(days .. zeros(whole / 8), 1, whole),
  }
  local nothing = zeros(count)
  local known = {}
  for beside = 1, 3 do
    local all = held[beside + 1]
    for place = 1, all and #all or 0, 8 + size do
      known[read_packed('<d', all, place)] = sub(all, place + 8, place + 7 + size)
    end
  end
  for week = 0, past do
    for beside = -1, 1 do
      local at = hour - WEEK_HOURS * week + beside
      parts[#parts + 1] = floor(at / 24) >= oldest and known[at] or nothing
    end
  end
  parts[#parts + 1] = state.samples
  return table.concat(parts)
end

local function history(key, ignored, again, at, ttl, hour, weeks, sampled, sample, count, values)
  local names = history_names(hour)
  local held = call('HMGET', key, unpack(names))
  local state = history_state(held[1], weeks, count)
  local day = floor(hour / 24)
  local size, keep = 8 * count, days_kept(weeks)
  if ignored or again or day <= state.newest - keep then
    return history_answer(held, state, hour, weeks, count)
  end
  if day > state.newest then
    local passed = min(keep, day - state.newest)
    state.days = zeros(passed * count) .. sub(state.days, 1, (keep - passed) * size)
    state.newest = day
  end
  state.first = min(state.first, day)
  local place = (state.newest - day) * size
  state.days = sub(state.days, 1, place) .. plus(state.days, place + 1, count, values, count) .. sub(state.days, place + size + 1)
  local totals, others = entry_of(held[3], hour, size, state.newest - keep + 1)
  others[#others + 1] = pack('<d', hour) .. plus(totals or '', 1, totals and count or 0, values, count)
  held[3] = table.concat(others)
  if sampled == 1 then
    state.samples, state.kept = with_sample(state.samples, state.kept, sample)
  end
  local stale = is_stale(state.refreshed, at, ttl)
  if stale then
    state.refreshed = at
  end
  call('HSET', key, HISTORY_STATE, packed_state(state, weeks, count), names[3], held[3])
  if stale then
    expire(key, ttl * 1.1)
  end
  return history_answer(held, state, hour, weeks, count)
end

local function read_history(key, hour, weeks, count)
  local held = call('HMGET', key, unpack(history_names(hour)))
  if not held[1] then
    return NOTHING
  end
  return history_answer(held, history_state(held[1], weeks, count), hour, weeks, count)
end

-- A lift forgives the newest day; true if the key holds a history.
local function forget_newest_day(key)
  local packed = redis.pcall('HGET', key, HISTORY_STATE)
  if type(packed) ~= 'string' then
    return false
  end
  local newest, first, refreshed, weeks, count = read_packed('<dddBBB', packed)
  local size = 8 * count
  for hour = 24 * newest, 24 * newest + 23 do
    local name = decimal(hour % WEEK_HOURS)
    local held = call('HGET', key, name)
    if held then
      local _, others = entry_of(held, hour, size, -huge)
      call('HSET', key, name, table.concat(others))
    end
  end
  local days = sub(packed, HISTORY_HEAD + 1 + size, HISTORY_HEAD + size * days_kept(weeks))
  local state = { newest = newest, first = first, refreshed = refreshed, kept = 0, days = zeros(count) .. days, samples = '' }
  call('HSET', key, HISTORY_STATE, packed_state(state, weeks, count))
  return true
end

-- Peers: sorted set member -> total. Answer: zero (byte), members, the total at the quantile (doubles).

local function peers_answer(key, quantile)
  local members = call('ZCARD', key)
  local total = 0
  if members > 0 then
    local place = min(members - 1, max(0, math.ceil(quantile * members) - 1))
    total = tonumber(call('ZRANGE', key, place, place, 'WITHSCORES')[2])
  end
  return pack('<Bdd', 0, members, total)
end

local function peers(key, ignored, again, ttl, member, add, cap, quantile)
  if not ignored and not again and (call('ZCARD', key) < cap or call('ZSCORE', key, member)) then
    call('ZINCRBY', key, exact(add), member)
    expire(key, ttl)
  end
  return peers_answer(key, quantile)
end

-- The updates of a batch, one after the other. What one costs besides its commands is mostly reading it: one unpack each. An empty tag
-- is that of the update before.
local function run(batch)
  local ops, floors, again, flag = batch.ops, batch.floors, batch.again, batch.flag
  local answers = batch.answers
  while batch.place <= #ops do
    local place = batch.place
    local kind = byte(ops, place)
    local _, tag, name, after = read_packed('<BI2c0I2c0', ops, place)
    if tag == '' then
      tag = batch.tag
    else
      batch.tag = tag
    end
    local key = tag .. ':' .. name
    if kind == PUT then
      local value, ttl, next = read_packed('<I4c0d', ops, after)
      batch.place = next
      if not again then
        call('SET', tag .. ':record:' .. name, value, 'PX', decimal(max(1, math.ceil(ttl))))
      end
      answers[#answers + 1] = DONE
    elseif kind == DROP then
      batch.place = after
      if not again then
        call('DEL', tag .. ':record:' .. name)
      end
      answers[#answers + 1] = DONE
    elseif kind == RESET then
      local at, next = read_packed('<d', ops, after)
      batch.place = next
      if not again then
        if not forget_newest_day(key) then
          call('DEL', key, key .. '~words')
        end
        call('HSET', tag .. ':~floors', name, exact(at))
        expire(tag .. ':~floors', FLOORS_TTL_MS)
        if flag then
          call('SET', flag, '1', 'PX', FLOORS_TTL_MS)
        end
        batch.floors = floors or {}
        floors = batch.floors
        floors[tag] = nil
      end
      answers[#answers + 1] = DONE
    elseif kind == SUM then
      local at, ttl, window, bucket, sampled, sample, count, values = read_packed('<ddddBI2c0B', ops, after)
      batch.place = values + 8 * count
      values = { read_packed(DOUBLES[count], ops, values) }
      local ignored = floors and at < floor_of(floors, tag, name)
      answers[#answers + 1] = sum(key, ignored, again, at, ttl, window, bucket, sampled, sample, count, values)
    elseif kind == LEVEL then
      local at, ttl, expires, opened, member, next = read_packed('<dddBI2c0', ops, after)
      batch.place = next
      local ignored = floors and at < floor_of(floors, tag, name)
      answers[#answers + 1] = level(key, ignored, again, at, ttl, member, opened, expires)
    elseif kind == DISTINCT then
      local at, ttl, cap, member, next = read_packed('<dddI2c0', ops, after)
      batch.place = next
      local ignored = floors and at < floor_of(floors, tag, name)
      answers[#answers + 1] = distinct(key, ignored, again, ttl, member, cap)
    elseif kind == HISTORY then
      local at, ttl, hour, weeks, sampled, sample, count, values = read_packed('<ddddBI2c0B', ops, after)
      batch.place = values + 8 * count
      values = { read_packed(DOUBLES[count], ops, values) }
      local ignored = floors and at < floor_of(floors, tag, name)
      answers[#answers + 1] = history(key, ignored, again, at, ttl, hour, weeks, sampled, sample, count, values)
    elseif kind == PEERS then
      local at, ttl, add, cap, quantile, member, next = read_packed('<dddddI2c0', ops, after)
      batch.place = next
      local ignored = floors and at < floor_of(floors, tag, name)
      answers[#answers + 1] = peers(key, ignored, again, ttl, member, add, cap, quantile)
    else
      local ttl, limit, window, count, ats = read_packed('<dddI2', ops, after)
      batch.place = ats + 8 * count
      local times = {}
      for i = 1, count do
        times[i] = read_packed('<d', ops, ats + 8 * (i - 1))
      end
      local ignored = floors and times[1] < floor_of(floors, tag, name)
      answers[#answers + 1] = rate(key, ignored, again, ttl, limit, window, times)
    end
  end
end

-- Runs to the end whatever single updates come to: what fails answers with its error, and the next one has its turn.
local function run_all(work, batch)
  while batch.place <= #batch.ops do
    local place = batch.place
    local done, problem = pcall(work, batch)
    if not done then
      if batch.place == place then
        -- Not even read: the rest has no beginning.
        error(problem)
      end
      batch.answers[#batch.answers + 1] = failure(type(problem) == 'table' and problem.err or problem)
    end
  end
  return table.concat(batch.answers)
end

-- ARGV: number of the batch, number of the first batch not yet settled (0: order is not checked), updates.
-- A batch is taken if all before it are settled; again = it was applied before, and only the readings are wanted.
local function apply(keys, argv)
  prepare()
  local number, first = tonumber(argv[1]), tonumber(argv[2])
  local marker = tonumber(call('GET', keys[1]) or nil)
  local again = marker ~= nil and marker >= number
  if not again and first ~= 0 and first ~= number and marker ~= number - 1 then
    return redis.error_reply('VIGIEGAP a batch before this one is missing')
  end
  if not again then
    call('SET', keys[1], argv[1], 'PX', MARKER_TTL_MS)
  end
  local flag = keys[2]
  local floors = nil
  if not flag or call('EXISTS', flag) == 1 then
    floors = {}
  end
  return run_all(run, { ops = argv[3], place = 1, tag = '', answers = {}, again = again, flag = flag, floors = floors })
end

local function answer_requests(batch)
  local ops, answers = batch.ops, batch.answers
  while batch.place <= #ops do
    local kind, tag, name, at, next = read_packed('<BI2c0I2c0d', ops, batch.place)
    if tag == '' then
      tag = batch.tag
    else
      batch.tag = tag
    end
    local key = tag .. ':' .. name
    if kind == SUM then
      local window, bucket, after = read_packed('<dd', ops, next)
      batch.place = after
      answers[#answers + 1] = read_sum(key, at, window, bucket)
    elseif kind == RATE then
      local limit, window, after = read_packed('<dd', ops, next)
      batch.place = after
      local packed = call('GET', key)
      local count = packed and rate_count(cmsgpack.unpack(packed), at, limit, window)
      answers[#answers + 1] = packed and pack('<Bd', 0, count) or NOTHING
    elseif kind == HISTORY then
      local hour, weeks, fields, after = read_packed('<ddd', ops, next)
      batch.place = after
      answers[#answers + 1] = read_history(key, hour, weeks, fields)
    elseif kind == PEERS then
      local quantile, after = read_packed('<d', ops, next)
      batch.place = after
      answers[#answers + 1] = call('EXISTS', key) == 1 and peers_answer(key, quantile) or NOTHING
    else
      batch.place = next
      if call('EXISTS', key) == 0 then
        answers[#answers + 1] = NOTHING
      elseif kind == LEVEL then
        answers[#answers + 1] = level_answer(key, at)
      else
        answers[#answers + 1] = pack('<Bd', 0, call('SCARD', key))
      end
    end
  end
end

local function read(_, argv)
  prepare()
  return run_all(answer_requests, { ops = argv[1], place = 1, tag = '', answers = {} })
end

redis.register_function('vigie_1_apply', apply)
redis.register_function{ function_name = 'vigie_1_read', callback = read, flags = { 'no-writes' } }
