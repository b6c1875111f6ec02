//! What a fault did to the messages, as a line that a person reads and a test judges.

use std::fs::File;
use std::io::Write;
use std::{env, fmt};

/// What was counted over all rounds of one fault.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// Which fault.
    pub(super) fault: String,
    /// How often it was made.
    pub(super) rounds: u32,
    /// Messages that the API accepted.
    pub(super) accepted: usize,
    /// Messages that customers wrote.
    pub(super) inbound: usize,
    /// Of both: those that are not where they belong.
    pub(super) lost: usize,
    /// Of both: those that are there more than once.
    pub(super) doubled: usize,
    /// Messages that a phone shows in another order than that in which they were accepted.
    pub(super) disordered: usize,
    /// Codes that were offered though a phone was linked.
    pub(super) codes: usize,
}

impl Report {
    /// Tells it, also to the file that `cargo xtask faults` reads, and fails when anything went wrong.
    pub(super) fn judged(self) {
        println!("{self}");
        if let Some(path) = env::var_os("SWITCHYARD_FAULT_REPORT") {
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap();
            writeln!(file, "{self}").unwrap();
        }
        let wrong = self.lost + self.doubled + self.disordered + self.codes;
        assert_eq!(wrong, 0, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            rounds,
            accepted,
            inbound,
            lost,
            doubled,
            disordered,
            codes,
        } = self;
        write!(
            f,
            "{fault:<26} {rounds:>3} rounds  {accepted:>6} out  {inbound:>6} in  {lost:>3} lost  \
             {doubled:>3} doubled  {disordered:>3} out of order  {codes:>2} new codes"
        )
    }
}
