//! Statements on events.

use crate::statement::statements;

statements! {
    /// Takes `$2` numbers; the row stays locked until the commit.
    TAKE = "insert into event_heads (business_id, seq) values ($1, $2)
        on conflict (business_id) do update set seq = event_heads.seq + excluded.seq
        returning seq";

    INSERT = {
        sqlite: "insert into events (business_id, seq, id, session_id, kind, at, data)
            values ($1, $2, $3, $4, $5, $6, $7)",
        postgres: "insert into events (business_id, seq, id, session_id, kind, at, data)
            select $1, * from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[])",
    };

    /// Eight at once: SQLite's cost is in the calls.
    INSERT_EIGHT = "insert into events (business_id, seq, id, session_id, kind, at, data)
        values ($1, $2, $3, $4, $5, $6, $7),
            ($1, $8, $9, $10, $11, $12, $13),
            ($1, $14, $15, $16, $17, $18, $19),
            ($1, $20, $21, $22, $23, $24, $25),
            ($1, $26, $27, $28, $29, $30, $31),
            ($1, $32, $33, $34, $35, $36, $37),
            ($1, $38, $39, $40, $41, $42, $43),
            ($1, $44, $45, $46, $47, $48, $49)";

    AFTER = "select business_id, seq, id, session_id, kind, at, data from events
        where business_id = $1 and seq > $2 order by seq limit $3";

    HEAD = "select seq from event_heads where business_id = $1";
}
