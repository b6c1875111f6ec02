-- Calls that somebody of the business wants ended, and how many a business may have at a time.

-- When that was asked for.
alter table calls add column hangup_at bigint;
-- When the provider is told next; it is told again until the call is over.
alter table calls add column hangup_run_at bigint;
create index calls_hangups on calls (hangup_run_at) where hangup_run_at is not null and ended_at is null;

-- Calls at a time; null: as many as the settings say.
alter table businesses add column max_calls bigint;
grant update (max_calls) on businesses to sy_api;
