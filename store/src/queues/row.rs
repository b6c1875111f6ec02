//! The stored form of a queue's minutes.

use switchyard_core::Timestamp;
use switchyard_core::queue::Queue;

use super::standing::Minute;

#[derive(sqlx::FromRow)]
pub(super) struct MinuteRow {
    queue: String,
    minute: i64,
    done: i64,
    failed: i64,
    dead: i64,
    depth: Option<i64>,
    oldest_ms: Option<i64>,
}

impl MinuteRow {
    /// `None` for a queue of a newer version.
    pub(super) fn into_minute(self) -> Option<(Queue, Minute)> {
        let minute = Minute {
            at: Timestamp(self.minute),
            done: self.done,
            failed: self.failed,
            dead: self.dead,
            depth: self.depth,
            oldest_ms: self.oldest_ms,
        };
        Queue::parse(&self.queue).map(|queue| (queue, minute))
    }
}
