//! One transaction's worth of writes: the fence over all its sessions first, then the writes.

use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;

use super::mapping::{LEARN, Mapping};
use super::rounds;
use super::row::{Row, Write};
use super::sql;
use crate::run::execute;
use crate::{Engine, Error, Held, Result, Tx};

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
    let held = lock(tx, members).await?;
    let mut answers: Answers = members
        .iter()
        .map(|member| {
            let (session, epoch) = (member.held.session.uuid(), member.held.epoch);
            if held.contains(&(session, epoch)) {
                Ok(vec![0; member.writes.len()])
            } else {
                Err(Error::Fenced)
            }
        })
        .collect();
    match tx.engine() {
        Engine::Sqlite(_) => one_by_one(tx, members, &mut answers).await?,
        Engine::Postgres(_) => rounds::run(tx, members, &mut answers).await?,
    }
    Ok(answers)
}

/// The sessions and epochs of the batch that stand; until the transaction ends nobody else can take them.
async fn lock(tx: &mut Tx, members: &[Member]) -> Result<HashSet<(Uuid, i64)>> {
    let connection = match tx.engine() {
        Engine::Sqlite(_) => return check_each(tx, members).await,
        Engine::Postgres(connection) => connection,
    };
    let sessions: Vec<Uuid> = members.iter().map(|it| it.held.session.uuid()).collect();
    let businesses: Vec<Uuid> = members.iter().map(|it| it.held.business.uuid()).collect();
    let epochs: Vec<i64> = members.iter().map(|it| it.held.epoch).collect();
    let held: Vec<(Uuid, i64)> = sqlx::query_as(sql::HELD.postgres)
        .bind(sessions)
        .bind(businesses)
        .bind(epochs)
        .fetch_all(&mut *connection)
        .await?;
    Ok(held.into_iter().collect())
}

async fn check_each(tx: &mut Tx, members: &[Member]) -> Result<HashSet<(Uuid, i64)>> {
    let mut held = HashSet::new();
    for member in members {
        match member.held.check(tx).await {
            Ok(()) => held.insert((member.held.session.uuid(), member.held.epoch)),
            Err(Error::Fenced) => false,
            Err(error) => return Err(error),
        };
    }
    Ok(held)
}

async fn one_by_one(tx: &mut Tx, members: &[Member], answers: &mut Answers) -> Result<()> {
    for (member, answer) in members.iter().zip(answers) {
        let Ok(counts) = answer else { continue };
        let session = member.held.session.uuid();
        for (write, count) in member.writes.iter().zip(counts) {
            *count = write_one(tx, session, write).await?;
        }
    }
    Ok(())
}

/// Makes one write and answers how many rows it deleted. On Postgres only for those that go alone.
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
