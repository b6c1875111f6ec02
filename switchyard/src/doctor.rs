//! `switchyard doctor`: every setting with where it comes from, and whether what the program needs is there.

use std::net::TcpListener;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::folder::DataFolder;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::{SECRETS, Settings};
use crate::{command, keys};

/// Prints the settings, then one line per check; the first check that fails is the refusal.
pub(crate) fn run(settings: &Settings, matches: &ArgMatches, cli: &Command) -> Result<(), Refusal> {
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
    let folder = DataFolder::open(&settings.data_dir)?;
    say(&format!(
        "ok  data folder {} can be used",
        folder.file("").display()
    ));
    let has_rows = folder.file("switchyard.db").exists();
    if has_rows || settings.master_key.is_some() || keys::file(settings, &folder).exists() {
        keys::load(settings, &folder, true)?;
        say("ok  the master key is there");
    } else {
        say("ok  no data yet; `switchyard up` makes the master key");
    }
    TcpListener::bind(settings.listen).map_err(|error| {
        Refusal::Setting(format!("cannot listen on {}: {error}", settings.listen))
    })?;
    say(&format!("ok  {} is free", settings.listen));
    Ok(())
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
