//! When a business is open: hours by weekday and days of closure, in the business's own time zone.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CallFlow;
use crate::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// From one time of the day until before another, both on the same day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Such as `09:00`.
    pub from: String,
    /// Such as `18:00`; `24:00` is the end of the day.
    pub to: String,
}

impl Interval {
    /// Minutes since midnight; `None` where it is no interval.
    pub(super) fn minutes(&self) -> Option<(u16, u16)> {
        let (from, to) = (minute(&self.from)?, minute(&self.to)?);
        (from < to).then_some((from, to))
    }
}

/// `HH:MM` as minutes since midnight, `24:00` included.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

/// From one time of the day until before another; over midnight where the second is the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Night {
    /// Such as `22:00`.
    pub from: String,
    /// Such as `07:00`.
    pub to: String,
}

impl Night {
    /// Minutes since midnight; `None` where it is no such span.
    pub(super) fn minutes(&self) -> Option<(u16, u16)> {
        let (from, to) = (minute(&self.from)?, minute(&self.to)?);
        (from != to && from < DAY && to < DAY).then_some((from, to))
    }

    /// How many minutes of it are left at that minute of a day; 0: it is not now.
    fn left(&self, now: u16) -> u16 {
        let Some((from, to)) = self.minutes() else {
            return 0;
        };
        let since = (now + DAY - from) % DAY;
        let all = (to + DAY - from) % DAY;
        all.saturating_sub(since)
    }
}

/// Hours by weekday; a day without any is one of closure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Week {
    /// Monday.
    pub mon: Vec<Interval>,
    /// Tuesday.
    pub tue: Vec<Interval>,
    /// Wednesday.
    pub wed: Vec<Interval>,
    /// Thursday.
    pub thu: Vec<Interval>,
    /// Friday.
    pub fri: Vec<Interval>,
    /// Saturday.
    pub sat: Vec<Interval>,
    /// Sunday.
    pub sun: Vec<Interval>,
}

impl Week {
    /// The days with the names of their fields, Monday first.
    pub fn days(&self) -> [(&'static str, &[Interval]); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }

    fn of(&self, day: Weekday) -> &[Interval] {
        match day {
            Weekday::Monday => &self.mon,
            Weekday::Tuesday => &self.tue,
            Weekday::Wednesday => &self.wed,
            Weekday::Thursday => &self.thu,
            Weekday::Friday => &self.fri,
            Weekday::Saturday => &self.sat,
            Weekday::Sunday => &self.sun,
        }
    }
}

/// Days of closure, the first and the last included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// The first day, such as `2026-12-01`.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Closure {
    /// The first and the last day; `None` where they are no such span.
    pub(super) fn days(&self) -> Option<(Date, Date)> {
        let (from, to) = (day(&self.from)?, day(&self.to)?);
        (from <= to).then_some((from, to))
    }
}

/// `YYYY-MM-DD` and nothing else.
fn day(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// The zone of that name, by the database that the program carries.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl CallFlow {
    /// Whether the business is open at this instant. A zone that is not known counts as UTC: no flow with one is kept.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Some(local) = self.local(at) else {
            return false;
        };
        let today = local.date();
        let is_closed = |closure: &Closure| {
            let days = closure.days();
            days.is_some_and(|(from, to)| (from..=to).contains(&today))
        };
        if self.closures.iter().any(is_closed) {
            return false;
        }
        let Some(week) = &self.hours else {
            return true;
        };
        let now = since_midnight(local.time());
        let mut spans = week
            .of(today.weekday())
            .iter()
            .filter_map(Interval::minutes);
        spans.any(|(from, to)| (from..to).contains(&now))
    }

    /// How long nobody who was missed is written to yet, to the minute; zero: now. Whoever waits for so long asks again:
    /// clocks may have changed meanwhile.
    pub fn quiet_for(&self, at: Timestamp) -> Duration {
        let night = self.missed_call.quiet.as_ref().zip(self.local(at));
        let left = night.map_or(0, |(night, local)| night.left(since_midnight(local.time())));
        Duration::from_mins(u64::from(left))
    }

    fn local(&self, at: Timestamp) -> Option<DateTime> {
        let zone = zone(&self.time_zone).unwrap_or(TimeZone::UTC);
        let instant = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        Some(zone.to_datetime(instant))
    }
}

fn since_midnight(time: Time) -> u16 {
    let part = |part: i8| u16::try_from(part).unwrap_or(0);
    part(time.hour()) * 60 + part(time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Language;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn span(from: &str, to: &str) -> Interval {
        Interval {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    fn shop(zone: &str, week: Week) -> CallFlow {
        CallFlow {
            time_zone: zone.to_owned(),
            hours: Some(week),
            ..CallFlow::standard(Language::En)
        }
    }

    #[test]
    fn hours_are_those_of_the_business_through_the_change_of_its_clocks() {
        let week = Week {
            sun: vec![span("09:00", "18:00")],
            ..Week::default()
        };
        let flow = shop("Asia/Jerusalem", week);
        // UTC+2 on the Sunday of 22 November 2026, UTC+3 on that of 7 June.
        assert!(!flow.is_open(at("2026-11-22T06:59:59Z")));
        assert!(flow.is_open(at("2026-11-22T07:00:00Z")));
        assert!(flow.is_open(at("2026-11-22T15:59:59Z")));
        assert!(!flow.is_open(at("2026-11-22T16:00:00Z")));
        assert!(flow.is_open(at("2026-06-07T06:00:00Z")));
        assert!(!flow.is_open(at("2026-06-07T15:00:00Z")));
        assert!(!flow.is_open(at("2026-11-23T10:00:00Z")), "a Monday");
    }

    #[test]
    fn an_hour_that_a_change_of_clocks_repeats_is_open_twice_and_one_that_it_skips_never() {
        let week = Week {
            sun: vec![span("02:00", "03:00"), span("01:00", "02:00")],
            ..Week::default()
        };
        let flow = shop("Europe/Berlin", week);
        // 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
        for instant in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            assert!(flow.is_open(at(instant)), "{instant}");
        }
        assert!(!flow.is_open(at("2026-10-25T02:00:00Z")));
        // 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        assert!(flow.is_open(at("2026-03-29T00:59:00Z")));
        assert!(!flow.is_open(at("2026-03-29T01:00:00Z")));
    }

    #[test]
    fn a_day_of_closure_is_closed_to_its_last_minute_there() {
        let mut flow = shop("Asia/Jerusalem", Week::default());
        flow.hours = None;
        flow.closures.push(Closure {
            from: "2026-12-01".to_owned(),
            to: "2026-12-02".to_owned(),
        });
        assert!(flow.is_open(at("2026-11-30T21:59:59Z")));
        assert!(!flow.is_open(at("2026-11-30T22:00:00Z")));
        assert!(!flow.is_open(at("2026-12-02T21:59:59Z")));
        assert!(flow.is_open(at("2026-12-02T22:00:00Z")));
    }

    #[test]
    fn quiet_hours_go_over_midnight_in_the_zone_of_the_business() {
        let mut flow = shop("Asia/Jerusalem", Week::default());
        let left = |flow: &CallFlow, instant| flow.quiet_for(at(instant)).as_secs() / 60;
        assert_eq!(left(&flow, "2026-11-22T21:00:00Z"), 0);
        let mut night = |from: &str, to: &str| {
            let (from, to) = (from.to_owned(), to.to_owned());
            flow.missed_call.quiet = Some(Night { from, to });
            flow.clone()
        };
        let over = night("22:00", "07:00");
        for (instant, minutes) in [
            ("2026-11-22T19:59:59Z", 0),
            ("2026-11-22T20:00:00Z", 540),
            ("2026-11-22T21:59:59Z", 421),
            ("2026-11-22T22:00:00Z", 420),
            ("2026-11-23T04:59:59Z", 1),
            ("2026-11-23T05:00:00Z", 0),
        ] {
            assert_eq!(left(&over, instant), minutes, "{instant}");
        }
        let noon = night("13:00", "14:30");
        assert_eq!(left(&noon, "2026-11-22T11:30:00Z"), 60);
        assert_eq!(left(&noon, "2026-11-22T12:30:00Z"), 0);
        assert_eq!(left(&noon, "2026-11-22T10:59:00Z"), 0);
        for (from, to) in [("22:00", "22:00"), ("22:00", "24:00"), ("7", "8")] {
            let broken = night(from, to);
            assert!(
                broken
                    .missed_call
                    .quiet
                    .as_ref()
                    .unwrap()
                    .minutes()
                    .is_none()
            );
            assert_eq!(left(&broken, "2026-11-22T21:00:00Z"), 0);
        }
    }

    #[test]
    fn times_and_days_are_read_strictly() {
        assert_eq!(span("00:00", "24:00").minutes(), Some((0, 1_440)));
        for (from, to) in [
            ("9:00", "18:00"),
            ("09:00", "09:00"),
            ("18:00", "09:00"),
            ("09:60", "10:00"),
            ("09:00", "24:01"),
            ("+9:00", "18:00"),
        ] {
            assert_eq!(span(from, to).minutes(), None, "{from} to {to}");
        }
        assert!(day("2026-02-29").is_none() && day("2026-2-1").is_none());
        assert!(zone("Asia/Jerusalem").is_some() && zone("Mars/Olympus").is_none());
    }
}
