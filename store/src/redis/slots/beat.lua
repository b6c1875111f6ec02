-- KEYS: slots, meta, replicas, then of each call: its state and the slots of its business.
-- ARGV: replica, ttl, alive, stale, grace, then of each call: id, epoch, how long it may still be held.
local slots, meta = KEYS[1], KEYS[2]
local now = clock()
wake(meta, now, tonumber(ARGV[4]), tonumber(ARGV[5]))
redis.call('HSET', meta, 'beat', now)
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[3]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 3600000)
local answers = {}
local key = 4
for at = 6, #ARGV, 3 do
    local id, left = ARGV[at], tonumber(ARGV[at + 2])
    local stored = redis.call('HMGET', KEYS[key], 'ended', 'epoch')
    local answer = 'ok'
    if stored[1] then answer = 'ended'
    elseif stored[2] and stored[2] ~= ARGV[at + 1] then answer = 'stolen'
    elseif left <= 0 then answer = 'overdue'
    elseif (tonumber(redis.call('ZSCORE', slots, id)) or 0) <= now then answer = 'lost'
    else lease(slots, KEYS[key + 1], id, now, now + math.min(tonumber(ARGV[2]), left))
    end
    answers[#answers + 1] = answer
    key = key + 2
end
return answers
