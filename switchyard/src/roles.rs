//! The roles as processes of their own, on one Postgres database: `api`, `shard` and `worker`.

use clap::Args;
use store::Store;
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
        let plan = Plan {
            groups,
            ..Plan::new("worker")
        };
        Ok((Listeners::internal(settings, settings.listen)?, plan, text))
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
}
