-- Calls that a business asks for, from the moment that they are asked for until they are over.

-- Our id of such a call, which goes on naming it when the provider has given it another one.
alter table calls add column asked_as text;
create unique index calls_asked on calls (business_id, asked_as) where asked_as is not null;

create table call_requests (
    business_id blob not null,
    -- Our id of the call, and of its slot until the provider gives it one.
    asked_as text not null,
    -- The provider's, or ours until it gave one.
    call_sid text not null,
    -- Digits.
    from_number text not null,
    to_number text not null,
    -- The node of the call flow that whoever answers hears first, or else what is said.
    node text,
    words text,
    ring_s integer not null,
    -- waiting: not asked for at the provider; asking: it may have been; placed: it was.
    state text not null,
    -- Why it still waits.
    reason text,
    -- Who comes first: each further call of a business a second after the one before.
    turn integer not null,
    -- Nobody takes it in hand before.
    run_at integer not null,
    -- When it is given up in its state.
    until integer not null,
    primary key (business_id, asked_as)
) strict;
create unique index call_requests_sid on call_requests (business_id, call_sid);
create index call_requests_turn on call_requests (state, turn);
create index call_requests_until on call_requests (state, until);
create index call_requests_waiting on call_requests (business_id, state, turn);
