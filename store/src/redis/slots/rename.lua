-- KEYS: slots, slots of the business, old call, new call, meta. ARGV: old id, new id, life of the call's state.
local slots, of_business = KEYS[1], KEYS[2]
local old, new = ARGV[1], ARGV[2]
local now = clock()
local function drop()
    redis.call('ZREM', slots, old)
    redis.call('ZREM', of_business, old)
    if not redis.call('HGET', KEYS[3], 'ended') then redis.call('DEL', KEYS[3]) end
end
if redis.call('HGET', KEYS[4], 'ended') then drop() return 'ended' end
if (tonumber(redis.call('ZSCORE', slots, new)) or 0) > now then drop() return 'done' end
local until_ms = tonumber(redis.call('ZSCORE', slots, old)) or 0
if until_ms <= now then return 'lost' end
local stored = redis.call('HGETALL', KEYS[3])
redis.call('ZREM', slots, new)
drop()
lease(slots, of_business, new, now, until_ms)
if #stored > 0 then redis.call('HSET', KEYS[4], unpack(stored)) end
redis.call('PEXPIRE', KEYS[4], ARGV[3])
return 'renamed'
