//! `cargo xtask`: reads the command line and says how it ended.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match xtask::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed terminal must not change how this ends.
            writeln!(io::stderr(), "\nxtask: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
