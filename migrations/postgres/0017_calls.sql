-- Phone calls: the numbers that take them, what callers hear, the calls with their steps, and what was recorded.

create table call_numbers (
    id uuid not null primary key,
    business_id uuid not null,
    -- Digits; a number takes calls for one business.
    phone text not null,
    name text not null,
    created_at bigint not null
);
create unique index call_numbers_phone on call_numbers (phone);
create index call_numbers_business on call_numbers (business_id, id);

-- Every version that is kept; the highest is in force.
create table call_flows (
    business_id uuid not null,
    version bigint not null,
    -- JSON.
    flow text not null,
    created_at bigint not null,
    primary key (business_id, version)
);

create table calls (
    business_id uuid not null,
    -- The provider's, or ours until it gave one.
    call_sid text not null,
    id uuid not null,
    direction text not null,
    -- As the provider writes them: digits with a plus, or an address; empty: withheld.
    from_number text,
    to_number text,
    state text not null,
    reason text,
    -- The version of the flow that it went by.
    flow_version bigint not null,
    -- 1 when somebody spoke to the caller.
    answered_by_someone bigint not null,
    steps bigint not null,
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint,
    duration_s bigint,
    primary key (business_id, call_sid)
);
create index calls_newest on calls (business_id, started_at, id);

create table call_steps (
    business_id uuid not null,
    call_sid text not null,
    n bigint not null,
    -- The same thing told twice is one step.
    told text not null,
    at bigint not null,
    kind text not null,
    node text,
    detail text,
    primary key (business_id, call_sid, n)
);
create unique index call_steps_told on call_steps (business_id, call_sid, told);

create table recordings (
    business_id uuid not null,
    recording_sid text not null,
    call_sid text not null,
    -- pending, ready, absent, failed or removed.
    state text not null,
    duration_s bigint,
    mime text,
    bytes bigint not null,
    sha256 bytea,
    created_at bigint not null,
    primary key (business_id, recording_sid)
);
create index recordings_call on recordings (business_id, call_sid);
create index recordings_oldest on recordings (business_id, state, created_at);

-- The audio, sealed, in pieces of 256 KiB before sealing.
create table recording_pieces (
    business_id uuid not null,
    recording_sid text not null,
    n bigint not null,
    sealed bytea not null,
    primary key (business_id, recording_sid, n)
);

-- Calls that were turned away and not told of yet: one row per business.
create table call_rejections (
    business_id uuid not null primary key,
    waiting bigint not null,
    told_at bigint not null
);

-- Whoever was missed last, and when that caller was written to: one row per caller.
create table missed_callers (
    id uuid not null primary key,
    business_id uuid not null,
    -- Digits.
    phone text not null,
    missed_at bigint not null,
    told_at bigint
);
create unique index missed_callers_phone on missed_callers (business_id, phone);

do $$
declare
    tenant text;
    own constant text := 'business_id = (select nullif(current_setting(''sy.business'', true), '''')::uuid)';
begin
    foreach tenant in array array['call_flows', 'call_numbers', 'call_rejections', 'call_steps', 'calls',
        'missed_callers', 'recording_pieces', 'recordings']
    loop
        execute format('alter table %I enable row level security', tenant);
        execute format('alter table %I force row level security', tenant);
        execute format('create policy own_business on %I to sy_api using (%s) with check (%s)', tenant, own, own);
        execute format('create policy every_business on %I to sy_platform using (true) with check (true)', tenant);
        execute format('grant select, insert, update, delete on %I to sy_platform', tenant);
    end loop;
end $$;

grant select, insert, delete on call_flows, call_numbers, recording_pieces to sy_api;
grant select, insert on call_steps to sy_api;
grant select, insert, update on call_rejections, calls, missed_callers, recordings to sy_api;
