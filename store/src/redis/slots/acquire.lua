-- KEYS: slots, slots of the business, call, meta.
-- ARGV: id, business, owner, mode, ttl, limit, limit of the business, stale, grace, least epoch, life of the call's state, phase.
local slots, of_business, call, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, owner, mode = ARGV[1], ARGV[3], ARGV[4]
local now = clock()
local stored = redis.call('HMGET', call, 'ended', 'epoch', 'owner', 'since')
if stored[1] then return {'ended', 0, 0, ''} end
local warm_until, set_limit = wake(meta, now, tonumber(ARGV[8]), tonumber(ARGV[9]))
local epoch, holder = tonumber(stored[2]) or 0, stored[3] or ''
local until_ms = now + tonumber(ARGV[5])
local function keep()
    redis.call('HSET', call, 'business', ARGV[2], 'owner', holder, 'epoch', epoch, 'phase', ARGV[12],
        'since', stored[4] or now)
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
    local warm = warm_until - now
    if warm > 0 then return {'warming', warm, 0, ''} end
end
-- Whoever says what it holds was let in before, and the limit that was set then may be gone with the rest.
if warm_until <= now then
    if count >= (set_limit or tonumber(ARGV[6])) then return {'full', count, 0, ''} end
    local in_business = redis.call('ZCOUNT', of_business, '(' .. now, '+inf')
    if in_business >= tonumber(ARGV[7]) then return {'full_of_business', in_business, 0, ''} end
end
lease(slots, of_business, id, now, until_ms)
epoch, holder = math.max(epoch, tonumber(ARGV[10])) + 1, owner
keep()
return {'new', count + 1, epoch, owner}
