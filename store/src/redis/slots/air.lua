-- KEYS: slots, call. ARGV: id, the number of a page, the phase of a call whose audio is at a socket. A page has one
-- socket, of however many that ask for it, and no page but the last one has any.
local stored = redis.call('HMGET', KEYS[2], 'ended', 'page', 'begun')
if stored[1] or stored[2] ~= ARGV[2] or stored[3] == ARGV[2] then return 0 end
if (tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) or 0) <= clock() then return 0 end
redis.call('HSET', KEYS[2], 'begun', ARGV[2], 'phase', ARGV[3])
return 1
