//! Statements of the vault. A session names its business, so no statement repeats it; the fence proves the session.

use crate::statement::statements;

macro_rules! puts {
    ($rows:literal) => {
        concat!(
            "insert into vault (session_id, space, key, sub, n, expires_at, sealed) values ",
            $rows,
            " on conflict (session_id, space, key, sub) do update
              set n = excluded.n, expires_at = excluded.expires_at, sealed = excluded.sealed"
        )
    };
}

statements! {
    /// Inserts or replaces: SQLite one row, Postgres as many as the arrays hold, no row twice.
    PUT: across_tenants = {
        sqlite: "insert into vault (session_id, space, key, sub, n, expires_at, sealed)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (session_id, space, key, sub) do update
                 set n = excluded.n, expires_at = excluded.expires_at, sealed = excluded.sealed",
        postgres: "insert into vault (session_id, space, key, sub, n, expires_at, sealed)
                   select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[],
                                        $6::bigint[], $7::bytea[])
                   on conflict (session_id, space, key, sub) do update
                   set n = excluded.n, expires_at = excluded.expires_at, sealed = excluded.sealed",
    };
    /// Two rows, and eight: SQLite's cost is in the calls.
    PUT_TWO: across_tenants = (puts!("($1, $2, $3, $4, $5, $6, $7), ($8, $9, $10, $11, $12, $13, $14)"));
    PUT_EIGHT: across_tenants = (puts!("($1, $2, $3, $4, $5, $6, $7), ($8, $9, $10, $11, $12, $13, $14),
        ($15, $16, $17, $18, $19, $20, $21), ($22, $23, $24, $25, $26, $27, $28),
        ($29, $30, $31, $32, $33, $34, $35), ($36, $37, $38, $39, $40, $41, $42),
        ($43, $44, $45, $46, $47, $48, $49), ($50, $51, $52, $53, $54, $55, $56)"));
    /// Like `PUT`, but the larger number and the later expiry win; no expiry is the latest.
    MERGE: across_tenants = {
        sqlite: "insert into vault (session_id, space, key, sub, n, expires_at, sealed)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (session_id, space, key, sub) do update
                 set n = case when vault.n > excluded.n then vault.n else excluded.n end,
                     expires_at = case when vault.expires_at is null or excluded.expires_at is null then null
                                       when vault.expires_at > excluded.expires_at then vault.expires_at
                                       else excluded.expires_at end,
                     sealed = excluded.sealed",
        postgres: "insert into vault (session_id, space, key, sub, n, expires_at, sealed)
                   select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[],
                                        $6::bigint[], $7::bytea[])
                   on conflict (session_id, space, key, sub) do update
                   set n = case when vault.n > excluded.n then vault.n else excluded.n end,
                       expires_at = case when vault.expires_at is null or excluded.expires_at is null then null
                                         when vault.expires_at > excluded.expires_at then vault.expires_at
                                         else excluded.expires_at end,
                       sealed = excluded.sealed",
    };
    /// Deletes: SQLite one row, Postgres as many as the arrays hold.
    DELETE: across_tenants = {
        sqlite: "delete from vault where session_id = $1 and space = $2 and key = $3 and sub = $4",
        postgres: "delete from vault
                   using unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) as gone (session_id, space, key, sub)
                   where vault.session_id = gone.session_id and vault.space = gone.space
                     and vault.key = gone.key and vault.sub = gone.sub",
    };
    /// Deletes the rows of a key.
    DELETE_KEY: across_tenants = "delete from vault where session_id = $1 and space = $2 and key = $3";
    /// Deletes the rows of a sub.
    DELETE_SUB: across_tenants = "delete from vault where session_id = $1 and space = $2 and sub = $3";
    /// Deletes the rows of a space.
    DELETE_SPACE: across_tenants = "delete from vault where session_id = $1 and space = $2";
    /// Deletes what expired before an instant.
    DELETE_BEFORE: across_tenants =
        "delete from vault where session_id = $1 and space = $2 and expires_at < $3";

    /// One row.
    GET: across_tenants =
        "select key, sub, n, expires_at, sealed from vault
         where session_id = $1 and space = $2 and key = $3 and sub = $4";
    /// The rows of a key, or on Postgres of several keys, with one sub.
    GET_MANY: across_tenants = {
        sqlite: "select key, sub, n, expires_at, sealed from vault
                 where session_id = $1 and space = $2 and key = $3 and sub = $4",
        postgres: "select key, sub, n, expires_at, sealed from vault
                   where session_id = $1 and space = $2 and key = any($3) and sub = $4",
    };
    /// The rows of a sub, the largest number first.
    OF_SUB: across_tenants =
        "select key, sub, n, expires_at, sealed from vault
         where session_id = $1 and space = $2 and sub = $3 order by n desc, key";
    /// A page of a space's rows, after a key and sub.
    PAGE: across_tenants =
        "select key, sub, n, expires_at, sealed from vault
         where session_id = $1 and space = $2 and (key, sub) > ($3, $4) order by key, sub limit $5";
    /// Whether a row of the sub is there.
    HAS_SUB: across_tenants = "select 1 from vault where session_id = $1 and space = $2 and sub = $3 limit 1";
    /// The largest number of a space.
    HIGHEST: across_tenants = "select max(n) from vault where session_id = $1 and space = $2";
}
