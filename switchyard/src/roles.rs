//! The roles as processes of their own, on one Postgres database: `api`, `shard`, `worker` and `calls`.

use clap::Args;
use store::Store;
use switchyard_core::job::Job;
use switchyard_core::queue::Group;
use tokio_util::sync::CancellationToken;

use crate::installation::{Installation, postgres_url};
use crate::listener::Listeners;
use crate::parts::{ApiPlan, Parts, Plan, ShardPlan};
use crate::progress::{explained, say};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::shards::{self, Shards};
use crate::shutdown::Signals;
use crate::telephony::CallsPlan;
use crate::{command, login, runtime, telemetry};

/// What `api` is started with.
#[derive(Debug, Args)]
pub(crate) struct ApiRole {
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What `shard` is started with; without a number, what is done with shards.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ShardRole {
    #[command(subcommand)]
    pub(crate) act: Option<Shards>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Its number among the shards, from 1.
    #[arg(long, required = true, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) number: Option<u16>,
}

/// What `worker` is started with.
#[derive(Debug, Args)]
pub(crate) struct WorkerRole {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The groups of queues that it serves, separated by commas: high, default, low, media, or all.
    #[arg(long, required = true, value_delimiter = ',', value_parser = groups)]
    pub(crate) queues: Vec<Groups>,
    /// How many jobs of a kind it runs at once, where not as many as usual: drain_chat=64,apply_receipts=4.
    #[arg(long, value_delimiter = ',', value_parser = slots)]
    pub(crate) concurrency: Vec<Slots>,
}

/// What `calls` is started with.
#[derive(Debug, Args)]
pub(crate) struct CallsRole {
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// One word of `--concurrency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slots {
    kind: &'static str,
    slots: u32,
}

/// A process runs at most so many jobs of a kind at once.
const SLOTS_MOST: u32 = 1_000;

fn slots(word: &str) -> Result<Slots, String> {
    let (name, number) = word.split_once('=').ok_or("write kind=number")?;
    let kind = Job::KINDS.iter().find(|(kind, _)| *kind == name);
    let (kind, _) = kind.ok_or_else(|| {
        let names = Job::KINDS.map(|(kind, _)| kind).join(", ");
        format!("the kinds of jobs are {names}")
    })?;
    let slots = number.parse().ok();
    let slots = slots.filter(|slots| (1..=SLOTS_MOST).contains(slots));
    let slots = slots.ok_or_else(|| format!("{kind} takes 1 to {SLOTS_MOST}"))?;
    Ok(Slots { kind, slots })
}

/// What one word of `--queues` names.
#[derive(Debug, Clone)]
pub(crate) struct Groups(Vec<Group>);

fn groups(word: &str) -> Result<Groups, String> {
    if word == "all" {
        return Ok(Groups(Group::ALL.to_vec()));
    }
    let found = Group::parse(word);
    let names = Group::ALL.map(Group::name).join(", ");
    found
        .map(|group| Groups(vec![group]))
        .ok_or_else(|| format!("the groups are {names} and all"))
}

/// Serves the public API until a signal.
pub(crate) fn api(role: &ApiRole) -> Result<(), Refusal> {
    let settings = &role.settings;
    run(settings, login::of_api, || {
        let listeners = Listeners::public(settings)?;
        let url = listeners.api_url().unwrap_or_default();
        let plan = Plan {
            api: Some(ApiPlan {
                url: url.clone(),
                setup_token: settings.setup_token()?,
            }),
            ..Plan::new("api")
        };
        Ok((listeners, plan, format!("api  {url}")))
    })
}

/// Holds sessions until a signal.
pub(crate) fn shard(role: &ShardRole) -> Result<(), Refusal> {
    if let Some(act) = &role.act {
        return shards::run(act);
    }
    let missing = || Refusal::Setting("a shard needs its --number".to_owned());
    let number = role.number.ok_or_else(missing)?;
    let settings = &role.settings;
    run(settings, login::of_platform, || {
        let listeners = Listeners::internal(settings, settings.listen)?;
        let plan = Plan {
            shard: Some(ShardPlan {
                number,
                url: listeners.advertised(settings)?,
                network: network(settings),
            }),
            ..Plan::new("shard")
        };
        Ok((listeners, plan, format!("shard {number}")))
    })
}

/// Carries out jobs until a signal.
pub(crate) fn worker(role: &WorkerRole) -> Result<(), Refusal> {
    let settings = &role.settings;
    run(settings, login::of_platform, || {
        let mut groups: Vec<Group> = Vec::new();
        for group in role.queues.iter().flat_map(|word| &word.0) {
            if !groups.contains(group) {
                groups.push(*group);
            }
        }
        let names: Vec<&str> = groups.iter().map(|group| group.name()).collect();
        let text = format!("worker {}", names.join(","));
        let slots = role.concurrency.iter().map(|it| (it.kind, it.slots));
        let plan = Plan {
            groups,
            slots: slots.collect(),
            ..Plan::new("worker")
        };
        Ok((Listeners::internal(settings, settings.listen)?, plan, text))
    })
}

/// Takes calls until a signal.
pub(crate) fn calls(role: &CallsRole) -> Result<(), Refusal> {
    let settings = &role.settings;
    run(settings, login::of_platform, || {
        let needed = |name: &str| Refusal::Setting(format!("calls needs {name}"));
        let account = settings.telephony.account()?;
        let account = account.ok_or_else(|| needed("TWILIO_ACCOUNT_SID"))?;
        if settings.redis_url.is_none() {
            return Err(needed("REDIS_URL, where all replicas count calls together"));
        }
        let url = settings.public_base_url.clone();
        let url = url.ok_or_else(|| needed("PUBLIC_BASE_URL, which the provider signs"))?;
        let plan = Plan {
            calls: Some(CallsPlan { account, url }),
            ..Plan::new("calls")
        };
        let listeners = Listeners::provider(settings)?;
        let text = format!("calls  {}", listeners.calls_url().unwrap_or_default());
        Ok((listeners, plan, text))
    })
}

/// The life of a role: what it listens on and what it has is prepared once the database is known to be right, and
/// the login to be the role's.
fn run(
    settings: &Settings,
    login: impl FnOnce(&Store) -> Result<(), Refusal>,
    prepare: impl FnOnce() -> Result<(Listeners, Plan, String), Refusal>,
) -> Result<(), Refusal> {
    settings.check()?;
    postgres_url(settings)?;
    telemetry::start(&settings.log)?;
    runtime::run(async {
        let soft = CancellationToken::new();
        tokio::spawn(Signals::new()?.obey(soft.clone()));
        let installation = Box::pin(Installation::joined(settings)).await?;
        login(&installation.store)?;
        let (listeners, plan, text) = prepare()?;
        let internal_url = listeners.internal_url();
        let plan = Plan {
            soft: soft.clone(),
            ..plan
        };
        let start = Box::pin(Parts::start(settings, &installation, listeners, plan));
        // Whoever is told to go while it waits for its predecessor's lease goes.
        let parts = tokio::select! {
            parts = explained("starting", start) => parts?,
            () = soft.cancelled() => return Ok(()),
        };
        say(&format!(
            "switchyard {}\n  {text}\n  internal  {internal_url}",
            command::VERSION
        ));
        parts.ready();
        soft.cancelled().await;
        parts.finish(settings).await;
        installation.store.close().await;
        tracing::info!("stopped");
        Ok(())
    })
}

#[cfg(feature = "sim")]
fn network(settings: &Settings) -> shard_worker::Network {
    crate::network::dialled(settings)
}

#[cfg(not(feature = "sim"))]
fn network(_settings: &Settings) -> shard_worker::Network {
    shard_worker::Network::WhatsApp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_a_name_and_another_word_is_answered_with_the_list() {
        for group in Group::ALL {
            assert_eq!(groups(group.name()).unwrap().0, [group]);
        }
        assert_eq!(groups("all").unwrap().0, Group::ALL);
        let refused = groups("receipts").unwrap_err();
        assert_eq!(refused, "the groups are high, default, low, media and all");
    }

    #[test]
    fn jobs_at_once_are_set_by_kind_and_another_kind_is_answered_with_the_list() {
        let one = slots("drain_chat=64").unwrap();
        assert_eq!((one.kind, one.slots), ("drain_chat", 64));
        for wrong in [
            "drain_chat",
            "drain_chat=0",
            "drain_chat=1001",
            "drain_chat=x",
        ] {
            slots(wrong).unwrap_err();
        }
        assert!(slots("dance=1").unwrap_err().contains("apply_receipts"));
    }
}
