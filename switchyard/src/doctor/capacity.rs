//! `switchyard doctor capacity`: how many processes and what machines an installation needs, reckoned from the table of
//! docs/CAPACITY.md.

use clap::Args;

use crate::progress::say;
use crate::refusal::Refusal;

/// The page with the measured figures.
const PAGE: &str = include_str!("../../../docs/CAPACITY.md");

/// Rows of its table that this reckons with; their first cell.
const SESSIONS_OF_A_SHARD: &str = "sessions of a shard";
const BASE_MEMORY: &str = "memory of a shard without sessions, MB";
const SESSION_MEMORY: &str = "memory of a session, MB";
const SHARD_COST: &str = "processor time of a message, shards, ms";
const WORKER_COST: &str = "processor time of a message, workers, ms";
const API_COST: &str = "processor time of a message, API, ms";
const POSTGRES_COST: &str = "processor time of a message, PostgreSQL, ms";
const CONNECTIONS: &str = "connections to Postgres of a process";

/// A processor is used to so much of it: the rest is for bursts, catching up and the death of a neighbour.
const USED: f64 = 0.6;

/// What somebody plans.
#[derive(Debug, Clone, Args)]
pub(crate) struct Capacity {
    /// How many businesses.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    businesses: u32,
    /// Messages of all of them in a busy minute, both ways.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    messages_per_minute: u32,
    /// Numbers of a business, on average.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    numbers: u32,
}

/// What is reckoned.
#[derive(Debug, PartialEq)]
struct Need {
    sessions: f64,
    per_second: f64,
    shards: f64,
    spare: f64,
    shard_memory: f64,
    shard_processors: f64,
    high: f64,
    api: f64,
    postgres: f64,
    connections: f64,
}

/// Prints what is needed.
pub(crate) fn run(capacity: &Capacity) -> Result<(), Refusal> {
    let need = need(capacity)?;
    for line in told(&need) {
        say(&line);
    }
    Ok(())
}

fn need(capacity: &Capacity) -> Result<Need, Refusal> {
    let sessions = f64::from(capacity.businesses) * f64::from(capacity.numbers);
    let per_second = f64::from(capacity.messages_per_minute) / 60.0;
    // Processors that are busy all the time with what a message costs there.
    let busy = |cost: &str| Ok::<_, Refusal>(per_second * figure(cost)? / 1_000.0);
    let processors = |cost: &str| Ok::<_, Refusal>(busy(cost)? / USED);
    let shards = (sessions / figure(SESSIONS_OF_A_SHARD)?)
        .max(processors(SHARD_COST)?)
        .ceil()
        .max(1.0);
    // One more, so that the sessions of one that dies find room.
    let all = shards + 1.0;
    let high = processors(WORKER_COST)?.ceil().max(2.0);
    let api = processors(API_COST)?.ceil().max(2.0);
    // Beside those of `high`: one for `default`, one for `low,media`.
    let processes = all + high + api + 2.0;
    Ok(Need {
        sessions,
        per_second,
        shards,
        spare: 1.0,
        shard_memory: figure(BASE_MEMORY)? + figure(SESSION_MEMORY)? * (sessions / shards),
        shard_processors: processors(SHARD_COST)? / shards,
        high,
        api,
        postgres: processors(POSTGRES_COST)?.max(1.0),
        connections: processes * figure(CONNECTIONS)?,
    })
}

fn told(need: &Need) -> Vec<String> {
    vec![
        format!(
            "{:.0} sessions, {:.1} messages a second, both ways",
            need.sessions, need.per_second
        ),
        format!(
            "shards          {:.0} and {:.0} more for the death of one; each {:.2} processors and {:.0} MB",
            need.shards, need.spare, need.shard_processors, need.shard_memory
        ),
        format!("SHARDS_TOTAL    {:.0}", need.shards + need.spare),
        format!(
            "worker high     {:.0} processes of one processor",
            need.high
        ),
        "worker default  1 process; worker low,media  1 process".to_owned(),
        format!("api             {:.0} processes of one processor", need.api),
        format!(
            "Postgres        {:.1} processors, max_connections {:.0} at least",
            need.postgres, need.connections
        ),
        format!(
            "reckoned from docs/CAPACITY.md with processors used to {:.0} %; measure your own with `cargo xtask bench shards`",
            USED * 100.0
        ),
    ]
}

/// A figure of the table, by its first cell.
fn figure(name: &str) -> Result<f64, Refusal> {
    let found = PAGE.lines().find_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        (cells.next()? == name).then(|| cells.next())?
    });
    let text = found.map(|cell| cell.replace(',', ""));
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| anyhow::anyhow!("docs/CAPACITY.md has no figure `{name}`").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(businesses: u32, messages_per_minute: u32) -> Need {
        need(&Capacity {
            businesses,
            messages_per_minute,
            numbers: 1,
        })
        .unwrap()
    }

    #[test]
    fn a_small_installation_needs_the_least_of_each() {
        let need = planned(1, 0);
        assert_eq!((need.shards, need.high, need.api), (1.0, 2.0, 2.0));
        assert!(
            need.connections > 100.0 && need.connections < 250.0,
            "{need:?}"
        );
    }

    #[test]
    fn sessions_and_messages_each_ask_for_shards() {
        let many = planned(2_500, 60);
        assert!((many.shards - 3.0).abs() < f64::EPSILON, "{many:?}");
        let busy = planned(10, 600_000);
        assert!(busy.shards > 3.0 && busy.high > 2.0, "{busy:?}");
        assert!(busy.postgres > many.postgres);
        assert!(many.shard_memory > planned(250, 60).shard_memory);
    }

    /// What so many shards carry, each on a processor of its own, as the page has it.
    fn row(shards: u32) -> String {
        let figure = |name| figure(name).unwrap();
        let sessions = f64::from(shards) * figure(SESSIONS_OF_A_SHARD);
        let a_second = f64::from(shards) * USED * 1_000.0 / figure(SHARD_COST);
        let thousands = (a_second * 60.0 / 1_000.0).floor();
        let memory = figure(BASE_MEMORY) + figure(SESSION_MEMORY) * figure(SESSIONS_OF_A_SHARD);
        let processors = |cost| a_second * figure(cost) / 1_000.0 / USED;
        format!(
            "| {shards} | {:.0},000 | {thousands:.0},000 | {memory:.0} MB | {:.1} | {:.1} | {:.1} |",
            sessions / 1_000.0,
            processors(WORKER_COST),
            processors(API_COST),
            processors(POSTGRES_COST),
        )
    }

    #[test]
    fn the_page_says_what_numbers_of_shards_carry_by_its_own_figures() {
        for shards in [1, 2, 3, 5, 10] {
            let row = row(shards);
            assert!(PAGE.contains(&row), "docs/CAPACITY.md lacks {row}");
        }
    }

    #[test]
    fn what_is_needed_is_told_in_lines_without_a_gap() {
        let lines = told(&planned(1_000, 30_000));
        assert!(lines[0].contains("1000 sessions, 500.0 messages"));
        assert!(
            lines
                .iter()
                .all(|line| !line.contains("NaN") && !line.contains("inf"))
        );
    }
}
