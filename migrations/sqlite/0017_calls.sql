-- Phone calls: the numbers that take them, what callers hear, the calls with their steps, and what was recorded.

create table call_numbers (
    id blob not null primary key,
    business_id blob not null,
    -- Digits; a number takes calls for one business.
    phone text not null,
    name text not null,
    created_at integer not null
) strict;
create unique index call_numbers_phone on call_numbers (phone);
create index call_numbers_business on call_numbers (business_id, id);

-- Every version that is kept; the highest is in force.
create table call_flows (
    business_id blob not null,
    version integer not null,
    -- JSON.
    flow text not null,
    created_at integer not null,
    primary key (business_id, version)
) strict;

create table calls (
    business_id blob not null,
    -- The provider's, or ours until it gave one.
    call_sid text not null,
    id blob not null,
    direction text not null,
    -- As the provider writes them: digits with a plus, or an address; empty: withheld.
    from_number text,
    to_number text,
    state text not null,
    reason text,
    -- The version of the flow that it went by.
    flow_version integer not null,
    -- 1 when somebody spoke to the caller.
    answered_by_someone integer not null,
    steps integer not null,
    started_at integer not null,
    answered_at integer,
    ended_at integer,
    duration_s integer,
    primary key (business_id, call_sid)
) strict;
create index calls_newest on calls (business_id, started_at, id);

create table call_steps (
    business_id blob not null,
    call_sid text not null,
    n integer not null,
    -- The same thing told twice is one step.
    told text not null,
    at integer not null,
    kind text not null,
    node text,
    detail text,
    primary key (business_id, call_sid, n)
) strict;
create unique index call_steps_told on call_steps (business_id, call_sid, told);

create table recordings (
    business_id blob not null,
    recording_sid text not null,
    call_sid text not null,
    -- pending, ready, absent, failed or removed.
    state text not null,
    duration_s integer,
    mime text,
    bytes integer not null,
    sha256 blob,
    created_at integer not null,
    primary key (business_id, recording_sid)
) strict;
create index recordings_call on recordings (business_id, call_sid);
create index recordings_oldest on recordings (business_id, state, created_at);

-- The audio, sealed, in pieces of 256 KiB before sealing.
create table recording_pieces (
    business_id blob not null,
    recording_sid text not null,
    n integer not null,
    sealed blob not null,
    primary key (business_id, recording_sid, n)
) strict;

-- Calls that were turned away and not told of yet: one row per business.
create table call_rejections (
    business_id blob not null primary key,
    waiting integer not null,
    told_at integer not null
) strict;

-- Whoever was missed last, and when that caller was written to: one row per caller.
create table missed_callers (
    id blob not null primary key,
    business_id blob not null,
    -- Digits.
    phone text not null,
    missed_at integer not null,
    told_at integer
) strict;
create unique index missed_callers_phone on missed_callers (business_id, phone);
