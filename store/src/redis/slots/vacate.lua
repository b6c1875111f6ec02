-- KEYS: slots, slots of the business, call. ARGV: id, owner.
-- Whoever took it in hand since keeps it. What is known of the call stays, so that its next epoch is higher.
if redis.call('HGET', KEYS[3], 'owner') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
