//! The fence: every write of a shard names the epoch under which it holds the session, and a stale one is refused.

use std::collections::HashSet;

use switchyard_core::{BusinessId, SessionId};
use uuid::Uuid;

use crate::run::{fetch_all, fetch_optional, hex};
use crate::statement::statements;
use crate::{Error, Result, Tx};

statements! {
    /// The share lock makes an adoption wait for this transaction, or this one see the adoption:
    /// a bare comparison would let a batch that began before the adoption commit after it.
    CHECK = {
        sqlite: "select epoch from session_leases
            where session_id = $1 and business_id = $2 and epoch = $3 and incarnation is not null",
        postgres: "select epoch from session_leases
            where session_id = $1 and business_id = $2 and epoch = $3 and incarnation is not null
            for key share",
    };

    /// The same for many at once: those whose epoch is the present one.
    STANDING: across_tenants = {
        sqlite: "select lease.session_id, lease.epoch from json_each($1) as member
                cross join session_leases as lease on lease.session_id = unhex(member.value ->> 0)
            where lease.business_id = unhex(member.value ->> 1) and lease.epoch = member.value ->> 2
                and lease.incarnation is not null",
        postgres: "select lease.session_id, lease.epoch from session_leases as lease
            join (select (value ->> 0)::uuid as session_id, (value ->> 1)::uuid as business_id,
                    (value ->> 2)::bigint as epoch from json_array_elements($1::json)) as member
                on member.session_id = lease.session_id and member.business_id = lease.business_id
                and member.epoch = lease.epoch
            where lease.session_id = any (array(select (value ->> 0)::uuid from json_array_elements($1::json)))
                and lease.incarnation is not null
            order by lease.session_id for key share of lease",
    };
}

/// A session held under an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// The session.
    pub session: SessionId,
    /// The business that owns it.
    pub business: BusinessId,
    /// The epoch that began when this holder took it.
    pub epoch: i64,
}

impl Held {
    /// [`Error::Fenced`] unless this epoch is still the session's. The first statement of a fenced verb;
    /// until the transaction ends nobody else can take the session.
    pub async fn check(&self, tx: &mut Tx) -> Result<()> {
        if tx.is_current(self) {
            return Ok(());
        }
        let current = fetch_optional!(
            tx,
            (i64,),
            CHECK,
            self.session.uuid(),
            self.business.uuid(),
            self.epoch
        )?;
        if current.is_none() {
            return Err(Error::Fenced);
        }
        tx.note_current(*self);
        Ok(())
    }
}

/// Those of these epochs that stand. Until the transaction ends nobody else can take their sessions.
pub(crate) async fn standing(
    tx: &mut Tx,
    all: impl Iterator<Item = Held> + Send,
) -> Result<HashSet<Held>> {
    let (mut standing, asked): (HashSet<Held>, HashSet<Held>) =
        all.partition(|it| tx.is_current(it));
    if asked.is_empty() {
        return Ok(standing);
    }
    let rows: Vec<(String, String, i64)> = asked
        .iter()
        .map(|it| (hex(it.session.uuid()), hex(it.business.uuid()), it.epoch))
        .collect();
    let rows = serde_json::to_string(&rows)?;
    let found = fetch_all!(tx, (Uuid, i64), STANDING, rows.as_str())?;
    let found: HashSet<(Uuid, i64)> = found.into_iter().collect();
    for held in asked {
        if found.contains(&(held.session.uuid(), held.epoch)) {
            tx.note_current(held);
            standing.insert(held);
        }
    }
    Ok(standing)
}
