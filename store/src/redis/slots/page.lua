-- KEYS: call. Whether it has ended, the number of its last page, its text, and what the call is doing.
local stored = redis.call('HMGET', KEYS[1], 'ended', 'page', 'body', 'phase')
return {stored[1] and 1 or 0, tonumber(stored[2]) or 0, stored[3] or '', stored[4] or ''}
