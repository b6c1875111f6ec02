//! Doing one thing for many items from several threads.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;

/// Does `work` for each item, in their order, from so many threads; the answers come in no order. After the first
/// error nothing new is begun.
pub(super) fn side_by_side<I: Sync, T: Send>(
    threads: usize,
    items: &[I],
    work: impl Fn(&I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed)
                    && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let answer = work(item);
                    failed.fetch_or(answer.is_err(), Ordering::Relaxed);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(answer);
                }
            });
        }
    });
    done.into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        let items: Vec<u32> = (0..1_000).collect();
        let mut doubled = side_by_side(8, &items, |item| Ok(item * 2)).unwrap();
        doubled.sort_unstable();
        assert!(doubled.iter().copied().eq((0..1_000).map(|item| item * 2)));
    }

    #[test]
    fn an_error_ends_it() {
        let items: Vec<u32> = (0..1_000).collect();
        let worked = AtomicUsize::new(0);
        let answer = side_by_side(1, &items, |item| {
            worked.fetch_add(1, Ordering::Relaxed);
            anyhow::ensure!(*item != 3, "three");
            Ok(())
        });
        assert_eq!(answer.unwrap_err().to_string(), "three");
        assert_eq!(worked.into_inner(), 4);
    }
}
