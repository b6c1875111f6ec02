-- The server's clock in milliseconds: clocks of replicas have no say in leases.
local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Nobody beat for too long, or the memory is gone: owners say what they hold before anybody new is let in.
-- Returns until when they do, and the limit that an operator set.
local function wake(meta, now, stale, grace)
    local known = redis.call('HMGET', meta, 'beat', 'warm', 'limit')
    local beat, warm = tonumber(known[1]), tonumber(known[2]) or 0
    if not beat or now - beat > stale then
        warm = now + grace
        redis.call('HSET', meta, 'beat', now, 'warm', warm)
    end
    return warm, tonumber(known[3])
end

-- A lease is never made shorter, and of a business's set only what may still count is kept.
local function lease(slots, of_business, id, now, until_ms)
    redis.call('ZADD', slots, 'GT', until_ms, id)
    redis.call('ZADD', of_business, 'GT', until_ms, id)
    redis.call('ZREMRANGEBYSCORE', of_business, '-inf', now)
    redis.call('PEXPIRE', of_business, math.max(1000, (until_ms - now) * 2))
end
