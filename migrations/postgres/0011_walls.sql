-- Row-level security, the second wall between businesses. Two roles own nothing and pass no policy by; `migrate` makes
-- them before this file. sy_api sees the business that its transaction names in sy.business. sy_platform (shards,
-- workers, operators, the look-up of credentials) sees every business. Whoever logs in as sy_api may become sy_platform,
-- but has nothing of it until then. The owner is held as well, unless it is a superuser.
--
-- A table that comes later has to say all of this for itself: nothing is granted by default.

grant usage on schema public to sy_api, sy_platform;

-- Rows of one business each.
do $$
declare
    tenant text;
    own constant text := 'business_id = (select nullif(current_setting(''sy.business'', true), '''')::uuid)';
begin
    foreach tenant in array array['api_keys', 'audit', 'audit_heads', 'chats', 'contacts', 'data_keys',
        'event_heads', 'events', 'idempotency_keys', 'invitations', 'jobs', 'link_attempts', 'members',
        'message_counts', 'messages', 'session_leases', 'sessions', 'sign_in_links', 'user_sessions']
    loop
        execute format('alter table %I enable row level security', tenant);
        execute format('alter table %I force row level security', tenant);
        execute format('create policy own_business on %I to sy_api using (%s) with check (%s)', tenant, own, own);
        execute format('create policy every_business on %I to sy_platform using (true) with check (true)', tenant);
        execute format('grant select, insert, update, delete on %I to sy_platform', tenant);
    end loop;
end $$;

-- Entries of the audit log are only ever added.
revoke update, delete on audit from sy_platform;

alter table businesses enable row level security;
alter table businesses force row level security;
create policy own_business on businesses to sy_api
    using (id = (select nullif(current_setting('sy.business', true), '')::uuid))
    with check (id = (select nullif(current_setting('sy.business', true), '')::uuid));
create policy every_business on businesses to sy_platform using (true) with check (true);
grant select, insert, update on businesses to sy_platform;

-- People belong to no business: one sees those who work in it, and those who have done something to it.
create index audit_actor on audit (business_id, actor_id);
alter table users enable row level security;
alter table users force row level security;
create policy own_business on users for select to sy_api
    using (exists (select 1 from members m where m.user_id = users.id)
        or exists (select 1 from audit a where a.actor_id = users.id));
create policy every_business on users to sy_platform using (true) with check (true);
grant select, insert, update on users to sy_platform;

-- Rows of a session, and so of the session's business.
do $$
declare
    tenant text;
    own constant text := 'exists (select 1 from sessions s where s.id = session_id)';
begin
    foreach tenant in array array['lid_map', 'vault']
    loop
        execute format('alter table %I enable row level security', tenant);
        execute format('alter table %I force row level security', tenant);
        execute format('create policy own_business on %I to sy_api using (%s) with check (%s)', tenant, own, own);
        execute format('create policy every_business on %I to sy_platform using (true) with check (true)', tenant);
        execute format('grant select, insert, update, delete on %I to sy_platform', tenant);
    end loop;
end $$;

-- Of the platform itself: no wall, and next to nothing for sy_api.
grant select, insert, update, delete on shards, meta, ticks to sy_platform;
-- Every process asks for the version of the schema before anything else.
grant select on _sqlx_migrations to sy_api, sy_platform;

-- What the statements of one business need, and no more.
grant select, insert, update, delete on chats, contacts, message_counts, messages to sy_api;
grant select, insert, update on audit_heads, event_heads to sy_api;
grant select, insert, update (revoked_at) on invitations to sy_api;
grant select, insert, update (run_at) on jobs to sy_api;
grant select, insert, update (name, wanted, wanted_at, paired, deleted_at) on sessions to sy_api;
-- An update of an epoch is never made: it is the right to lock the row.
grant select, insert, update (epoch), delete on session_leases to sy_api;
grant select, insert on audit, events to sy_api;
grant select, insert, delete on idempotency_keys to sy_api;
grant select, insert, update (last_used_at, revoked_at) on api_keys to sy_api;
grant select, update (name, status, max_sessions, messages_per_day) on businesses to sy_api;
grant select, update (role), delete on members to sy_api;
grant select, delete on link_attempts, lid_map to sy_api;
grant select on data_keys to sy_api;
-- No hash of a password.
grant select (id, name, email) on users to sy_api;
-- The number of the shard that holds a session.
grant select (incarnation, number) on shards to sy_api;
-- A number that was never linked is removed with what its vault might hold; nothing there can be read.
grant select (session_id), delete on vault to sy_api;
