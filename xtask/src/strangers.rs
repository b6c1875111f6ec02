//! Programs of others that the tests use: the quick starts are run as printed, in the shell, Python and Node.js, what is
//! deployed is checked by what will read it, and clocks are set wrong.

use anyhow::Result;

use crate::frontend;
use crate::install::{answers, by_apt, find};

/// What the tests of a deployment check its files with, and what gives a process another clock: a program, its name for
/// people, and its Debian package.
const PROGRAMS: [(&str, &str, &str); 5] = [
    ("nginx", "nginx", "nginx"),
    ("docker-compose", "docker-compose", "docker-compose"),
    ("promtool", "Prometheus' promtool", "prometheus"),
    ("openssl", "OpenSSL", "openssl"),
    ("faketime", "faketime", "faketime"),
];

/// Installs what is missing of it; Node.js is named, because distributions have old ones.
pub(crate) fn ensure() -> Result<()> {
    let places = ["/usr/sbin".into()];
    for (program, name, package) in PROGRAMS {
        if find(&[program], &places).is_none() {
            by_apt(name, &[package])?;
        }
    }
    for (program, name) in [("curl", "curl"), ("jq", "jq"), ("python3", "Python")] {
        if !answers(program, "--version") {
            by_apt(name, &[program])?;
        }
    }
    frontend::needs_node()
}
