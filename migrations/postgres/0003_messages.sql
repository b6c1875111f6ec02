-- Contacts, chats and messages.

create table contacts (
    id uuid not null primary key,
    business_id uuid not null,
    -- Digits; at least one of the two is known.
    phone text,
    lid text,
    -- The name that people of the business gave, and the one that the person goes by.
    name text,
    push_name text,
    -- A JSON list.
    labels text not null,
    opted_out_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index contacts_phone on contacts (business_id, phone) where phone is not null;
create unique index contacts_lid on contacts (business_id, lid) where lid is not null;
create index contacts_business on contacts (business_id, id);

create table chats (
    id uuid not null primary key,
    business_id uuid not null,
    session_id uuid not null,
    contact_id uuid not null,
    kind text not null,
    unread bigint not null,
    -- The position of the newest message; the next one gets the number after it.
    last_position bigint not null,
    last_message_id uuid,
    last_message_at bigint,
    created_at bigint not null
);
create unique index chats_contact on chats (session_id, contact_id);
create index chats_recent on chats (business_id, last_message_at, id);
create index chats_of_contact on chats (contact_id);

create table messages (
    id uuid not null primary key,
    business_id uuid not null,
    session_id uuid not null,
    chat_id uuid not null,
    contact_id uuid not null,
    -- me, or the hyphenated id of the contact that wrote it.
    sender_key text not null,
    wa_id text not null,
    direction text not null,
    kind text not null,
    text text,
    reply_to uuid,
    status text not null,
    error_code text,
    source text,
    position bigint not null,
    expires_at bigint,
    created_at bigint not null,
    sent_at bigint,
    delivered_at bigint,
    read_at bigint,
    -- Inbound and read by us: whether WhatsApp knows.
    read_told boolean not null
);
-- One row per message, however often it arrives. The order of columns also serves receipts, which name only the id.
create unique index messages_once on messages (session_id, wa_id, chat_id, sender_key);
create unique index messages_place on messages (chat_id, position);
create index messages_unsent on messages (session_id, chat_id, position) where status in ('queued', 'sending');
create index messages_deadline on messages (expires_at) where status in ('queued', 'sending');
create index messages_unread on messages (chat_id, position) where status = 'received';
create index messages_reads_to_tell on messages (chat_id, position)
    where direction = 'inbound' and status = 'read' and read_told = false;
-- Ours whose fate on the other side is not known to its end.
create index messages_unsettled on messages (chat_id, position) where status in ('sent', 'delivered');
create index messages_of_session on messages (session_id, created_at);
