//! `switchyard shard list`, `drain`, `undrain` and `move`: what operators do with shards, on the machine itself.

use std::time::Duration;

use clap::{Args, Subcommand};
use store::audit::Actor;
use store::shards::{self, Drain, Move, Shard};
use store::{Error, Store};
use switchyard_core::shard::{DrainState, MoveState};
use switchyard_core::{BusinessId, Timestamp};

use crate::installation::Installation;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{runtime, telemetry};

/// How often the progress is printed.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What can be done with shards.
#[derive(Debug, Subcommand)]
pub(crate) enum Shards {
    /// Print the shards with what they hold and how they do.
    List(Box<List>),
    /// Empty a shard, and wait until it is; it stays so until `undrain`.
    Drain(Box<Numbered>),
    /// Let a shard take sessions again; what has moved stays where it is for now.
    Undrain(Box<Numbered>),
    /// Move a business to a shard, and wait until it is there.
    Move(Box<MoveTo>),
}

/// Which installation.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    settings: Settings,
}

/// Which shard.
#[derive(Debug, Args)]
pub(crate) struct Numbered {
    /// The number of the shard.
    shard: u16,
    #[command(flatten)]
    settings: Settings,
}

/// Which business, and where to.
#[derive(Debug, Args)]
pub(crate) struct MoveTo {
    /// The id of the business, `biz_…`
    business: BusinessId,
    /// The number of the shard.
    shard: u16,
    /// Only say what that would do.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs to the end. Whoever stops it while it waits stops the waiting alone.
pub(crate) fn run(shards: &Shards) -> Result<(), Refusal> {
    let settings = match shards {
        Shards::List(list) => &list.settings,
        Shards::Drain(it) | Shards::Undrain(it) => &it.settings,
        Shards::Move(it) => &it.settings,
    };
    telemetry::start(&settings.log)?;
    runtime::run(async {
        let installation = Box::pin(Installation::joined(settings)).await?;
        let store = &installation.store;
        let done = match shards {
            Shards::List(_) => list(store).await,
            Shards::Drain(it) => drain(store, it.shard).await,
            Shards::Undrain(it) => undrain(store, it.shard).await,
            Shards::Move(it) => move_to(store, it).await,
        };
        installation.store.close().await;
        done
    })
}

async fn list(store: &Store) -> Result<(), Refusal> {
    say("shard  state     sessions  capacity  cpu    memory    messages/s  renewed");
    for shard in shards::list(store).await? {
        say(&line(&shard));
    }
    Ok(())
}

fn line(shard: &Shard) -> String {
    let figures = shard.figures;
    format!(
        "{:<5}  {:<8}  {:>8}  {:>8}  {:>3} %  {:>4} MiB  {:>10}  {} ms ago",
        shard.number,
        shard.state.name(),
        shard.sessions,
        shard.capacity,
        figures.cpu_milli / 10,
        figures.rss_bytes / (1 << 20),
        figures.messages_milli / 1_000,
        shard.lease_age.as_millis()
    )
}

async fn drain(store: &Store, number: u16) -> Result<(), Refusal> {
    let begun = shards::drain(store, Timestamp::now(), Actor::system(), None, number).await;
    let mut drain = begun
        .map_err(refused)?
        .ok_or_else(|| no_such_shard(number))?;
    let mut pace = tokio::time::interval(TELL_EVERY);
    loop {
        pace.tick().await;
        say(&drained(&drain));
        if drain.state == DrainState::Drained {
            return Ok(());
        }
        let now = shards::drain_of(store, Timestamp::now(), number).await?;
        drain = now.ok_or_else(|| Refusal::Setting(format!("shard {number} was taken back")))?;
    }
}

fn drained(drain: &Drain) -> String {
    let left = drain.seconds_left.filter(|seconds| *seconds > 0);
    let left = left.map_or_else(String::new, |seconds| format!(", {seconds} s left"));
    let Drain {
        number,
        state,
        moved,
        total,
        waiting_for_room,
        ..
    } = drain;
    let waiting = match waiting_for_room {
        0 => String::new(),
        waiting => format!(", {waiting} wait for room on another shard"),
    };
    format!(
        "shard {number}: {}, {moved} of {total} moved{left}{waiting}",
        state.name()
    )
}

async fn undrain(store: &Store, number: u16) -> Result<(), Refusal> {
    let undrained = shards::undrain(store, Timestamp::now(), Actor::system(), None, number).await?;
    undrained.ok_or_else(|| Refusal::Setting(format!("shard {number} was not drained")))?;
    say(&format!("shard {number} takes sessions again"));
    Ok(())
}

async fn move_to(store: &Store, asked: &MoveTo) -> Result<(), Refusal> {
    let (id, number, by) = (asked.business, asked.shard, Actor::system());
    let begun = shards::move_business(store, Timestamp::now(), by, id, number, asked.dry_run).await;
    let unknown = || Refusal::Setting(format!("there is no business {id}"));
    let mut last = begun.map_err(refused)?.ok_or_else(unknown)?;
    let mut pace = tokio::time::interval(TELL_EVERY);
    loop {
        pace.tick().await;
        say(&moved(&last));
        match last.state {
            MoveState::Planned | MoveState::Done => return Ok(()),
            MoveState::Failed => {
                return Err(Refusal::Setting(format!(
                    "shard {number} was lost before everything had arrived"
                )));
            }
            MoveState::Moving => {}
        }
        last = shards::last_move(store, id).await?.ok_or_else(unknown)?;
    }
}

fn moved(it: &Move) -> String {
    let (state, business, number) = (it.state.name(), it.business, it.number);
    format!(
        "{business} to shard {number}: {state}, {} of {} moved",
        it.moved, it.total
    )
}

fn no_such_shard(number: u16) -> Refusal {
    Refusal::Setting(format!("no live process is shard {number}"))
}

fn refused(error: Error) -> Refusal {
    match error {
        Error::Conflict("shard_cannot_take") => Refusal::Setting(
            "no live shard that may take sessions has room for these; `switchyard shard list` shows them"
                .to_owned(),
        ),
        other => other.into(),
    }
}
