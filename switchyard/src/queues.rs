//! `switchyard queues`: how the queues stand, and pausing one.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use store::Store;
use store::audit::Actor;
use store::jobs::Count;
use store::queues::Standing;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};

use crate::installation::Installation;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{runtime, telemetry};

/// What can be done with queues.
#[derive(Debug, Subcommand)]
pub(crate) enum Queues {
    /// Show every queue: how deep, how old, how fast, paused or not.
    List(Box<Settings>),
    /// Pause a queue: what runs is finished, what comes in waits.
    Pause(Box<OneQueue>),
    /// Let a paused queue go on.
    Resume(Box<OneQueue>),
}

/// Which one, and by whom.
#[derive(Debug, Args)]
pub(crate) struct OneQueue {
    /// The queue.
    #[arg(value_parser = queue)]
    queue: Queue,
    /// The business in whose audit log it is noted, `biz_…`: the operator's own.
    #[arg(long, value_parser = business)]
    business: BusinessId,
    #[command(flatten)]
    settings: Settings,
}

fn queue(word: &str) -> Result<Queue, String> {
    let names = Queue::ALL.map(Queue::name).join(", ");
    Queue::parse(word).ok_or_else(|| format!("the queues are {names}"))
}

fn business(word: &str) -> Result<BusinessId, String> {
    word.parse()
        .map_err(|_not_an_id| "write it as biz_…".to_owned())
}

/// Runs to the end.
pub(crate) fn run(queues: &Queues) -> Result<(), Refusal> {
    match queues {
        Queues::List(settings) => with(settings, async |store| {
            let now = Timestamp::now();
            let counts = store::jobs::counts(store, now).await?;
            let standing = store::queues::standing(store, now).await?;
            write!(io::stdout(), "{}", table(now, &standing, &counts))?;
            Ok(())
        }),
        Queues::Pause(one) => with(&one.settings, async |store| set(store, one, true).await),
        Queues::Resume(one) => with(&one.settings, async |store| set(store, one, false).await),
    }
}

fn with(
    settings: &Settings,
    act: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> Result<(), Refusal> {
    telemetry::start(&settings.log)?;
    runtime::run(async {
        let (installation, _folder) = Box::pin(Installation::alone(settings)).await?;
        act(&installation.store).await?;
        installation.store.close().await;
        Ok(())
    })
}

async fn set(store: &Store, one: &OneQueue, paused: bool) -> anyhow::Result<()> {
    let (now, by, name) = (Timestamp::now(), Actor::system(), one.queue.name());
    let changed = store::queues::pause(store, now, by, one.business, one.queue, paused).await?;
    let standing = if paused { "paused" } else { "going on" };
    let sentence = if changed { "is now" } else { "was already" };
    say(&format!("{name} {sentence} {standing}"));
    Ok(())
}

/// A line per queue.
fn table(now: Timestamp, standing: &[Standing], counts: &[Count]) -> String {
    let head = format!(
        "{:<14} {:>9} {:>8} {:>9} {:>7} {:>8} {:>8}\n",
        "queue", "waiting", "running", "oldest s", "dead", "out/s", "failed/s"
    );
    let lines = standing.iter().map(|it| line(now, it, counts));
    std::iter::once(head).chain(lines).collect()
}

fn line(now: Timestamp, it: &Standing, counts: &[Count]) -> String {
    let count = counts.iter().find(|count| count.queue == it.queue);
    let count = count.copied().unwrap_or(Count::nothing(it.queue));
    let rates = it.rates(now, count.waiting.saturating_add(count.running));
    let oldest = count.oldest.map_or(0, |since| now.since(since).as_secs());
    let paused = if it.paused_at.is_some() {
        "  paused"
    } else {
        ""
    };
    format!(
        "{:<14} {:>9} {:>8} {oldest:>9} {:>7} {:>8.1} {:>8.1}{paused}\n",
        it.queue.name(),
        count.waiting,
        count.running,
        count.dead,
        rates.leaving,
        rates.failing,
    )
}

#[cfg(test)]
mod tests {
    use store::queues::Totals;

    use super::*;

    #[test]
    fn every_queue_is_a_line_and_a_paused_one_says_so() {
        let now = Timestamp(1_763_726_400_000);
        let standing = |queue| Standing {
            queue,
            paused_at: (queue == Queue::Low).then_some(now),
            totals: Totals::default(),
            latest: Vec::new(),
        };
        let all = Queue::ALL.map(standing);
        let mut deep = Count::nothing(Queue::High);
        deep.waiting = 1_200;
        deep.oldest = Some(now.minus(std::time::Duration::from_secs(7)));
        let text = table(now, &all, &[deep]);
        assert_eq!(text.lines().count(), Queue::ALL.len() + 1);
        let of = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        let high: Vec<&str> = of("high").split_whitespace().collect();
        assert_eq!(high, ["high", "1200", "0", "7", "0", "0.0", "0.0"]);
        assert!(of("low").ends_with("paused") && !of("high").ends_with("paused"));
    }

    #[test]
    fn a_queue_that_is_none_is_answered_with_the_list() {
        assert!(queue("swift").unwrap_err().contains("recordings"));
        assert_eq!(queue("receipts").unwrap(), Queue::Receipts);
    }
}
