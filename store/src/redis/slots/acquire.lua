-- KEYS: slots, slots of the business, call, meta.
-- ARGV: id, business, owner, mode, ttl, limit, limit of the business, stale, grace, least epoch, life of the call's state, phase.
local slots, of_business, call, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, owner, mode = ARGV[1], ARGV[3], ARGV[4]
local now = clock()
if redis.call('HGET', call, 'ended') then return {'ended', 0, 0, ''} end
wake(meta, now, tonumber(ARGV[8]), tonumber(ARGV[9]))
local stored = redis.call('HMGET', call, 'epoch', 'owner')
local epoch, holder = tonumber(stored[1]) or 0, stored[2] or ''
local until_ms = now + tonumber(ARGV[5])
local function keep()
    redis.call('HSET', call, 'business', ARGV[2], 'owner', holder, 'epoch', epoch, 'phase', ARGV[12])
    redis.call('HSETNX', call, 'since', now)
    redis.call('PEXPIRE', call, ARGV[11])
end
local count = redis.call('ZCOUNT', slots, '(' .. now, '+inf')
if (tonumber(redis.call('ZSCORE', slots, id)) or 0) > now then
    lease(slots, of_business, id, now, until_ms)
    if mode == 'take' then
        if holder ~= owner then epoch, holder = epoch + 1, owner end
        keep()
    end
    return {'held', count, epoch, holder}
end
if mode == 'new' then
    local warm = (tonumber(redis.call('HGET', meta, 'warm')) or 0) - now
    if warm > 0 then return {'warming', warm, 0, ''} end
end
local limit = tonumber(redis.call('HGET', meta, 'limit')) or tonumber(ARGV[6])
if count >= limit then return {'full', count, 0, ''} end
local in_business = redis.call('ZCOUNT', of_business, '(' .. now, '+inf')
if in_business >= tonumber(ARGV[7]) then return {'full_of_business', in_business, 0, ''} end
redis.call('ZREM', slots, id)
redis.call('ZREM', of_business, id)
lease(slots, of_business, id, now, until_ms)
epoch, holder = math.max(epoch, tonumber(ARGV[10])) + 1, owner
keep()
return {'new', count + 1, epoch, owner}
