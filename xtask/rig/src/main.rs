//! What `cargo xtask bench` loads the calls with where a thread for each client would measure the threads: slots on a
//! server of Redis, and media streams at a replica. It is no part of the product.

mod slots;
mod streams;

use std::io::{Write as _, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

/// Measures one thing and prints it as a line of JSON, the last one.
#[derive(Debug, Parser)]
#[command(name = "switchyard-rig")]
enum Rig {
    /// Slots taken and returned by the product's verbs, beside a bare counter and beside optimistic transactions.
    Slots {
        /// A server of Redis with nothing in it.
        #[arg(long)]
        redis: String,
    },
    /// Media streams at one replica of the calls.
    Streams(streams::Wish),
}

/// A load that has not ended by then never will.
const LONGEST: Duration = Duration::from_mins(2);

#[tokio::main]
async fn main() -> Result<()> {
    // Clients of HTTP have no provider of TLS of their own here.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let seen = match Rig::parse() {
        Rig::Slots { redis } => slots::measure(&redis).await?,
        Rig::Streams(wish) => tokio::time::timeout(LONGEST, streams::measure(&wish))
            .await
            .context("the streams did not end in time")??,
    };
    writeln!(stdout(), "{seen}")?;
    Ok(())
}

/// The smallest of the values that so many thousandths of them do not exceed; 0 without any. `sorted` is in order.
fn per_mille(sorted: &[u32], share: usize) -> u32 {
    let rank = sorted.len().saturating_mul(share).div_ceil(1_000);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::per_mille;

    #[test]
    fn a_share_of_values_is_one_of_them() {
        let values: Vec<u32> = (1..=1_000).collect();
        assert_eq!(per_mille(&values, 990), 990);
        assert_eq!(per_mille(&values, 1_000), 1_000);
        assert_eq!(per_mille(&[7], 500), 7);
        assert_eq!(per_mille(&[], 500), 0);
    }
}
