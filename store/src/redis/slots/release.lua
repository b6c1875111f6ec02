-- KEYS: slots, slots of the business, call. ARGV: id, how it ended, life of the stone that is left, business.
-- Nobody ends a call of somebody else.
local whose = redis.call('HGET', KEYS[3], 'business')
if whose and whose ~= ARGV[4] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
local first = redis.call('HSETNX', KEYS[3], 'ended', ARGV[2])
redis.call('HDEL', KEYS[3], 'page', 'body')
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return first
