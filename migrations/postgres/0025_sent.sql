-- A customer who does not tell what was read leaves every message as it was delivered: what was sent and not yet
-- delivered is found without walking past those.
create index if not exists messages_sent on messages (chat_id, position) where status = 'sent';
