-- KEYS: slots, call. ARGV: id, the phase of a call whose audio is at a socket. Of two sockets one gets it.
if redis.call('HGET', KEYS[2], 'ended') then return 0 end
if (tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) or 0) <= clock() then return 0 end
if redis.call('HGET', KEYS[2], 'phase') == ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'phase', ARGV[2])
return 1
