-- KEYS: slots, replicas. ARGV: what names of calls begin with, which are on this node too; the most.
local now = clock()
local holders = {}
local live = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[2]))
for at = 1, #live, 2 do
    local id = live[at]
    local call = redis.call('HMGET', ARGV[1] .. id, 'business', 'owner', 'epoch', 'phase', 'since')
    local alive = (tonumber(redis.call('ZSCORE', KEYS[2], call[2] or '')) or 0) > now
    holders[#holders + 1] = {
        id, call[1] or '', call[2] or '', tonumber(call[3]) or 0, call[4] or '',
        now - (tonumber(call[5]) or now), tonumber(live[at + 1]) - now, alive and 1 or 0,
    }
end
return holders
