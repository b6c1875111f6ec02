-- What WhatsApp restricts of a number lasts whatever becomes of its connection: no change of state clears these.

-- Until when new chats are held.
alter table sessions add column new_chats_until integer;
-- Until when the account is not to connect.
alter table sessions add column banned_until integer;
