//! Walks the server's catalogue: every table has its walls or a reason for having none, and the two roles are no
//! mightier than they must be.

use sqlx::PgConnection;
use store::Engine;

use crate::bench::Bench;

/// What a policy of `sy_api` says of a table whose rows name their business. The empty text is what a setting is after
/// the transaction that set it: without `nullif` the next one on that connection would fail on it.
const OWN: &str =
    "(business_id = ( SELECT (NULLIF(current_setting('sy.business'::text, true), ''::text))::uuid";

/// Tables whose rows belong to a business without naming it in `business_id`, and what their policies say instead.
const OTHERWISE: [(&str, &str); 4] = [
    (
        "businesses",
        "(id = ( SELECT (NULLIF(current_setting('sy.business'::text, true), ''::text))::uuid",
    ),
    (
        "lid_map",
        "(EXISTS ( SELECT 1 FROM sessions s WHERE (s.id = lid_map.session_id)))",
    ),
    (
        "users",
        "((EXISTS ( SELECT 1 FROM members m WHERE (m.user_id = users.id))) OR (EXISTS ( SELECT 1 FROM audit a WHERE (a.actor_id = users.id))))",
    ),
    (
        "vault",
        "(EXISTS ( SELECT 1 FROM sessions s WHERE (s.id = vault.session_id)))",
    ),
];

/// Tables without walls, and why no business has a part in them.
const OF_THE_PLATFORM: [(&str, &str); 8] = [
    ("_sqlx_migrations", "the schema is everybody's"),
    ("meta", "facts about the database as a whole"),
    ("queue_minutes", "queues hold the jobs of all of them"),
    ("queues", "queues hold the jobs of all of them"),
    ("shard_drains", "processes serve every business"),
    ("shards", "processes serve every business"),
    ("ticks", "regular jobs are for all of them"),
    ("workers", "processes serve every business"),
];

/// What `sy_api` may do; nothing with a table that is not here.
const GRANTS: [(&str, &str); 32] = [
    ("_sqlx_migrations", "select"),
    (
        "api_keys",
        "insert, select, update (last_used_at, revoked_at)",
    ),
    ("audit", "insert, select"),
    ("audit_heads", "insert, select, update"),
    (
        "businesses",
        "select, update (keep_events_days, keep_messages_days, max_calls, max_sessions, max_storage_bytes, messages_per_day, name, status, storage_bytes)",
    ),
    ("call_flows", "delete, insert, select"),
    ("call_numbers", "delete, insert, select"),
    ("call_rejections", "insert, select, update"),
    ("call_requests", "delete, insert, select, update"),
    ("call_steps", "insert, select, update (call_sid)"),
    ("calls", "insert, select, update"),
    ("chats", "delete, insert, select, update"),
    ("contacts", "delete, insert, select, update"),
    ("data_keys", "select"),
    ("event_heads", "insert, select, update"),
    ("events", "insert, select"),
    ("idempotency_keys", "delete, insert, select"),
    ("invitations", "insert, select, update (revoked_at)"),
    ("jobs", "insert, select, update (run_at, trace)"),
    ("lid_map", "delete, select"),
    ("link_attempts", "delete, select"),
    ("members", "delete, select, update (role)"),
    ("message_counts", "delete, insert, select, update"),
    ("messages", "delete, insert, select, update"),
    ("missed_callers", "insert, select, update"),
    ("recording_pieces", "delete, insert, select"),
    ("recordings", "insert, select, update"),
    ("session_leases", "delete, insert, select, update (epoch)"),
    (
        "sessions",
        "insert, select, update (deleted_at, name, paired, wanted, wanted_at)",
    ),
    ("shards", "select (incarnation, number)"),
    // Never the hash of a password.
    ("users", "select (email, id, name)"),
    ("vault", "delete, select (session_id)"),
];

const TABLES: &str = "select c.relname::text as name, c.relkind in ('r', 'p') as is_plain,
        case when not c.relrowsecurity then 'none' when c.relforcerowsecurity then 'forced' else 'enabled' end as walls,
        exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'business_id'
            and not a.attisdropped) as names_business
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by c.relname";

const POLICIES: &str =
    "select tablename::text as of_table, roles::text[] as roles, cmd = 'SELECT' as reads_alone,
        qual as sees, with_check as writes
    from pg_policies where schemaname = 'public' and permissive = 'PERMISSIVE'";

const RIGHTS: &str = "with whole as (
        select table_name::text as name, lower(privilege_type) as right_ from information_schema.role_table_grants
        where grantee = 'sy_api' and table_schema = 'public'),
    parts as (
        select table_name::text as name, lower(privilege_type) as right_,
            string_agg(column_name::text, ', ' order by column_name::text collate \"C\") as columns
        from information_schema.role_column_grants where grantee = 'sy_api' and table_schema = 'public'
        group by 1, 2)
    select name, string_agg(right_, ', ' order by right_ collate \"C\") from (
        select name, right_ from whole
        union all
        select name, right_ || ' (' || columns || ')' from parts p
            where not exists (select 1 from whole w where w.name = p.name and w.right_ = p.right_)) as all_rights
    group by name order by name collate \"C\"";

/// What would make the walls worth nothing, whatever the policies say.
const WAYS_AROUND: &str = "select rolname || ' passes the walls by' from pg_roles
        where rolname in ('sy_api', 'sy_platform')
            and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
    union all
    select r.rolname || ' owns something' from pg_shdepend d join pg_roles r on r.oid = d.refobjid
        where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and r.rolname in ('sy_api', 'sy_platform')
    union all
    select 'sy_api has what sy_platform has without becoming it' where pg_has_role('sy_api', 'sy_platform', 'usage')
    union all
    select m.member::regrole || ' is in ' || m.roleid::regrole from pg_auth_members m
        where m.member in ('sy_api'::regrole, 'sy_platform'::regrole)
            and (m.member, m.roleid) <> ('sy_api'::regrole, 'sy_platform'::regrole)
    union all
    select table_name::text || ' is open to everybody' from information_schema.role_table_grants
        where grantee = 'PUBLIC' and table_schema = 'public'
    union all
    select proname::text || ' runs with the eyes of its owner' from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef";

#[derive(sqlx::FromRow)]
struct Table {
    name: String,
    is_plain: bool,
    walls: String,
    names_business: bool,
}

#[derive(sqlx::FromRow)]
struct Policy {
    of_table: String,
    roles: Vec<String>,
    reads_alone: bool,
    sees: Option<String>,
    writes: Option<String>,
}

/// Without the line breaks of the server's own printing.
fn plain(expression: Option<&String>) -> String {
    let words = expression.map_or("", String::as_str).split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

/// What is wrong with the walls of a table.
fn faults(table: &Table, policies: &[Policy]) -> Vec<&'static str> {
    let otherwise = OTHERWISE.iter().find(|(name, _)| *name == table.name);
    let own = match (table.names_business, otherwise) {
        (true, _) => OWN,
        (false, Some((_, own))) => own,
        (false, None) => {
            let is_listed = OF_THE_PLATFORM.iter().any(|(name, _)| *name == table.name);
            return if is_listed {
                Vec::new()
            } else {
                vec!["names no business, and no list says why"]
            };
        }
    };
    let mut wrong = Vec::new();
    let mut must = |holds: bool, sentence| {
        if !holds {
            wrong.push(sentence);
        }
    };
    must(
        table.is_plain,
        "is a view, which looks with the eyes of its owner",
    );
    must(table.walls != "none", "has no row-level security");
    must(table.walls == "forced", "does not force it on its owner");
    let of = |role: &str| {
        let mine = policies.iter().filter(|it| it.of_table == table.name);
        mine.filter(|it| it.roles == [role]).collect::<Vec<_>>()
    };
    match of("sy_api").as_slice() {
        [one] => {
            must(
                plain(one.sees.as_ref()).starts_with(own),
                "has another policy for sy_api than all",
            );
            must(
                one.reads_alone || plain(one.writes.as_ref()).starts_with(own),
                "lets sy_api write what it may not see",
            );
        }
        _ => must(false, "has not one policy for sy_api"),
    }
    match of("sy_platform").as_slice() {
        [one] => must(
            plain(one.sees.as_ref()) == "true" && plain(one.writes.as_ref()) == "true",
            "hides something from sy_platform",
        ),
        _ => must(false, "has not one policy for sy_platform"),
    }
    let all = policies.iter().filter(|it| it.of_table == table.name);
    must(all.count() <= 2, "has a policy for somebody else");
    wrong
}

/// All that is wrong.
async fn complaints(connection: &mut PgConnection) -> Vec<String> {
    let tables: Vec<Table> = sqlx::query_as(TABLES)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let policies: Vec<Policy> = sqlx::query_as(POLICIES)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let mut complaints = Vec::new();
    for table in &tables {
        for wrong in faults(table, &policies) {
            complaints.push(format!("{} {wrong}", table.name));
        }
    }
    let rights: Vec<(String, String)> = sqlx::query_as(RIGHTS)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let is_allowed = |(name, right): &(String, String)| GRANTS.contains(&(name, right));
    for (name, right) in rights.iter().filter(|it| !is_allowed(it)) {
        complaints.push(format!("{name} lets sy_api {right}"));
    }
    for (name, right) in GRANTS {
        if !rights.iter().any(|(it, _)| *it == name) {
            complaints.push(format!("{name} does not let sy_api {right}"));
        }
    }
    let ways: Vec<(String,)> = sqlx::query_as(WAYS_AROUND)
        .fetch_all(connection)
        .await
        .unwrap();
    complaints.extend(ways.into_iter().map(|(way,)| way));
    complaints
}

/// One after the other, what somebody may add to the schema, and what is then to be said of it.
const ADDED: [(&str, &[&str]); 11] = [
    ("create table stamps (id uuid primary key)", &["stamps names no business, and no list says why"]),
    ("drop table stamps", &[]),
    (
        "create table letters (id uuid primary key, business_id uuid not null)",
        &[
            "letters has no row-level security",
            "letters does not force it on its owner",
            "letters has not one policy for sy_api",
            "letters has not one policy for sy_platform",
        ],
    ),
    (
        "alter table letters enable row level security;
         create policy own_business on letters to sy_api
            using (business_id = current_setting('sy.business', true)::uuid);
         create policy every_business on letters to sy_platform using (true) with check (true);
         grant select on letters to sy_api",
        &[
            "letters does not force it on its owner",
            "letters has another policy for sy_api than all",
            "letters lets sy_api write what it may not see",
            "letters lets sy_api select",
        ],
    ),
    (
        "alter table letters force row level security;
         revoke select on letters from sy_api;
         drop policy own_business on letters;
         create policy own_business on letters to sy_api
            using (business_id = (select nullif(current_setting('sy.business', true), '')::uuid))
            with check (business_id = (select nullif(current_setting('sy.business', true), '')::uuid))",
        &[],
    ),
    ("create policy open on letters using (true)", &["letters has a policy for somebody else"]),
    (
        "drop table letters; create view all_messages as select * from messages",
        &[
            "all_messages is a view, which looks with the eyes of its owner",
            "all_messages has no row-level security",
            "all_messages does not force it on its owner",
            "all_messages has not one policy for sy_api",
            "all_messages has not one policy for sy_platform",
        ],
    ),
    ("drop view all_messages; grant select on vault to sy_api", &["vault lets sy_api delete, select"]),
    (
        "revoke select on vault from sy_api; grant select (session_id) on vault to sy_api;
         alter table messages no force row level security",
        &["messages does not force it on its owner"],
    ),
    (
        "alter table messages force row level security; grant select on meta to public",
        &["meta is open to everybody"],
    ),
    (
        "revoke select on meta from public;
         create function peek() returns bigint language sql security definer as 'select count(*) from public.messages'",
        &["peek runs with the eyes of its owner"],
    ),
];

#[tokio::test]
async fn every_table_has_its_walls_and_a_new_one_without_them_is_named() {
    let bench = Bench::postgres().await;
    let mut conn = bench.store.read().await.unwrap();
    let Engine::Postgres(connection) = conn.engine() else {
        panic!("this test is about Postgres");
    };
    let found = complaints(connection).await;
    assert!(found.is_empty(), "{found:#?}");
    for (sql, expected) in ADDED {
        sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap();
        assert_eq!(complaints(connection).await, expected, "after {sql}");
    }
    drop(conn);
    bench.end().await;
}
