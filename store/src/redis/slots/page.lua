-- KEYS: call. How it ended, nothing while it lives, the number of its last page, its text, and what the call is doing.
local stored = redis.call('HMGET', KEYS[1], 'ended', 'page', 'body', 'phase')
return {stored[1] or '', tonumber(stored[2]) or 0, stored[3] or '', stored[4] or ''}
