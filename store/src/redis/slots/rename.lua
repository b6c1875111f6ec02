-- KEYS: slots, slots of the business, old call, new call, meta.
-- ARGV: old id, new id, life of the call's state, life of the stone that is left of the old one: whoever still renews the
-- reservation is told that it has ended, and asks for no other slot.
local slots, of_business = KEYS[1], KEYS[2]
local old, new = ARGV[1], ARGV[2]
local now = clock()
local function drop()
    redis.call('ZREM', slots, old)
    redis.call('ZREM', of_business, old)
    if not redis.call('HGET', KEYS[3], 'ended') then
        redis.call('DEL', KEYS[3])
        redis.call('HSET', KEYS[3], 'ended', 'renamed')
    end
    redis.call('PEXPIRE', KEYS[3], ARGV[4])
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
