//! The background workers: apalis workers over the jobs table, with slots per kind of job, and one file per kind.

mod backend;
mod claims;
mod dues;
mod finisher;
mod holdings;
mod jobs;
mod keeper;
mod metrics;
mod options;
mod outcome;
mod process;
mod run;
mod schedule;
mod source;
mod tally;
mod wake;
mod workers;

pub use options::{Nearby, Pace, Recordings, WorkerOptions, slots_of};
pub use outcome::{Assignment, Outcome, Perform};
pub use workers::{StartError, Workers};
