-- KEYS: call. Whether it has ended, the number of its last page, and its text.
local stored = redis.call('HMGET', KEYS[1], 'ended', 'page', 'body')
return {stored[1] and 1 or 0, tonumber(stored[2]) or 0, stored[3] or ''}
