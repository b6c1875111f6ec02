//! One clock for what several processes on this machine wrote down.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

const DAY_MS: f64 = 86_400_000.0;

/// A moment of the day, in milliseconds since midnight, UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment(f64);

impl Moment {
    /// Now.
    pub(super) fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(since.as_secs_f64() * 1_000.0 % DAY_MS)
    }

    /// From milliseconds since 1970.
    pub(super) fn of_epoch_ms(ms: f64) -> Self {
        Self(ms % DAY_MS)
    }

    /// From RFC 3339 in UTC, `2026-11-21T13:20:51.123456Z`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let time = text
            .split_once('T')
            .and_then(|(_, time)| time.strip_suffix('Z'))
            .with_context(|| format!("not a time in UTC: {text}"))?;
        let parts: Vec<f64> = time.split(':').filter_map(|it| it.parse().ok()).collect();
        match parts.as_slice() {
            [hours, minutes, seconds] => {
                Ok(Self(((hours * 60.0 + minutes) * 60.0 + seconds) * 1_000.0))
            }
            _ => anyhow::bail!("not a time: {text}"),
        }
    }

    /// Milliseconds from `earlier` to this; negative when this came first. A run may pass midnight.
    pub(super) fn since(self, earlier: Self) -> f64 {
        let difference = self.0 - earlier.0;
        difference - (difference / DAY_MS).round() * DAY_MS
    }

    /// The later of the two.
    pub(super) fn later(self, other: Self) -> Self {
        if other.since(self) > 0.0 { other } else { self }
    }
}

/// The smallest of the values that so many percent of them do not exceed.
pub(super) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = values.len().saturating_mul(percent).div_ceil(100);
    values
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// A count as a number to divide by.
pub(super) fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_two_writers_are_compared_over_midnight() {
        let before = Moment::parse("2026-11-21T23:59:59.750Z").unwrap();
        let after = Moment::parse("2026-11-22T00:00:00.250123Z").unwrap();
        assert!((after.since(before) - 500.123).abs() < 0.001);
        assert!((before.since(after) + 500.123).abs() < 0.001);
        assert_eq!(before.later(after), after);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(percentile(&mut values, 50).to_string(), "3");
        assert_eq!(percentile(&mut values, 95).to_string(), "5");
        assert_eq!(percentile(&mut values, 0).to_string(), "1");
    }
}
