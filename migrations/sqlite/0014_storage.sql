-- What a business keeps. Each chat counts the bytes of its texts, in the statements that write its row anyway; a regular
-- job adds up those of each business that has a limit.

alter table chats add column bytes integer not null default 0;
update chats set bytes = (select coalesce(sum(octet_length(m.text)), 0) from messages m where m.chat_id = chats.id);

alter table businesses add column max_storage_bytes integer;
alter table businesses add column storage_bytes integer not null default 0;
