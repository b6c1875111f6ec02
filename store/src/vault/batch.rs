//! One transaction's worth of writes: the fence over all its sessions first, then the writes.

use std::sync::Arc;

use uuid::Uuid;

use super::mapping::{LEARN, Mapping};
use super::rounds;
use super::row::{Row, Write};
use super::sql;
use crate::run::execute;
use crate::{Error, Held, Result, Tx, fence};

/// One session's part of a batch.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) held: Held,
    pub(super) writes: Arc<Vec<Write>>,
}

/// How many rows each write of each member deleted (but for single rows, which are not counted), or why a member wrote nothing.
pub(super) type Answers = Vec<Result<Vec<u64>>>;

/// Makes the writes of every member whose epoch is the present one, each member's in order; the others get
/// [`Error::Fenced`] and nothing of theirs is written.
pub(super) async fn write_members(tx: &mut Tx, members: &[Member]) -> Result<Answers> {
    let standing = fence::standing(tx, members.iter().map(|it| it.held)).await?;
    let mut answers: Answers = members
        .iter()
        .map(|member| {
            if standing.contains(&member.held) {
                Ok(vec![0; member.writes.len()])
            } else {
                Err(Error::Fenced)
            }
        })
        .collect();
    rounds::run(tx, members, &mut answers).await?;
    Ok(answers)
}

/// Makes one write that goes alone, and answers how many rows it deleted.
pub(super) async fn write_one(tx: &mut Tx, session: Uuid, write: &Write) -> Result<u64> {
    match write {
        Write::Put(row) => upsert(tx, session, row, &sql::PUT).await,
        Write::Merge(row) => upsert(tx, session, row, &sql::MERGE).await,
        Write::Delete { space, key, sub } => {
            execute!(tx, sql::DELETE, session, space, key, sub)?;
            Ok(0)
        }
        Write::DeleteKey { space, key } => execute!(tx, sql::DELETE_KEY, session, space, key),
        Write::DeleteSub { space, sub } => execute!(tx, sql::DELETE_SUB, session, space, sub),
        Write::DeleteSpace { space } => execute!(tx, sql::DELETE_SPACE, session, space),
        Write::DeleteBefore { space, before } => {
            execute!(tx, sql::DELETE_BEFORE, session, space, before.ms())
        }
        Write::Learn(mapping) => learn(tx, session, mapping).await,
    }
}

async fn upsert(
    tx: &mut Tx,
    session: Uuid,
    row: &Row,
    sql: &'static crate::statement::Sql,
) -> Result<u64> {
    execute!(
        tx,
        sql,
        session,
        row.space,
        row.key.as_slice(),
        row.sub.as_slice(),
        row.n,
        row.expires_at,
        row.sealed.as_slice()
    )?;
    Ok(0)
}

async fn learn(tx: &mut Tx, session: Uuid, mapping: &Mapping) -> Result<u64> {
    execute!(
        tx,
        LEARN,
        session,
        &mapping.lid,
        &mapping.phone,
        &mapping.source,
        mapping.created_at.ms(),
        mapping.updated_at.ms()
    )?;
    Ok(0)
}
