//! Statements on calls, the numbers that take them and what callers hear.

use super::row::call_columns;
use crate::statement::statements;

statements! {
    /// A number that takes calls already stays where it is.
    ADD_NUMBER = "insert into call_numbers (id, business_id, phone, name, created_at) values ($1, $2, $3, $4, $5)
        on conflict (phone) do nothing";

    NUMBERS = "select id, phone, name, created_at from call_numbers where business_id = $1 order by id limit $2";

    REMOVE_NUMBER = "delete from call_numbers where business_id = $1 and id = $2 returning phone";

    /// Whose number it is; a suspended business takes no calls.
    BUSINESS_OF: across_tenants = "select n.business_id, b.max_calls from call_numbers n
        left join businesses b on b.id = n.business_id
        where n.phone = $1 and coalesce(b.status, 'active') = 'active'";

    MAX_CALLS = "select b.max_calls from businesses b where b.id = $1";

    FLOW = "select version, flow, created_at from call_flows where business_id = $1 order by version desc limit 1";

    /// That version of it.
    FLOW_VERSION = "select version, flow, created_at from call_flows where business_id = $1 and version = $2";

    PUT_FLOW = "insert into call_flows (business_id, version, flow, created_at) values ($1, $2, $3, $4)";

    FORGET_FLOWS = "delete from call_flows where business_id = $1 and version <= $2";

    BEGIN = "insert into calls (business_id, call_sid, id, direction, from_number, to_number, state, flow_version,
            answered_by_someone, steps, started_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)
        on conflict (business_id, call_sid) do nothing";

    BEGIN_REQUESTED = "insert into calls (business_id, call_sid, asked_as, id, direction, from_number, to_number, state,
            flow_version, answered_by_someone, steps, started_at)
        values ($1, $2, $2, $3, 'outbound', $4, $5, 'queued', $6, 0, 0, $7)";

    REQUEST = "insert into call_requests (business_id, asked_as, call_sid, from_number, to_number, node, words, ring_s,
            state, turn, run_at, until)
        values ($1, $2, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $10)";

    /// How many wait, and the last one's place.
    WAITING = "select count(*), max(turn) from call_requests where business_id = $1 and state = 'waiting'";

    OPTED_OUT = "select max(opted_out_at) from contacts where business_id = $1 and phone = $2";

    /// Looked at before anything is taken, so that nobody writes where there is nothing to do.
    DUE_REQUEST: across_tenants = "select run_at from call_requests
        where state = 'waiting' and run_at <= $1 order by turn limit 1";

    /// Whoever takes one in hand has it until `run_at`; then others may.
    TAKE_REQUEST: across_tenants = {
        sqlite: "update call_requests set run_at = $2 where rowid = (
                select r.rowid from call_requests r where r.state = 'waiting' and r.run_at <= $1 and r.until > $1
                    and not exists (select 1 from businesses b where b.id = r.business_id and b.status <> 'active')
                order by r.turn limit 1)
            returning business_id, asked_as, from_number, to_number, ring_s, until, run_at",
        postgres: "update call_requests set run_at = $2 where state = 'waiting' and (business_id, asked_as) = (
                select r.business_id, r.asked_as from call_requests r
                where r.state = 'waiting' and r.run_at <= $1 and r.until > $1
                    and not exists (select 1 from businesses b where b.id = r.business_id and b.status <> 'active')
                order by r.turn limit 1 for update of r skip locked)
            returning business_id, asked_as, from_number, to_number, ring_s, until, run_at",
    };

    /// By whoever has it in hand still, which `run_at` tells; it stays that of the one who asks.
    ASK = "update call_requests set state = 'asking', until = $4
        where business_id = $1 and asked_as = $2 and state = 'waiting' and run_at = $3 and until > $5";

    PUT_BACK = "update call_requests set state = 'waiting', run_at = $4, reason = $5, until = $6
        where business_id = $1 and asked_as = $2 and run_at = $3 and state in ('waiting', 'asking')";

    LAPSED: across_tenants = "select business_id, asked_as, reason from call_requests
        where state = $1 and until <= $2 order by until limit $3";

    /// Somebody may have asked since it was read.
    STILL_LAPSED = {
        sqlite: "select asked_as from call_requests
            where business_id = $1 and asked_as = $2 and state in ('waiting', 'asking') and until <= $3",
        postgres: "select asked_as from call_requests
            where business_id = $1 and asked_as = $2 and state in ('waiting', 'asking') and until <= $3 for update",
    };

    LOCK_REQUEST = {
        sqlite: "select call_sid, state, node, words, ring_s from call_requests
            where business_id = $1 and asked_as = $2",
        postgres: "select call_sid, state, node, words, ring_s from call_requests
            where business_id = $1 and asked_as = $2 for update",
    };

    /// The same of a call, by the id that it has now.
    LOCK_REQUEST_OF = {
        sqlite: "select asked_as from call_requests where business_id = $1 and call_sid = $2",
        postgres: "select asked_as from call_requests where business_id = $1 and call_sid = $2 for update",
    };

    PLACED = "update call_requests set state = 'placed', call_sid = $3 where business_id = $1 and asked_as = $2";

    /// What somebody wants ended is due for its provider as soon as it has a name.
    NAME_CALL = "update calls set call_sid = $3, hangup_run_at = case when hangup_at is null then null
            else cast($4 as bigint) end
        where business_id = $1 and call_sid = $2";

    NAME_STEPS = "update call_steps set call_sid = $3 where business_id = $1 and call_sid = $2";

    /// Asked for, with an answer that may have been lost.
    ASKED_FOR = "select asked_as from call_requests
        where business_id = $1 and state = 'asking' and from_number = $2 and to_number = $3 limit 2";

    HANG_UP = "update calls set hangup_at = $3, hangup_run_at = $3
        where business_id = $1 and call_sid = $2 and ended_at is null and hangup_at is null";

    HANGUPS: across_tenants = "select business_id, call_sid, hangup_run_at from calls
        where hangup_run_at <= $1 and ended_at is null order by hangup_run_at limit $2";

    /// Of several that read it one takes it in hand; the others find another time there.
    TAKE_HANGUP = "update calls set hangup_run_at = $4
        where business_id = $1 and call_sid = $2 and hangup_run_at = $3 and ended_at is null";

    DROP_REQUEST = "delete from call_requests where business_id = $1 and call_sid = $2";

    LOCK = {
        sqlite: "select direction, from_number, state, reason, answered_by_someone, steps, answered_at, ended_at,
                duration_s, hangup_at from calls
            where business_id = $1 and call_sid = $2",
        postgres: "select direction, from_number, state, reason, answered_by_someone, steps, answered_at, ended_at,
                duration_s, hangup_at from calls
            where business_id = $1 and call_sid = $2 for no key update",
    };

    MOVE = "update calls set state = $3, reason = $4, answered_by_someone = $5, steps = $6, answered_at = $7,
            ended_at = $8, duration_s = $9
        where business_id = $1 and call_sid = $2";

    ADD_STEP = "insert into call_steps (business_id, call_sid, n, told, at, kind, node, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (business_id, call_sid, told) do nothing";

    STEPS = "select n, at, kind, node, detail from call_steps where business_id = $1 and call_sid = $2
        order by n limit $3";

    GET = (concat!("select ", call_columns!(), " where calls.business_id = $1 and calls.call_sid = $2"));

    GET_ASKED = (concat!("select ", call_columns!(), " where calls.business_id = $1 and calls.asked_as = $2"));

    LIST = (concat!("select ", call_columns!(), " where calls.business_id = $1
            and (calls.started_at, calls.id) < ($2, $3)
        order by calls.started_at desc, calls.id desc limit $4"));

    /// The provider tells of a recording more than once.
    ADD_RECORDING = "insert into recordings (business_id, recording_sid, call_sid, state, duration_s, bytes, created_at)
        values ($1, $2, $3, $4, $5, 0, $6)
        on conflict (business_id, recording_sid) do nothing";

    /// What is fetched a second time is not stored a second time.
    KEEP = "update recordings set state = 'ready', mime = $3, bytes = $4, sha256 = $5,
            duration_s = coalesce(duration_s, $6)
        where business_id = $1 and recording_sid = $2 and state in ('pending', 'failed')
        returning call_sid";

    ADD_PIECE = "insert into recording_pieces (business_id, recording_sid, n, sealed) values ($1, $2, $3, $4)";

    PIECE = "select sealed from recording_pieces where business_id = $1 and recording_sid = $2 and n = $3";

    FAIL = "update recordings set state = 'failed'
        where business_id = $1 and recording_sid = $2 and state = 'pending'";

    RECORDING_STATE = "select state, created_at from recordings where business_id = $1 and recording_sid = $2";

    OLD_RECORDINGS = "select recording_sid from recordings
        where business_id = $1 and state = 'ready' and created_at < $2 order by created_at limit $3";

    DROP_PIECES = "delete from recording_pieces where business_id = $1 and recording_sid = $2";

    /// The row stays, so that the call shows that something was recorded.
    FORGET_RECORDING = "update recordings set state = 'removed', bytes = 0
        where business_id = $1 and recording_sid = $2 and state = 'ready'";

    /// Businesses that ever said anything, each with the flow in force.
    ALL_FLOWS: across_tenants = "select f.business_id, f.version, f.flow, f.created_at from call_flows f
        where f.version = (select max(g.version) from call_flows g where g.business_id = f.business_id)";

    LIMIT: across_tenants = "select value from meta where name = $1";

    SET_LIMIT: across_tenants = "insert into meta (name, value) values ($1, $2)
        on conflict (name) do update set value = excluded.value";

    MESSAGE_LEFT = "select recording_sid from recordings
        where business_id = $1 and call_sid = $2 and state <> 'absent' limit 1";

    MISS = "insert into missed_callers (id, business_id, phone, missed_at) values ($1, $2, $3, $4)
        on conflict (business_id, phone) do update set missed_at = excluded.missed_at
        returning id, told_at";

    MISSED = "select m.phone, m.told_at,
            (select max(c.opted_out_at) from contacts c where c.business_id = $1 and c.phone = m.phone) as opted_out_at
        from missed_callers m where m.business_id = $1 and m.id = $2";

    TOLD_CALLER = "update missed_callers set told_at = $3 where business_id = $1 and id = $2";

    /// What waits to be placed, and what never was, took no line.
    SPANS = "select started_at, ended_at from calls where business_id = $1 and started_at >= $2
            and (asked_as is null or call_sid <> asked_as)
        order by started_at desc limit $3";

    /// Answers how many wait to be told of, and when the last event was.
    REJECT = "insert into call_rejections (business_id, waiting, told_at) values ($1, $2, 0)
        on conflict (business_id) do update set waiting = call_rejections.waiting + excluded.waiting
        returning waiting, told_at";

    TOLD = "update call_rejections set waiting = 0, told_at = $2 where business_id = $1";
}
