//! The command line: one subcommand is one role.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::environment::refuse_unknown;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{audit, doctor, migrate, queues, roles, up, user};

/// What `--version` says; a build with the simulated network says so.
#[cfg(feature = "sim")]
pub(crate) const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (sim)");
/// What `--version` says; a build with the simulated network says so.
#[cfg(not(feature = "sim"))]
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Run your business's WhatsApp numbers.
#[derive(Debug, Parser)]
#[command(name = "switchyard", version = VERSION)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Everything in one process.
    Up(Box<up::Up>),
    /// The public API and the dashboard, on Postgres.
    Api(Box<roles::ApiRole>),
    /// One holder of WhatsApp sessions, on Postgres; and what is done with all of them: list, drain, undrain, move.
    Shard(Box<roles::ShardRole>),
    /// Background jobs, on Postgres.
    Worker(Box<roles::WorkerRole>),
    /// Phone calls: the provider's webhooks and sockets, on Postgres and Redis.
    Calls(Box<roles::CallsRole>),
    /// A WhatsApp network on loopback, alone.
    #[cfg(feature = "sim")]
    Sim(crate::network::Network),
    /// Bring the database to this program's schema.
    Migrate(Box<Settings>),
    /// Print every setting and check what the program needs.
    Doctor(Box<doctor::Doctor>),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The queues of background jobs.
    #[command(subcommand)]
    Queues(queues::Queues),
    /// People.
    #[command(subcommand)]
    User(user::User),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

/// Reads the command line and runs the role to its end.
pub(crate) fn run() -> Result<(), Refusal> {
    refuse_unknown(
        env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
        &known(&Cli::command()),
    )?;
    let Some(matches) = parse(env::args_os())? else {
        return Ok(());
    };
    let cli = Cli::from_arg_matches(&matches).map_err(|error| sentence(&error))?;
    match cli.role {
        Role::Up(up) => up::run(&up),
        Role::Api(role) => roles::api(&role),
        Role::Shard(role) => roles::shard(&role),
        Role::Worker(role) => roles::worker(&role),
        Role::Calls(role) => roles::calls(&role),
        #[cfg(feature = "sim")]
        Role::Sim(network) => crate::network::run(&network),
        Role::Migrate(settings) => migrate::run(&settings),
        Role::Doctor(doctor) => doctor::run(&doctor, &matches, &Cli::command()),
        Role::Audit(audit) => audit::run(&audit),
        Role::Queues(queues) => queues::run(&queues),
        Role::User(user) => user::run(&user),
        Role::Openapi => describe(),
    }
}

/// As `GET /openapi.json` serves it, but for people: one field a line.
fn describe() -> Result<(), Refusal> {
    let text = api::openapi()
        .to_pretty_json()
        .context("the description of the API")?;
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// Nothing when help or the version was asked for and printed.
fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Option<ArgMatches>, Refusal> {
    match Cli::command().try_get_matches_from(line) {
        Ok(matches) => Ok(Some(matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                error.print()?;
                Ok(None)
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Err(Refusal::Setting(
                "say what to run, as in `switchyard up`; `switchyard --help` lists it all"
                    .to_owned(),
            )),
            _ => Err(sentence(&error)),
        },
    }
}

/// The first paragraph of clap's message: what is wrong, without the usage that follows.
fn sentence(error: &clap::Error) -> Refusal {
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect();
    Refusal::Setting(words.join(" "))
}

/// The environment names of a command and of all its subcommands.
fn known(command: &Command) -> Vec<String> {
    let own = command
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    own.map(|name| name.to_string_lossy().into_owned())
        .chain(command.get_subcommands().flat_map(known))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &[&str]) -> String {
        let line = line.iter().map(OsString::from);
        match parse(line) {
            Err(Refusal::Setting(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_flag_is_one_sentence() {
        let sentence = refused(&["switchyard", "up", "--listen", "everywhere"]);
        assert!(
            sentence.contains("everywhere") && !sentence.contains('\n'),
            "{sentence}"
        );
        assert!(refused(&["switchyard"]).contains("--help"));
        assert!(refused(&["switchyard", "doctor", "--no-such-flag"]).contains("--no-such-flag"));
        assert!(refused(&["switchyard", "up", "--lease-ms", "5"]).contains("1000..=120000"));
    }

    #[test]
    fn every_setting_of_ours_is_known_to_the_environment() {
        let known = known(&Cli::command());
        for name in [
            "SWITCHYARD_LISTEN",
            "SWITCHYARD_MASTER_KEY_FILE",
            "DATABASE_URL",
        ] {
            assert!(known.iter().any(|it| it == name), "{name}");
        }
    }
}
