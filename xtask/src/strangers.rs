//! What somebody else's program is written with: the quick starts are run as printed, in the shell, Python and Node.js.

use anyhow::Result;

use crate::frontend;
use crate::install::{answers, by_apt};

/// Installs what is missing of it; Node.js is named, because distributions have old ones.
pub(crate) fn ensure() -> Result<()> {
    for (program, name) in [("curl", "curl"), ("jq", "jq"), ("python3", "Python")] {
        if !answers(program, "--version") {
            by_apt(name, &[program])?;
        }
    }
    frontend::needs_node()
}
