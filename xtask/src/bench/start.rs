//! Starting: how long after its call the program is ready, with a new data folder and with one that is there.

use std::path::Path;

use anyhow::Result;

use crate::product::Product;
use crate::step::say;

use super::clock::percentile;
use super::report::{Figure, Report};

/// Starts in the same folder after the first one.
const LATER: usize = 10;

/// One first start and some later ones of the whole demo, the simulated network included.
pub(super) fn measure(program: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let mut product = Product::start(program, folder, &[])?;
    let ms = |product: &Product| product.ready_after().as_secs_f64() * 1_000.0;
    let first = ms(&product);
    let mut later = Vec::with_capacity(LATER);
    for _ in 0..LATER {
        product.again(program, &[])?;
        later.push(ms(&product));
    }
    say(&format!("  first {first:.0} ms, later {later:.0?} ms"));
    let row = |what: &str, value, goal| {
        Figure::less(format!("ready after the start, {what}"), "ms", value, None).goal(goal)
    };
    report.add(row("a new data folder", first, "≤ 5,000 ms"));
    let slowest = percentile(&mut later, 100);
    report.add(row("slowest of 10 later ones", slowest, "≤ 1,000 ms"));
    report.note("start: `switchyard up --demo` with the simulated network inside, from the call of the program to the first 200 of `/health/ready`; the later ones after an orderly stop, with the demo's few rows");
    Ok(())
}
