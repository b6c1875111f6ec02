//! What a command lacks: found on the PATH, else installed by apt, else named in one sentence.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::step::Step;

/// The first of `names` that is a file in a folder of the PATH or in `folders`.
pub(crate) fn find(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = env::split_paths(&path)
        .chain(folders.iter().cloned())
        .collect();
    names.iter().find_map(|name| {
        all.iter()
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// True when the program answers to `--version`: it is there and starts.
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    quiet(Command::new(program).arg(argument))
}

/// Installs Debian packages. `what` says for people what they are.
pub(crate) fn by_apt(what: &str, packages: &[&str]) -> Result<()> {
    let by_hand = format!(
        "{what} is missing; install it (Debian: apt-get install {})",
        packages.join(" ")
    );
    if find(&["apt-get"], &[]).is_none() {
        bail!(by_hand);
    }
    let before: &[&str] = if is_root() {
        &[]
    } else if quiet(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n"]
    } else {
        bail!(by_hand);
    };
    apt(
        &format!("{what}: apt-get update"),
        before,
        &["update", "-qq"],
    )?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(packages);
    apt(&format!("{what}: apt-get install"), before, &install)
}

/// True for the user who may do everything.
pub(crate) fn is_root() -> bool {
    user_id(&[]) == Some(0)
}

/// What `id -u …` says.
pub(crate) fn user_id(of: &[&str]) -> Option<u32> {
    id("-u", of)
}

/// What `id -g …` says.
pub(crate) fn group_id(of: &[&str]) -> Option<u32> {
    id("-g", of)
}

fn id(flag: &str, of: &[&str]) -> Option<u32> {
    let output = Command::new("id")
        .arg(flag)
        .args(of)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn apt(name: &str, before: &[&str], arguments: &[&str]) -> Result<()> {
    let mut line: Vec<&str> = before.to_vec();
    // `env` rather than our own environment: sudo drops that.
    line.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    line.extend(arguments);
    let Some((program, rest)) = line.split_first() else {
        bail!("nothing to run")
    };
    Step::new(name, Path::new(program))
        .with(|command| command.args(rest))
        .run()
}

fn quiet(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
