//! The one binary: reads its settings, builds the parts and stops them. It decides nothing about messages.

mod command;
mod doctor;
mod environment;
mod folder;
mod keys;
mod progress;
mod refusal;
mod settings;
mod shutdown;
mod telemetry;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refusal.report(),
    }
}
