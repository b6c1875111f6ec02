//! Words for whoever waits: on stdout, and about a wait only when it is long.

use std::io::{self, Write};
use std::time::Duration;

/// A wait that is longer is explained.
const PATIENCE: Duration = Duration::from_secs(2);

/// One line for the person at the terminal.
pub(crate) fn say(line: &str) {
    // Nobody may be reading; the program goes on.
    writeln!(io::stdout(), "{line}").ok();
}

/// Awaits `work`; says what takes so long when it does, and again every few seconds.
pub(crate) async fn explained<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let mut waited = Duration::ZERO;
    loop {
        match tokio::time::timeout(PATIENCE, &mut work).await {
            Ok(done) => return done,
            Err(_) => waited += PATIENCE,
        }
        say(&format!("  {what} … {} s", waited.as_secs()));
    }
}
