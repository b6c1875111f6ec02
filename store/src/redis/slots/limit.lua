-- KEYS: meta. ARGV: the limit, or nothing for that of the settings.
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'limit') else redis.call('HSET', KEYS[1], 'limit', ARGV[1]) end
return 1
