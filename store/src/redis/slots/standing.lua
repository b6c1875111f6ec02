-- KEYS: slots, meta. ARGV: limit, stale, grace. Answers live slots, limit, and how long nobody new is let in.
local now = clock()
wake(KEYS[2], now, tonumber(ARGV[2]), tonumber(ARGV[3]))
local meta = redis.call('HMGET', KEYS[2], 'limit', 'warm')
local count = redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
return {count, tonumber(meta[1]) or tonumber(ARGV[1]), math.max(0, (tonumber(meta[2]) or 0) - now)}
