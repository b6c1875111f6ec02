//! A fault of a call flow, and the rules on single values that find most of them.

use serde::Serialize;
use utoipa::ToSchema;

use super::{CallFlow, SPOKEN_MAX, TARGETS_MAX};
use crate::address::Phone;
use crate::named::named;

/// The most characters of an address that a node names.
const URL_MAX: usize = 1_000;
/// Intervals of one day, and closures, that a flow may have.
pub(super) const SPANS_MAX: usize = 100;

named! {
    /// What kind of fault.
    pub enum FaultCode {
        /// A way leads to a node that is not there.
        NoSuchNode = "no_such_node",
        /// No call ever comes to this node.
        Unreachable = "unreachable",
        /// Whoever presses nothing is led round for ever.
        EndlessLoop = "endless_loop",
        /// The id of a node cannot be used.
        BadName = "bad_name",
        /// There are too many of these.
        TooMany = "too_many",
        /// There is none of what has to be there.
        Empty = "empty",
        /// A text is too long.
        TooLong = "too_long",
        /// A number is too small or too large.
        OutOfRange = "out_of_range",
        /// This is no digit of a telephone.
        BadDigit = "bad_digit",
        /// This is no phone number.
        BadNumber = "bad_number",
        /// This number takes calls here: they would come back for ever.
        OwnNumber = "own_number",
        /// This address cannot be used.
        BadUrl = "bad_url",
        /// This address is our own.
        OwnAddress = "own_address",
        /// No such time zone.
        BadTimeZone = "bad_time_zone",
        /// This is no span of time.
        BadTime = "bad_time",
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowFault)]
pub struct Fault {
    /// Where: the path of a field, such as `nodes.menu.options.1`.
    pub at: String,
    /// What kind of fault.
    pub code: FaultCode,
    /// A sentence for a person.
    pub detail: String,
}

/// Collects the faults of one flow.
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: String, code: FaultCode, detail: impl Into<String>) {
        let detail = detail.into();
        self.0.push(Fault { at, code, detail });
    }

    pub(super) fn must_exist(&mut self, flow: &CallFlow, at: String, node: &str) {
        if !flow.nodes.contains_key(node) {
            self.add(at, FaultCode::NoSuchNode, "there is no node of this id");
        }
    }

    pub(super) fn spoken(&mut self, at: String, text: &str) {
        if text.trim().is_empty() || text.contains('\0') {
            self.add(at, FaultCode::Empty, "there is nothing to say");
        } else if text.chars().count() > SPOKEN_MAX {
            let most = format!("at most {SPOKEN_MAX} characters are said at one node");
            self.add(at, FaultCode::TooLong, most);
        }
    }

    pub(super) fn within(&mut self, at: String, value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            let what = format!("this is {least} to {most}");
            self.add(at, FaultCode::OutOfRange, what);
        }
    }

    pub(super) fn at_most(&mut self, has: usize, at: String) {
        if has > SPANS_MAX {
            let most = format!("there are at most {SPANS_MAX} of these");
            self.add(at, FaultCode::TooMany, most);
        }
    }

    pub(super) fn targets(&mut self, at: &str, targets: &[String], own: &[Phone]) {
        if targets.is_empty() {
            self.add(at.to_owned(), FaultCode::Empty, "there is nobody to ring");
        }
        if targets.len() > TARGETS_MAX {
            let most = format!("at most {TARGETS_MAX} numbers are rung at one node");
            self.add(at.to_owned(), FaultCode::TooMany, most);
        }
        for (n, target) in targets.iter().enumerate() {
            let at = format!("{at}.{n}");
            match Phone::parse(target).filter(|_| target.starts_with('+')) {
                None => {
                    let what = "a number is + and the number with its country code";
                    self.add(at, FaultCode::BadNumber, what);
                }
                Some(phone) if own.contains(&phone) => {
                    let what = "this number takes calls here: they would come back for ever";
                    self.add(at, FaultCode::OwnNumber, what);
                }
                Some(_) => {}
            }
        }
    }

    /// An address of the scheme `secure`, or of `plain` on this machine alone, which whoever connects has to allow.
    pub(super) fn url(&mut self, at: String, url: &str, secure: &str, plain: &str) {
        let local = |rest: &str| rest.starts_with("127.0.0.1:") || rest.starts_with("localhost:");
        let rest = url
            .strip_prefix(secure)
            .or_else(|| url.strip_prefix(plain).filter(|rest| local(rest)));
        let is_good = rest.is_some_and(|rest| {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            let plain =
                |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '#');
            !host.is_empty() && !host.contains(['@', '%']) && rest.chars().all(plain)
        });
        if !is_good || url.len() > URL_MAX {
            let what = format!("this is {secure} and a host, without a name or password in it");
            self.add(at, FaultCode::BadUrl, what);
        }
    }
}
