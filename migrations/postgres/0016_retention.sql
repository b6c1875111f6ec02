-- How long a business keeps what it has: empty means messages for good, events as long as everybody's.

alter table businesses add column keep_messages_days bigint;
alter table businesses add column keep_events_days bigint;

grant update (keep_messages_days, keep_events_days) on businesses to sy_api;
