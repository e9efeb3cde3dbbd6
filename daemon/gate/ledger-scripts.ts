/** Steps of the gate's ledger that must not be torn apart: two gates cannot both take the last place, nor a call hold two at any moment. */

/**
 * KEYS: outgoing and incoming calls of one subject, branches of the place. ARGV: now, when the place expires, place, limit, direction
 * that counts, spare lifetime of the key, transaction, most branches of a place. Returns how many calls go on if that is the limit already,
 * else -1 with the attempt entered.
 */
export const ADMIT = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
local open = 0
if ARGV[5] ~= 'incoming' then open = open + redis.call('ZCARD', KEYS[1]) end
if ARGV[5] ~= 'outgoing' then open = open + redis.call('ZCARD', KEYS[2]) end
if redis.call('ZSCORE', KEYS[1], ARGV[3]) then
  local known = redis.call('SISMEMBER', KEYS[3], ARGV[7]) == 1
  if not known and redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[8]) then return open end
elseif open >= tonumber(ARGV[4]) then
  return open
end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[2] + ARGV[6])
redis.call('SADD', KEYS[3], ARGV[7])
redis.call('PEXPIREAT', KEYS[3], ARGV[2])
return -1`;

/** KEYS: calls of a subject in the attempt's direction, branches of its place. ARGV: when it expires, place, spare lifetime, transaction. */
export const ENTER = `
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[1] + ARGV[3])
redis.call('SADD', KEYS[2], ARGV[4])
redis.call('PEXPIREAT', KEYS[2], ARGV[1])`;

/** KEYS as above. ARGV: place, transaction. The last branch takes the place with it. */
export const FREE = `
redis.call('SREM', KEYS[2], ARGV[2])
if redis.call('SCARD', KEYS[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end`;

/**
 * The dialog takes over the place; what still rings of the fork holds none any more. KEYS: calls in the call's direction, branches of the
 * place, calls in the other direction. ARGV: when it expires, place, spare lifetime, dialog. Returns 1 if the place was gone already and
 * the dialog is one call more, and how many go on in both directions.
 */
export const ANSWER = `
local held = redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
local added = redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIREAT', KEYS[1], ARGV[1] + ARGV[3])
local more = 0
if held == 0 and added == 1 then more = 1 end
return {more, redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[3])}`;
