//! The one binary: reads its settings, builds the parts and stops them. It decides nothing about messages.

mod audit;
mod command;
#[cfg(feature = "sim")]
mod demo;
mod discreet;
mod doctor;
mod doors;
mod environment;
mod folder;
mod installation;
mod keys;
mod listener;
mod login;
mod migrate;
#[cfg(feature = "sim")]
mod network;
mod parts;
mod progress;
mod queues;
mod refusal;
mod roles;
mod runtime;
mod settings;
mod shards;
mod shutdown;
mod telemetry;
mod telephony;
mod up;
mod user;
mod watch;

use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::umask;

fn main() -> ExitCode {
    // Whatever this process makes is its owner's alone, SQLite's files too.
    umask(Mode::RWXG | Mode::RWXO);
    // The first one of this process: nothing can have been before it.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refusal.report(),
    }
}
