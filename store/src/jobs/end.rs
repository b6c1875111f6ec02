//! How jobs end: recorded in batches, each under the fence of its claim.

use sqlx::SqliteConnection;
use switchyard_core::{JobId, Timestamp};
use uuid::Uuid;

use super::sql;
use crate::run::{answered, hex};
use crate::{Engine, Lane, Result, Store, Tx};

/// A batch may meet a push of the same unique key at the same instant; it is tried again so often.
pub(super) const MEETINGS: u32 = 5;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do.
    Done,
    /// To be tried again.
    RetryAt {
        /// Not before this.
        at: Timestamp,
        /// Why; kept as the last error.
        code: &'static str,
        /// Whether this attempt counts.
        counts: bool,
    },
    /// A dead letter.
    Dead {
        /// Why; kept as the last error.
        code: &'static str,
    },
}

impl End {
    /// The name that metrics show.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RetryAt { counts: true, .. } => "retry",
            Self::RetryAt { counts: false, .. } => "again",
            Self::Dead { .. } => "dead",
        }
    }
}

/// The end of one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The job.
    pub id: JobId,
    /// The fence of the claim.
    pub fence: i64,
    /// How it ended.
    pub end: End,
}

/// Records how claims ended. Those that were lost meanwhile are left to whoever has them; answers their number.
/// A job that would wait again while another waits with its unique key is done: that one does its work.
pub async fn finish(store: &Store, now: Timestamp, ends: Vec<Finished>) -> Result<u64> {
    let mut meetings = 0;
    loop {
        // An end that a crash of the server undid comes again with the job, which may run twice anyway.
        let outcome = store
            .write_relaxed(Lane::Messages, (now, ends.clone()), |tx, (now, ends)| {
                Box::pin(record(tx, *now, ends))
            })
            .await;
        match outcome {
            Err(error) if error.is_unique_violation() && meetings < MEETINGS => meetings += 1,
            Err(error) => return Err(error),
            Ok(recorded) => {
                let given = u64::try_from(ends.len()).unwrap_or(u64::MAX);
                return Ok(given.saturating_sub(recorded));
            }
        }
    }
}

/// Records ends inside a transaction; answers how many claims were still good.
pub(super) async fn record(tx: &mut Tx, now: Timestamp, ends: &[Finished]) -> Result<u64> {
    // In the order of ids, so that two batches never wait for each other's rows in a circle.
    let mut sorted: Vec<Finished> = ends.to_vec();
    sorted.sort_by_key(|it| it.id);
    let mut over = Over::default();
    let mut again = Again::default();
    for finished in &sorted {
        match finished.end {
            End::Done => over.push(finished, "done", None),
            End::Dead { code } => over.push(finished, "dead", Some(code)),
            End::RetryAt { at, code, counts } => again.push(finished, at, code, counts),
        }
    }
    let recorded = over
        .record(tx, now)
        .await?
        .saturating_add(again.record(tx, now).await?);
    tx.changed(recorded);
    Ok(recorded)
}

/// Claims that end for good, by column.
#[derive(Default)]
struct Over {
    ids: Vec<Uuid>,
    fences: Vec<i64>,
    states: Vec<&'static str>,
    codes: Vec<Option<&'static str>>,
}

impl Over {
    fn push(&mut self, finished: &Finished, state: &'static str, code: Option<&'static str>) {
        self.ids.push(finished.id.uuid());
        self.fences.push(finished.fence);
        self.states.push(state);
        self.codes.push(code);
    }

    async fn record(self, tx: &mut Tx, now: Timestamp) -> Result<u64> {
        if self.ids.is_empty() {
            return Ok(0);
        }
        let patience = tx.patience();
        match tx.engine() {
            Engine::Postgres(connection) => {
                let done = sqlx::query(sql::FINISH.postgres)
                    .bind(self.ids)
                    .bind(self.fences)
                    .bind(self.states)
                    .bind(self.codes)
                    .bind(now.ms())
                    .execute(connection);
                let done = answered(patience, done).await?;
                Ok(done.rows_affected())
            }
            Engine::Sqlite(connection) => {
                let done = sqlx::query(sql::FINISH.sqlite)
                    .bind(self.as_json()?)
                    .bind(now.ms())
                    .execute(connection)
                    .await?;
                Ok(done.rows_affected())
            }
        }
    }

    fn as_json(&self) -> Result<String> {
        let named = self.ids.iter().zip(&self.fences);
        let rows: Vec<(String, i64, &str, Option<&str>)> = named
            .zip(self.states.iter().zip(&self.codes))
            .map(|((id, fence), (state, code))| (hex(*id), *fence, *state, *code))
            .collect();
        Ok(serde_json::to_string(&rows)?)
    }
}

/// Claims that end for now, by column.
#[derive(Default)]
struct Again {
    ids: Vec<Uuid>,
    fences: Vec<i64>,
    run_ats: Vec<i64>,
    codes: Vec<&'static str>,
    /// What the attempts are lowered by.
    uncounted: Vec<i64>,
}

impl Again {
    fn push(&mut self, finished: &Finished, at: Timestamp, code: &'static str, counts: bool) {
        self.ids.push(finished.id.uuid());
        self.fences.push(finished.fence);
        self.run_ats.push(at.ms());
        self.codes.push(code);
        self.uncounted.push(i64::from(!counts));
    }

    async fn record(self, tx: &mut Tx, now: Timestamp) -> Result<u64> {
        if self.ids.is_empty() {
            return Ok(0);
        }
        let patience = tx.patience();
        match tx.engine() {
            Engine::Postgres(connection) => {
                let done = sqlx::query(sql::RETRY.postgres)
                    .bind(self.ids)
                    .bind(self.fences)
                    .bind(self.run_ats)
                    .bind(self.codes)
                    .bind(self.uncounted)
                    .bind(now.ms())
                    .execute(connection);
                let done = answered(patience, done).await?;
                Ok(done.rows_affected())
            }
            Engine::Sqlite(connection) => self.record_in_turn(connection, now).await,
        }
    }

    async fn record_in_turn(
        self,
        connection: &mut SqliteConnection,
        now: Timestamp,
    ) -> Result<u64> {
        let mut recorded = 0_u64;
        let named = self.ids.iter().zip(self.fences).zip(self.run_ats);
        for (((id, fence), run_at), (code, uncounted)) in
            named.zip(self.codes.iter().zip(self.uncounted))
        {
            let twin: Option<(i64,)> = sqlx::query_as(sql::HAS_TWIN.sqlite)
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?;
            let done = sqlx::query(sql::RETRY.sqlite)
                .bind(id)
                .bind(fence)
                .bind(run_at)
                .bind(code)
                .bind(uncounted)
                .bind(now.ms())
                .bind(twin.is_some())
                .execute(&mut *connection)
                .await?;
            recorded = recorded.saturating_add(done.rows_affected());
        }
        Ok(recorded)
    }
}
