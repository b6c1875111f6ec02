-- The server's clock in milliseconds: clocks of replicas have no say in leases.
local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Nobody beat for too long, or the memory is gone: owners say what they hold before anybody new is let in.
local function wake(meta, now, stale, grace)
    local beat = tonumber(redis.call('HGET', meta, 'beat'))
    if not beat or now - beat > stale then
        redis.call('HSET', meta, 'beat', now, 'warm', now + grace)
    end
end

-- A lease is never made shorter, and of a business's set only what may still count is kept.
local function lease(slots, of_business, id, now, until_ms)
    redis.call('ZADD', slots, 'GT', until_ms, id)
    redis.call('ZADD', of_business, 'GT', until_ms, id)
    redis.call('ZREMRANGEBYSCORE', of_business, '-inf', now)
    redis.call('PEXPIRE', of_business, math.max(1000, (until_ms - now) * 2))
end
