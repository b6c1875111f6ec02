//! Many sessions' writes in few statements.
//!
//! A session's writes keep their order; those of different sessions touch different rows. So each round takes from
//! every session its next writes of one kind, and all of a kind go as one statement; on SQLite the rows that are put,
//! which are most, go in a few, and all else goes alone.

use std::collections::{BTreeMap, HashMap, VecDeque};

use sqlx::{PgConnection, SqliteConnection};
use uuid::Uuid;

use super::batch::{Answers, Member, write_one};
use super::mapping::{LEARN, Mapping};
use super::row::{Row, Write};
use super::sql;
use crate::run::answered;
use crate::statement::Sql;
use crate::{Engine, Result, Tx};

/// A write and whose it is: the member, and the write's place in the member.
struct Turn<'m> {
    session: Uuid,
    member: usize,
    at: usize,
    write: &'m Write,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Put,
    Merge,
    Delete,
    Learn,
    Alone,
}

impl Kind {
    const fn of(write: &Write) -> Self {
        match write {
            Write::Put(_) => Self::Put,
            Write::Merge(_) => Self::Merge,
            Write::Delete { .. } => Self::Delete,
            Write::Learn(_) => Self::Learn,
            Write::DeleteKey { .. }
            | Write::DeleteSub { .. }
            | Write::DeleteSpace { .. }
            | Write::DeleteBefore { .. } => Self::Alone,
        }
    }
}

/// A row's full key, within a batch.
type RowKey<'m> = (Uuid, &'static str, &'m [u8], &'m [u8]);

/// Rows of a statement: the last write of a row wins, for no statement may change a row twice.
#[derive(Default)]
struct Round<'m> {
    puts: HashMap<RowKey<'m>, &'m Row>,
    merges: Vec<Turn<'m>>,
    deletes: Vec<RowKey<'m>>,
    mappings: BTreeMap<(Uuid, &'m str), &'m Mapping>,
    alone: Vec<Turn<'m>>,
}

pub(super) async fn run(tx: &mut Tx, members: &[Member], answers: &mut Answers) -> Result<()> {
    let mut queues = queues(members, answers);
    let only_puts = matches!(tx.engine(), Engine::Sqlite(_));
    while !queues.is_empty() {
        let mut round = Round::default();
        for queue in queues.values_mut() {
            round.take(queue, only_puts);
        }
        queues.retain(|_, queue| !queue.is_empty());
        let (changed, alone) = round.write(tx).await?;
        tx.changed(changed);
        for turn in alone {
            let count = write_one(tx, turn.session, turn.write).await?;
            if let Some(Ok(counts)) = answers.get_mut(turn.member)
                && let Some(slot) = counts.get_mut(turn.at)
            {
                *slot = count;
            }
        }
    }
    Ok(())
}

/// Each session's writes in order, of the members that the fence let pass.
fn queues<'m>(members: &'m [Member], answers: &Answers) -> BTreeMap<Uuid, VecDeque<Turn<'m>>> {
    let mut queues: BTreeMap<Uuid, VecDeque<Turn<'m>>> = BTreeMap::new();
    for (index, (member, answer)) in members.iter().zip(answers).enumerate() {
        if answer.is_err() {
            continue;
        }
        let session = member.held.session.uuid();
        let turns = member.writes.iter().enumerate().map(|(at, write)| Turn {
            session,
            member: index,
            at,
            write,
        });
        queues.entry(session).or_default().extend(turns);
    }
    queues.retain(|_, queue| !queue.is_empty());
    queues
}

impl<'m> Round<'m> {
    /// Takes a session's next writes of one kind. A merge depends on what is there, so a row's second merge
    /// waits for the next round. `only_puts`: whatever else there is goes alone.
    fn take(&mut self, queue: &mut VecDeque<Turn<'m>>, only_puts: bool) {
        let Some(kind) = queue.front().map(|turn| Kind::of(turn.write)) else {
            return;
        };
        let mut merged: Vec<RowKey<'m>> = Vec::new();
        while let Some(turn) = queue.pop_front_if(|it| Kind::of(it.write) == kind) {
            match turn.write {
                Write::Put(row) => {
                    self.puts.insert(key_of(turn.session, row), row);
                }
                _ if only_puts => self.alone.push(turn),
                Write::Merge(row) if merged.contains(&key_of(turn.session, row)) => {
                    queue.push_front(turn);
                    return;
                }
                Write::Merge(row) => {
                    merged.push(key_of(turn.session, row));
                    self.merges.push(turn);
                }
                Write::Delete { space, key, sub } => {
                    self.deletes.push((turn.session, space, key, sub));
                }
                Write::Learn(mapping) => {
                    self.mappings.insert((turn.session, &mapping.lid), mapping);
                }
                _ => self.alone.push(turn),
            }
        }
    }

    /// Writes all but what goes alone, and answers how many rows changed, and what is left.
    async fn write(self, tx: &mut Tx) -> Result<(u64, Vec<Turn<'m>>)> {
        let mut puts: Vec<_> = self.puts.into_iter().collect();
        puts.sort_unstable_by_key(|(key, _)| *key);
        let patience = tx.patience();
        let connection = match tx.engine() {
            Engine::Sqlite(connection) => return Ok((put(connection, &puts).await?, self.alone)),
            Engine::Postgres(connection) => connection,
        };
        let mut merges: Vec<_> = self
            .merges
            .iter()
            .filter_map(|turn| match turn.write {
                Write::Merge(row) => Some((key_of(turn.session, row), row)),
                _ => None,
            })
            .collect();
        merges.sort_unstable_by_key(|(key, _)| *key);
        let mut deletes = self.deletes;
        deletes.sort_unstable();
        let changed = async {
            let counts = [
                upsert(connection, &sql::PUT, &puts).await?,
                upsert(connection, &sql::MERGE, &merges).await?,
                delete(connection, &deletes).await?,
                learn(connection, &self.mappings).await?,
            ];
            Ok(counts.iter().sum())
        };
        Ok((answered(patience, changed).await?, self.alone))
    }
}

/// Puts rows on SQLite, as many at once as there is a statement for.
async fn put(connection: &mut SqliteConnection, mut rows: &[(RowKey<'_>, &Row)]) -> Result<u64> {
    let mut changed = 0_u64;
    for (size, sql) in [(8, &sql::PUT_EIGHT), (2, &sql::PUT_TWO), (1, &sql::PUT)] {
        let mut parts = rows.chunks_exact(size);
        for part in parts.by_ref() {
            let mut query = sqlx::query(sql.sqlite);
            for ((session, space, key, sub), row) in part {
                query = query
                    .bind(*session)
                    .bind(*space)
                    .bind(*key)
                    .bind(*sub)
                    .bind(row.n)
                    .bind(row.expires_at)
                    .bind(row.sealed.as_slice());
            }
            let done = query.execute(&mut *connection).await?;
            changed = changed.saturating_add(done.rows_affected());
        }
        rows = parts.remainder();
    }
    Ok(changed)
}

fn key_of(session: Uuid, row: &Row) -> RowKey<'_> {
    (session, row.space, &row.key, &row.sub)
}

async fn upsert(
    connection: &mut PgConnection,
    sql: &'static Sql,
    rows: &[(RowKey<'_>, &Row)],
) -> sqlx::Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(sql.postgres)
        .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.2).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.3).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.n).collect::<Vec<_>>())
        .bind(
            rows.iter()
                .map(|(_, row)| row.expires_at)
                .collect::<Vec<_>>(),
        )
        .bind(
            rows.iter()
                .map(|(_, row)| row.sealed.as_slice())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

async fn delete(connection: &mut PgConnection, rows: &[RowKey<'_>]) -> sqlx::Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(sql::DELETE.postgres)
        .bind(rows.iter().map(|key| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|key| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|key| key.2).collect::<Vec<_>>())
        .bind(rows.iter().map(|key| key.3).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

async fn learn(
    connection: &mut PgConnection,
    mappings: &BTreeMap<(Uuid, &str), &Mapping>,
) -> sqlx::Result<u64> {
    if mappings.is_empty() {
        return Ok(0);
    }
    let (keys, values): (Vec<_>, Vec<&Mapping>) = mappings
        .iter()
        .map(|(key, mapping)| (*key, *mapping))
        .unzip();
    let (sessions, lids): (Vec<Uuid>, Vec<&str>) = keys.into_iter().unzip();
    let (phones, sources): (Vec<&str>, Vec<&str>) = values
        .iter()
        .map(|it| (it.phone.as_str(), it.source.as_str()))
        .unzip();
    let (created, updated): (Vec<i64>, Vec<i64>) = values
        .iter()
        .map(|it| (it.created_at.ms(), it.updated_at.ms()))
        .unzip();
    let done = sqlx::query(LEARN.postgres)
        .bind(sessions)
        .bind(lids)
        .bind(phones)
        .bind(sources)
        .bind(created)
        .bind(updated)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
