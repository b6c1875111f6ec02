-- KEYS: slots. ARGV: what names of calls begin with, which are on this node too.
local now = clock()
local swept = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 500)) do
    redis.call('ZREM', KEYS[1], id)
    swept[#swept + 1] = {id, redis.call('HGET', ARGV[1] .. id, 'business') or ''}
end
return swept
