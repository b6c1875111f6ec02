-- KEYS: call. ARGV: what it is doing. Of a call that is not known, or over, nothing is kept.
if redis.call('HGET', KEYS[1], 'epoch') and not redis.call('HGET', KEYS[1], 'ended') then
    redis.call('HSET', KEYS[1], 'phase', ARGV[1])
end
return 1
