-- How long a business keeps what it has: empty means messages for good, events as long as everybody's.

alter table businesses add column keep_messages_days integer;
alter table businesses add column keep_events_days integer;
