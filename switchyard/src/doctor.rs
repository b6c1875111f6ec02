//! `switchyard doctor`: every setting with where it comes from, and whether what the program needs is there.

pub(crate) mod capacity;
mod embedded;
mod shared;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Subcommand};

use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::{SECRETS, Settings};
use crate::{command, runtime};

/// `switchyard doctor`, and what it is asked beside.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Doctor {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    about: Option<About>,
}

/// What it is asked beside.
#[derive(Debug, Subcommand)]
enum About {
    /// What an installation of a size needs, reckoned from measured figures.
    Capacity(capacity::Capacity),
}

/// Runs what was asked.
pub(crate) fn run(doctor: &Doctor, matches: &ArgMatches, cli: &Command) -> Result<(), Refusal> {
    match &doctor.about {
        Some(About::Capacity(capacity)) => capacity::run(capacity),
        None => examine(&doctor.settings, matches, cli),
    }
}

/// Prints the settings, then one line per check; the first check that failed decides how the program ends.
fn examine(settings: &Settings, matches: &ArgMatches, cli: &Command) -> Result<(), Refusal> {
    say(&format!("switchyard {}\n", command::VERSION));
    let own = cli.find_subcommand("doctor").zip(matches.subcommand());
    if let Some((own, (_, matches))) = own {
        for argument in own.get_arguments() {
            if let Some(line) = setting(argument, matches) {
                say(&line);
            }
        }
    }
    say("");
    let mut findings = Findings(None);
    findings.note(
        "settings",
        settings
            .check()
            .map(|()| "agree with each other".to_owned()),
    );
    if settings.database_url.is_some() {
        runtime::run(async {
            shared::check(settings, &mut findings).await;
            Ok(())
        })?;
    } else {
        embedded::check(settings, &mut findings);
    }
    match findings.0 {
        None => Ok(()),
        Some(refusal) => Err(refusal),
    }
}

/// What the checks found: the first refusal.
struct Findings(Option<Refusal>);

impl Findings {
    /// Prints a check, and keeps why it failed. True when it did not.
    fn note(&mut self, what: &str, outcome: Result<String, Refusal>) -> bool {
        match outcome {
            Ok(detail) => {
                say(&format!("ok    {what:14} {detail}"));
                true
            }
            Err(refusal) => {
                say(&format!("FAIL  {what:14} {}", refusal.sentence()));
                self.0.get_or_insert(refusal);
                false
            }
        }
    }

    /// Prints what works and could be better.
    fn advise(what: &str, sentence: &str) {
        say(&format!("warn  {what:14} {sentence}"));
    }
}

/// Name, value and source of one setting; a secret's value is never shown.
fn setting(argument: &Arg, matches: &ArgMatches) -> Option<String> {
    let name = argument.get_env()?.to_str()?;
    let values: Vec<String> = matches
        .get_raw(argument.get_id().as_str())
        .map(|values| {
            values
                .map(|value| value.to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    let value = match (values.is_empty(), SECRETS.contains(&name)) {
        (true, _) => "–".to_owned(),
        (false, true) => "(set, not shown)".to_owned(),
        (false, false) => values.join(","),
    };
    let source = match matches.value_source(argument.get_id().as_str()) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
        Some(_) => "default",
        None => "",
    };
    Some(format!("{name:32} {value:32} {source}"))
}
