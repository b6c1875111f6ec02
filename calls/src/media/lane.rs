//! What waits to be sent over one socket: bounded, in order, and woken when there is something.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// A queue between a reader and a writer.
#[derive(Debug)]
pub(super) struct Lane<T> {
    waiting: Mutex<(VecDeque<T>, bool)>,
    most: usize,
    filled: Notify,
    drained: Notify,
}

impl<T> Lane<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            waiting: Mutex::new((VecDeque::new(), false)),
            most,
            filled: Notify::new(),
            drained: Notify::new(),
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut VecDeque<T>, &mut bool) -> R) -> R {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (queue, closed) = &mut *waiting;
        act(queue, closed)
    }

    /// Puts something at the end. When it is full the oldest one goes: whoever listens live hears the present. `false`:
    /// one went.
    pub(super) fn push_newest(&self, item: T) -> bool {
        let kept = self.with(|queue, _| {
            let kept = queue.len() < self.most || queue.pop_front().is_none();
            queue.push_back(item);
            kept
        });
        self.filled.notify_one();
        kept
    }

    /// Puts something at the end, whatever is there.
    pub(super) fn push(&self, item: T) {
        self.with(|queue, _| queue.push_back(item));
        self.filled.notify_one();
    }

    /// Whether there is no room.
    pub(super) fn is_full(&self) -> bool {
        self.with(|queue, _| queue.len() >= self.most)
    }

    /// Waits for room.
    pub(super) async fn room(&self) {
        while self.is_full() {
            self.drained.notified().await;
        }
    }

    /// Forgets what waits, but for what `keep` says; the order stays.
    pub(super) fn retain(&self, keep: impl FnMut(&T) -> bool) {
        self.with(|queue, _| queue.retain(keep));
        self.drained.notify_one();
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.with(|_, closed| *closed = true);
        self.filled.notify_one();
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.with(|queue, _| queue.is_empty())
    }

    /// The next one; `None` after the last.
    pub(super) async fn next(&self) -> Option<T> {
        loop {
            let (item, closed) = self.with(|queue, closed| (queue.pop_front(), *closed));
            if item.is_some() {
                self.drained.notify_one();
                return item;
            }
            if closed {
                return None;
            }
            self.filled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_lane_loses_its_oldest_and_a_closed_one_ends_after_its_last() {
        let lane = Lane::new(2);
        assert!(lane.push_newest(1) && lane.push_newest(2));
        assert!(!lane.push_newest(3));
        lane.close();
        assert_eq!(lane.next().await, Some(2));
        assert_eq!(lane.next().await, Some(3));
        assert_eq!(lane.next().await, None);
    }

    #[tokio::test]
    async fn whoever_waits_for_room_has_it_when_something_is_taken_or_forgotten() {
        let lane = std::sync::Arc::new(Lane::new(1));
        for forget in [false, true] {
            lane.push(1);
            let waits = std::sync::Arc::clone(&lane);
            let waiting = tokio::spawn(async move { waits.room().await });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            if forget {
                lane.retain(|_| false);
            } else {
                lane.next().await;
            }
            waiting.await.unwrap();
        }
    }
}
