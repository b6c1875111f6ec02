-- KEYS: call. ARGV: number of the page, its text, phase, life of the call's state. The first text of a page stays.
if redis.call('HGET', KEYS[1], 'ended') then return {'ended', ''} end
local stored = redis.call('HMGET', KEYS[1], 'page', 'body')
if stored[1] and stored[2] and tonumber(stored[1]) >= tonumber(ARGV[1]) then return {'repeated', stored[2]} end
redis.call('HSET', KEYS[1], 'page', ARGV[1], 'body', ARGV[2], 'phase', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'turned', ARGV[2]}
