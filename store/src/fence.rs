//! The fence: every write of a shard names the epoch under which it holds the session, and a stale one is refused.

use switchyard_core::{BusinessId, SessionId};

use crate::run::fetch_optional;
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
