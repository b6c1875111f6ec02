//! What a fault did to the messages, as a line that a person reads and a test judges.

use std::fs::File;
use std::io::Write;
use std::time::Duration;
use std::{env, fmt};

use serde_json::Value;

/// What was counted over all rounds of one fault.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// Which fault.
    pub(crate) fault: String,
    /// How often it was made.
    pub(crate) rounds: u32,
    /// Messages that the API accepted.
    pub(crate) accepted: usize,
    /// Messages that customers wrote.
    pub(crate) inbound: usize,
    /// Of both: those that are not where they belong.
    pub(crate) lost: usize,
    /// Of both: those that are there more than once.
    pub(crate) doubled: usize,
    /// Messages that a phone shows in another order than that in which they were accepted.
    pub(crate) disordered: usize,
    /// Codes that were offered though a phone was linked.
    pub(crate) codes: usize,
    /// Connections of the holder of the newest epoch that another one of ours ended.
    pub(crate) replaced: usize,
    /// Answers 500: a request that the API could not explain.
    pub(crate) internal: usize,
    /// Answers 502 to 504: the API or what it needs was away.
    pub(crate) unavailable: usize,
    /// Requests whose connection broke before an answer.
    pub(crate) unanswered: usize,
    /// Connections that another login of ours ended, also those of a holder that was none any more.
    pub(crate) evicted: usize,
    /// How long after the end of the fault messages flowed as before, and nothing waited any more, if watched.
    pub(crate) back: Option<[Duration; 2]>,
}

impl Report {
    /// Tells it, also to the file that `cargo xtask faults` reads, and fails when anything went wrong.
    pub(crate) fn judged(self) -> Self {
        tell(&self.to_string());
        let wrong = self.lost + self.doubled + self.disordered + self.codes + self.replaced;
        let wrong = wrong + self.internal;
        assert_eq!(wrong, 0, "{self}");
        self
    }
}

/// Times that were measured, on a line: the least, the median and the most.
pub(crate) fn times(what: &str, mut all: Vec<Duration>) {
    all.sort_unstable();
    let at = |index: usize| all.get(index).copied().unwrap_or_default().as_millis();
    let (least, median) = (at(0), at(all.len() / 2));
    let most = at(all.len().saturating_sub(1));
    tell(&format!(
        "{what:<26} {:>3} times   {least} ms, {median} ms, {most} ms (least, median, most)",
        all.len()
    ));
}

/// What became of calls under a fault, by the ledger of the network that calls; and what else was seen.
pub(crate) fn calls(fault: &str, limit: u32, stats: &Value, more: &str) {
    let count = |name: &str| stats[name].as_u64().unwrap_or_default();
    tell(&format!(
        "{fault:<38} {:>6} calls  {:>5} taken  {:>5} refused  {:>4} at once of {limit}  {more}",
        count("placed"),
        count("admitted"),
        count("refused"),
        count("peak_admitted"),
    ));
}

/// A line for people, also to the file that `cargo xtask faults` reads.
fn tell(line: &str) {
    println!("{line}");
    if let Some(path) = env::var_os("SWITCHYARD_FAULT_REPORT") {
        let file = File::options().create(true).append(true).open(path);
        writeln!(file.unwrap(), "{line}").unwrap();
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
            replaced,
            internal,
            unavailable,
            unanswered,
            evicted,
            back,
        } = self;
        write!(
            f,
            "{fault:<38} {rounds:>3} rounds  {accepted:>6} out  {inbound:>6} in  {lost:>3} lost  \
             {doubled:>3} doubled  {disordered:>3} out of order  {codes:>2} new codes  \
             {replaced:>2} replaced"
        )?;
        let seen = [
            (internal, "500"),
            (unavailable, "502 to 504"),
            (unanswered, "unanswered"),
            (evicted, "evicted"),
        ];
        for (count, what) in seen.into_iter().filter(|(count, _)| **count > 0) {
            write!(f, "  {count} {what}")?;
        }
        match back {
            Some([back, through]) => {
                let (back, through) = (back.as_secs_f64(), through.as_secs_f64());
                write!(
                    f,
                    "  back after {back:.1} s, nothing waits after {through:.1} s"
                )
            }
            None => Ok(()),
        }
    }
}
