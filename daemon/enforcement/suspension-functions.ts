/**
 * The Redis function library that changes suspensions. All keys carry the hash tag `{suspensions}` and so share one
 * Cluster slot: this state is small and rarely written. Which transition is legal is decided in suspension.ts; the
 * functions make it atomic by comparing the version that the decision was made on.
 */
export const suspensionFunctions = `#!lua name=vigie_suspensions

local function append(stream, length, args, from)
  if #args < from then return end
  redis.call('XADD', stream, 'MAXLEN', '~', length, '*', unpack(args, from))
end

-- keys: 1 open by rule, 2 suspension, 3 open, 4 all, 5 open of subject, 6 history of subject, 7 audit, 8 last lift
-- args: 1 rule field, 2 id, 3 json, 4 received at, 5 now, 6 audit length, 7 forced, 8.. audit entry
-- Returns {'created'}, {'open', id}, {'grace', until} or {'stale', lifted at}.
redis.register_function('vigie_suspension_open', function(keys, args)
  local open = redis.call('HGET', keys[1], args[1])
  if open then return {'open', open} end
  if args[7] ~= '1' then
    local lifted = redis.call('HMGET', keys[8], 'at', 'grace')
    if lifted[2] and tonumber(lifted[2]) > tonumber(args[5]) then return {'grace', lifted[2]} end
    if lifted[1] and tonumber(args[4]) < tonumber(lifted[1]) then return {'stale', lifted[1]} end
  end
  redis.call('HSET', keys[1], args[1], args[2])
  redis.call('HSET', keys[2], 'json', args[3], 'version', '1')
  redis.call('ZADD', keys[3], 0, args[2])
  redis.call('ZADD', keys[4], 0, args[2])
  redis.call('SADD', keys[5], args[2])
  redis.call('ZADD', keys[6], 0, args[2])
  redis.call('PERSIST', keys[6])
  append(keys[7], args[6], args, 8)
  return {'created'}
end)

-- keys: as above, and 9 due, 10 outbox
-- args: 1 rule field, 2 id, 3 json, 4 expected version, 5 closed, 6 retention ms, 7 until or '', 8 lifted at or '',
--       9 grace until, 10 ttl of the last lift, 11 audit length, 12 lowest id within the retention,
--       13 outbox entry or '', 14 its time, 15.. audit entry
-- Returns 'saved', 'conflict' or 'absent'.
redis.register_function('vigie_suspension_save', function(keys, args)
  local version = redis.call('HGET', keys[2], 'version')
  if not version then return 'absent' end
  if version ~= args[4] then return 'conflict' end
  redis.call('HSET', keys[2], 'json', args[3], 'version', tostring(tonumber(version) + 1))
  if args[7] == '' then redis.call('ZREM', keys[9], args[2]) else redis.call('ZADD', keys[9], args[7], args[2]) end
  if args[5] == '1' then
    if redis.call('HGET', keys[1], args[1]) == args[2] then redis.call('HDEL', keys[1], args[1]) end
    redis.call('ZREM', keys[3], args[2])
    redis.call('ZREM', keys[9], args[2])
    redis.call('SREM', keys[5], args[2])
    redis.call('ZADD', keys[4], 0, args[2])
    redis.call('ZADD', keys[6], 0, args[2])
    redis.call('PEXPIRE', keys[2], args[6])
    if redis.call('EXISTS', keys[5]) == 0 then
      redis.call('ZREMRANGEBYLEX', keys[6], '-', '(' .. args[12])
      redis.call('ZADD', keys[6], 0, args[2])
      redis.call('PEXPIRE', keys[6], args[6])
    end
  end
  if args[8] ~= '' then
    redis.call('HSET', keys[8], 'at', args[8], 'grace', args[9])
    redis.call('PEXPIRE', keys[8], args[10])
  end
  if args[13] ~= '' then redis.call('ZADD', keys[10], args[14], args[13]) end
  append(keys[7], args[11], args, 15)
  return 'saved'
end)

-- keys: 1 seen, 2 alerts; args: 1 ttl ms, 2 length, 3.. entry. Returns the entry's id, or '' for a repeated hand-over.
redis.register_function('vigie_alert', function(keys, args)
  if not redis.call('SET', keys[1], '1', 'NX', 'PX', args[1]) then return '' end
  return redis.call('XADD', keys[2], 'MAXLEN', '~', args[2], '*', unpack(args, 3))
end)
`;
