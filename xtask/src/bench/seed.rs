//! A million stored messages of several businesses, by statements on sets.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::postgres::Cluster;
use crate::step::say;

use super::http::Http;

/// How much is stored, as the statements below say it.
pub(super) const MESSAGES: &str = "1,000,000";
pub(super) const EVENTS_EACH: usize = 50_000;

/// Pages of the list of chats that a load looks at.
const PAGES: usize = 4;

/// What is stored, as the API names it.
pub(super) struct Seeded {
    pub(super) businesses: Vec<Business>,
}

/// One business that has messages.
pub(super) struct Business {
    /// The API with its key.
    pub(super) api: Http,
    pub(super) chats: Vec<String>,
    /// Paths of its first pages of chats.
    pub(super) pages: Vec<String>,
}

/// Four businesses with a session that is not connected: the first is the one that was set up, the others are made
/// here, each with a key. 2,500 chats each, with a contact, 100 messages in turn from both sides, over the last month;
/// 50,000 events, over the last days. Ids begin with their instant, as ours do.
const STORE: &str = r#"
create function pg_temp.id(ms bigint, name text) returns uuid language sql immutable as $$
    select (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(name), 1, 3) || '8' || substr(md5(name), 4, 15))::uuid $$;
create temp table shape as
    select (extract(epoch from now()) * 1000)::bigint as now_ms, 86400000::bigint as day;
create temp table seeded as
    select 0 as n, id, 'sk_bench_0' as secret from businesses
    union all
    select n, pg_temp.id(now_ms, 'business ' || n), 'sk_bench_' || n from shape, generate_series(1, 3) as n;
begin;
insert into businesses (id, name, status, created_at)
    select id, 'Business ' || n, 'active', now_ms from seeded, shape where n > 0;
insert into api_keys (id, business_id, name, secret_hash, hint, scopes, per_second, burst, created_at)
    select pg_temp.id(now_ms, 'key ' || n), id, 'benchmark', sha256(secret::bytea), right(secret, 4),
        '["messages:read","events:read"]', 100000, 100000, now_ms from seeded, shape;
insert into sessions (id, business_id, name, phone, state, reason, since, wanted, wanted_at, paired, created_at)
    select pg_temp.id(now_ms - 40 * day, 'session ' || n), id, 'Old number', '1444000000' || n,
        'disconnected', 'by_user', now_ms, 'disconnected', now_ms, false, now_ms - 40 * day from seeded, shape;
create temp table places as
    select n, c, id as business_id, pg_temp.id(now_ms - 40 * day, 'session ' || n) as session_id,
        pg_temp.id(now_ms - 40 * day, 'contact ' || n || '.' || c) as contact_id,
        pg_temp.id(now_ms - 31 * day, 'chat ' || n || '.' || c) as chat_id,
        now_ms - 31 * day + c as begun
    from seeded, shape, generate_series(1, 2500) as c;
insert into contacts (id, business_id, phone, push_name, labels, created_at, updated_at)
    select contact_id, business_id, '1999' || n || lpad(c::text, 6, '0'), 'Customer ' || c, '[]', begun, begun from places;
create temp table lines as
    select *, begun + p * (30 * day / 100) + p as at, p % 2 = 0 as ours,
        pg_temp.id(begun + p * (30 * day / 100) + p, 'message ' || n || '.' || c || '.' || p) as message_id
    from places, shape, generate_series(1, 100) as p;
insert into chats (id, business_id, session_id, contact_id, kind, unread, last_position, last_message_id,
        last_message_at, created_at)
    select chat_id, business_id, session_id, contact_id, 'person', 0, p, message_id, at, begun from lines where p = 100;
insert into messages (id, business_id, session_id, chat_id, contact_id, sender_key, wa_id, direction, kind, text,
        status, source, position, expires_at, created_at, sent_at, delivered_at, read_at, read_told)
    select message_id, business_id, session_id, chat_id, contact_id,
        case when ours then 'me' else contact_id::text end, '3EB0' || upper(substr(md5(message_id::text), 1, 18)),
        case when ours then 'outbound' else 'inbound' end, 'text',
        'This is line ' || p || ' of a conversation about an order, as people write them.', 'read',
        case when ours then 'api' end, p, case when ours then at + day end, at,
        case when ours then at + 300 end, case when ours then at + 900 end, at + 60000, not ours
    from lines order by at;
create temp table heads as
    select seeded.*, coalesce((select seq from event_heads where business_id = seeded.id), 0) as seq from seeded;
insert into events (business_id, seq, id, session_id, kind, at, data)
    select heads.id, heads.seq + e, pg_temp.id(now_ms - 4 * day + e * 6000, 'event ' || n || '.' || e), null,
        'message.status', now_ms - 4 * day + e * 6000,
        json_build_object('id', 'msg_' || md5(e::text), 'session_id', 'ses_' || md5(n::text),
            'chat_id', 'chat_' || md5((e % 2500)::text), 'wa_id', '3EB0' || upper(substr(md5(e::text), 1, 18)),
            'direction', 'outbound', 'kind', 'text', 'from', '+1444000000' || n, 'to', '+1999' || lpad(e::text, 7, '0'),
            'text', 'This is a line of a conversation about an order, as people write them.', 'media', null,
            'reply_to', null, 'status', 'delivered', 'error', null, 'source', 'api', 'position', e % 100,
            'expires_at', '2026-11-22T10:00:00.000Z', 'created_at', '2026-11-21T10:00:00.000Z',
            'sent_at', '2026-11-21T10:00:00.300Z', 'delivered_at', '2026-11-21T10:00:00.900Z', 'read_at', null)::text
    from heads, shape, generate_series(1, 50000) as e;
insert into event_heads (business_id, seq) select id, seq + 50000 from heads
    on conflict (business_id) do update set seq = event_heads.seq + 50000;
commit;
vacuum analyze;
checkpoint;
"#;

/// Stores everything and learns how the API names it.
pub(super) fn store(postgres: &Cluster, api: &Http) -> Result<Seeded> {
    let start = Instant::now();
    postgres.sql(STORE)?;
    let messages = postgres.sql(
        "select count(*) from messages join sessions on sessions.id = messages.session_id where sessions.name = 'Old number'",
    )?;
    ensure!(messages == "1000000", "{messages} messages are stored");
    let rows = postgres.sql(
        "select right(sessions.phone, 1), replace(chats.id::text, '-', '')
            from chats join sessions on sessions.id = chats.session_id where sessions.name = 'Old number' order by 1, 2",
    )?;
    let mut businesses = Vec::new();
    for number in 0..4 {
        let mut business = Business {
            api: api.with_key(&format!("sk_bench_{number}")),
            chats: Vec::new(),
            pages: Vec::new(),
        };
        for row in rows.lines() {
            let (of, chat) = row.split_once('|').context("two columns")?;
            if of == number.to_string() {
                business.chats.push(format!("chat_{chat}"));
            }
        }
        business.find_pages()?;
        businesses.push(business);
    }
    say(&format!(
        "  {MESSAGES} messages stored in {:.0} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(Seeded { businesses })
}

impl Business {
    /// As a person finds them: from page to page.
    fn find_pages(&mut self) -> Result<()> {
        let mut path = "/v1/chats".to_owned();
        for _ in 0..PAGES {
            let page = self.api.get(&path)?;
            self.pages.push(path);
            let cursor = page.get("next_cursor").and_then(serde_json::Value::as_str);
            let cursor = cursor.context("a business with few chats")?;
            path = format!("/v1/chats?cursor={cursor}");
        }
        Ok(())
    }
}
