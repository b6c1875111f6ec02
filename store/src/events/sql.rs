//! Statements on events.

use crate::statement::statements;

/// Takes `$2` numbers; the row stays locked until the commit.
macro_rules! take {
    () => {
        "insert into event_heads (business_id, seq) values ($1, $2)
        on conflict (business_id) do update set seq = event_heads.seq + excluded.seq
        returning seq"
    };
}

statements! {
    /// For SQLite, whose statements that change rows are not parts of others.
    TAKE = (take!());

    /// Postgres takes the numbers, too: one answer less is waited for while the business's other events wait.
    INSERT = (
        "insert into events (business_id, seq, id, session_id, kind, at, data)
            select $1, value ->> 0, unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value -> 5
            from json_each($2)";
        concat!("with head as (", take!(), ")
            insert into events (business_id, seq, id, session_id, kind, at, data)
            select $1, head.seq - $2 + told.nr, told.id, told.session_id, told.kind, told.at, told.data
            from head cross join unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[])
                with ordinality as told (id, session_id, kind, at, data, nr)")
    );

    AFTER = "select business_id, seq, id, session_id, kind, at, data from events
        where business_id = $1 and seq > $2 order by seq limit $3";

    HEAD = "select seq from event_heads where business_id = $1";
}
