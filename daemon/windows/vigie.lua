#!lua name=vigie_1
-- Windows in Redis. One call applies a batch of updates and answers with their readings. Semantics as in the
-- in-memory store (daemon/windows/memory-store.ts); the same property tests run against both.
--
-- KEYS[1] is the daemon's marker: the number of the last batch applied, so that a batch sent again changes nothing.
-- Every key has a time to live. Times are milliseconds; numbers are doubles, packed with cmsgpack (exact).

local SUM, DISTINCT, LEVEL, RATE, PUT, DROP, RESET = 1, 2, 3, 4, 5, 6, 7
local SUM_SAMPLES = 5
local LEVEL_SAMPLES = 8
local LEVEL_MEMBERS = 65536
local CLOSED_MS = 600000
local LEVEL_LATENESS_MS = 60000
local FLOORS_TTL_MS = 172800000
local MARKER_TTL_MS = 604800000
local PURGED_AT_ONCE = 64
local CHUNK = 1000

-- Not to be had while the library loads.
local call

local function exact(number)
  return string.format('%.17g', number)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function expire(key, ttl)
  call('PEXPIRE', key, whole(math.max(1, math.ceil(ttl))))
end

-- Resets of a subject: window name -> time; updates older than it are ignored. Read once per call and subject.
local function floor_of(floors, key, name)
  local known = floors[key]
  if known == nil then
    known = {}
    local flat = call('HGETALL', key)
    for i = 1, #flat, 2 do
      known[flat[i]] = tonumber(flat[i + 1])
    end
    floors[key] = known
  end
  return known[name] or -math.huge
end

-- Sum: hash; field w = {newest, oldest bucket, totals, samples, time of the last refresh of the time to live}, other fields = bucket number -> values.

local function subtract(totals, packed)
  local bucket = cmsgpack.unpack(packed)
  for i = 1, #bucket do
    totals[i] = totals[i] - bucket[i]
  end
end

local function drop_buckets(key, totals, fields)
  for first = 1, #fields, CHUNK do
    local last = math.min(first + CHUNK - 1, #fields)
    local packed = call('HMGET', key, unpack(fields, first, last))
    for i = 1, last - first + 1 do
      if packed[i] then
        subtract(totals, packed[i])
      end
    end
    call('HDEL', key, unpack(fields, first, last))
  end
end

local function advance(key, state, oldest)
  if state[2] then
    local fields = {}
    if oldest - state[2] > call('HLEN', key) then
      local all = call('HKEYS', key)
      for i = 1, #all do
        local index = tonumber(all[i])
        if index and index < oldest then
          fields[#fields + 1] = all[i]
        end
      end
    else
      for index = state[2], oldest - 1 do
        fields[#fields + 1] = whole(index)
      end
    end
    drop_buckets(key, state[3], fields)
  end
  state[2] = math.max(oldest, state[2] or oldest)
end

local function add_to(totals, values)
  for i = 1, #values do
    totals[i] = (totals[i] or 0) + values[i]
  end
end

local function sum_reading(state, fields)
  local totals = {}
  for i = 1, math.max(fields, #state[3]) do
    totals[i] = exact(state[3][i] or 0)
  end
  return { table.concat(totals, ','), unpack(state[4]) }
end

local function load_sum(key)
  local packed = call('HGET', key, 'w')
  if packed then
    return cmsgpack.unpack(packed)
  end
  return { false, false, {}, {} }
end

local function sum(key, ignored, at, ttl, again, window, bucket, sample, values)
  local state = load_sum(key)
  if ignored or again then
    return sum_reading(state, #values)
  end
  if window > 0 then
    if not state[1] or at > state[1] then
      state[1] = at
      advance(key, state, math.floor((at - window) / bucket))
    end
    local index = math.floor(at / bucket)
    if index < state[2] then
      return sum_reading(state, #values)
    end
    local field = whole(index)
    local packed = call('HGET', key, field)
    local held = packed and cmsgpack.unpack(packed) or {}
    add_to(held, values)
    call('HSET', key, field, cmsgpack.pack(held))
  end
  add_to(state[3], values)
  if sample then
    table.insert(state[4], 1, sample)
    state[4][SUM_SAMPLES + 1] = nil
  end
  -- The time to live is given a tenth more and set anew when that tenth is gone: one command less for most updates.
  local fresh = not state[5] or math.abs(at - state[5]) > ttl / 10
  if fresh then
    state[5] = at
  end
  call('HSET', key, 'w', cmsgpack.pack(state))
  if fresh then
    expire(key, ttl * 1.1)
  end
  return sum_reading(state, #values)
end

-- Distinct: set of at most cap + 1 members.

local function distinct(key, ignored, ttl, again, member, cap)
  local count = call('SCARD', key)
  if again then
    -- Whether it was new is no longer known: said to be, so that nobody misses it.
    return { count, call('SISMEMBER', key, member) }
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
  return { count + added, added }
end

-- Level: sorted set member -> expiry, negative for a closed member; hash member -> time of the last word on it.

local function level_reading(key, at)
  local after = '(' .. exact(at)
  local open = call('ZCOUNT', key, after, '+inf')
  if open == 0 then
    return { 0 }
  end
  return { open, unpack(call('ZRANGEBYSCORE', key, after, '+inf', 'LIMIT', 0, LEVEL_SAMPLES)) }
end

local function level(key, words, ignored, at, ttl, again, member, opened, expires)
  if ignored or again then
    return level_reading(key, at)
  end
  local score = tonumber(call('ZSCORE', key, member) or nil)
  if not score then
    -- A new member pays for old ones.
    local past = at - LEVEL_LATENESS_MS
    local expired = call('ZRANGEBYSCORE', key, exact(-past), exact(past), 'LIMIT', 0, PURGED_AT_ONCE)
    if #expired > 0 then
      call('ZREM', key, unpack(expired))
      call('HDEL', words, unpack(expired))
    end
  end
  local word = score and tonumber(call('HGET', words, member) or nil)
  if word then
    if at < word or (at == word and opened == 1 and score < 0) then
      return level_reading(key, at)
    end
  elseif call('ZCARD', key) >= LEVEL_MEMBERS then
    return level_reading(key, at)
  end
  if opened == 1 then
    score = math.max(1, expires)
  else
    score = -math.min(math.max(expires, at), at + CLOSED_MS)
  end
  call('ZADD', key, exact(score), member)
  call('HSET', words, member, exact(at))
  expire(key, ttl)
  expire(words, ttl)
  return level_reading(key, at)
end

-- Rate: string, the last 2 (limit + 1) timestamps, oldest first.

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
    place = math.max(1, place - 1)
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
    most = math.max(most, to - from + 1)
    to = to + 1
  end
  return math.min(most, limit + 1)
end

local function rate_count(times, at, limit, window)
  local count = 0
  for i = 1, #times do
    if times[i] <= at and at - times[i] < window then
      count = count + 1
    end
  end
  return math.min(count, limit + 1)
end

local function rate(key, ignored, ttl, again, limit, window, ats)
  local packed = call('GET', key)
  local times = packed and cmsgpack.unpack(packed) or {}
  local most = 0
  if again then
    for i = 1, #ats do
      most = math.max(most, rate_count(times, ats[i], limit, window))
    end
    return { most }
  end
  if not ignored then
    for i = 1, #ats do
      most = math.max(most, put_time(times, ats[i], limit, window))
    end
    call('SET', key, cmsgpack.pack(times), 'PX', whole(math.max(1, math.ceil(ttl))))
  end
  return { most }
end

-- An update is {kind, key, ...} with keys as their place in KEYS.
local function update(keys, floors, op, again)
  local kind, key = op[1], keys[op[2]]
  if kind == PUT then
    if not again then
      call('SET', key, op[3], 'PX', whole(math.max(1, math.ceil(op[4]))))
    end
    return 0
  elseif kind == DROP then
    if not again then
      call('DEL', key)
    end
    return 0
  elseif kind == RESET then
    -- {RESET, floors, time, name, key, words, name, key, words...}
    if not again then
      for i = 4, #op, 3 do
        call('DEL', keys[op[i + 1]], keys[op[i + 2]])
        call('HSET', key, op[i], exact(op[3]))
      end
      expire(key, FLOORS_TTL_MS)
      floors[key] = nil
    end
    return 0
  end
  local at, ttl = op[5], op[6]
  local ignored = at < floor_of(floors, keys[op[3]], op[4])
  if kind == SUM then
    return sum(key, ignored, at, ttl, again, op[7], op[8], op[9], op[10])
  elseif kind == DISTINCT then
    return distinct(key, ignored, ttl, again, op[7], op[8])
  elseif kind == LEVEL then
    return level(key, keys[op[7]], ignored, at, ttl, again, op[8], op[9], op[10])
  end
  return rate(key, ignored, ttl, again, op[7], op[8], op[9])
end

-- ARGV: number of the batch, number of the first batch not yet settled (0: order is not checked), updates as JSON.
-- A batch is taken if all before it are settled; again = it was applied before, and only the readings are wanted.
local function apply(keys, argv)
  call = redis.call
  local number, first = tonumber(argv[1]), tonumber(argv[2])
  local marker = tonumber(call('GET', keys[1]) or nil)
  local again = marker ~= nil and marker >= number
  if not again and first ~= 0 and first ~= number and marker ~= number - 1 then
    return redis.error_reply('VIGIEGAP a batch before this one is missing')
  end
  local ops = cjson.decode(argv[3])
  if not again then
    call('SET', keys[1], argv[1], 'PX', MARKER_TTL_MS)
  end
  local floors = {}
  local replies = {}
  for i = 1, #ops do
    local done, reply = pcall(update, keys, floors, ops[i], again)
    if not done and type(reply) == 'table' then
      reply = reply.err
    end
    replies[i] = done and reply or tostring(reply)
  end
  return replies
end

-- A request is {kind, key, at, ...}.
local function request(keys, op)
  local kind, key, at = op[1], keys[op[2]], op[3]
  if call('EXISTS', key) == 0 then
    return false
  end
  if kind == SUM then
    local state = load_sum(key)
    if op[4] > 0 then
      local oldest = math.floor((at - op[4]) / op[5])
      if state[2] and oldest > state[2] then
        local all = call('HGETALL', key)
        for i = 1, #all, 2 do
          local index = tonumber(all[i])
          if index and index < oldest then
            subtract(state[3], all[i + 1])
          end
        end
      end
    end
    return sum_reading(state, op[6])
  elseif kind == DISTINCT then
    return { call('SCARD', key), 0 }
  elseif kind == LEVEL then
    return level_reading(key, at)
  end
  return { rate_count(cmsgpack.unpack(call('GET', key)), at, op[4], op[5]) }
end

local function read(keys, argv)
  call = redis.call
  local ops = cjson.decode(argv[1])
  local replies = {}
  for i = 1, #ops do
    local done, reply = pcall(request, keys, ops[i])
    if not done and type(reply) == 'table' then
      reply = reply.err
    end
    if done then
      replies[i] = reply
    else
      replies[i] = tostring(reply)
    end
  end
  return replies
end

redis.register_function('vigie_1_apply', apply)
redis.register_function{ function_name = 'vigie_1_read', callback = read, flags = { 'no-writes' } }
