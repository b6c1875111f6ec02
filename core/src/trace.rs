//! Which chain of causes a piece of work belongs to: the W3C trace context, version 00, from a request through its job
//! to the shard. (<https://www.w3.org/TR/trace-context/>)

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The header that carries a trace from process to process.
pub const HEADER: &str = "traceparent";
/// The header that carries the id of the request with which it began.
pub const REQUEST_HEADER: &str = "x-request-id";

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// One piece of work in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    span_id: u64,
    is_sampled: bool,
    request_id: Option<Arc<str>>,
}

/// No `traceparent` that this version reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no W3C traceparent: 00, trace id, span id and flags in lower-case hex, joined by -")]
pub struct NoTrace;

impl Trace {
    /// A trace that begins here.
    pub fn begin() -> Self {
        Self {
            id: rand::random::<u128>().max(1),
            span_id: new_span(),
            is_sampled: false,
            request_id: None,
        }
    }

    /// The next piece of work of the same trace.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            span_id: new_span(),
            ..self.clone()
        }
    }

    /// The same, caused by the request with this id; one that [`is_request_id`] refuses is left out.
    #[must_use]
    pub fn of_request(self, id: Option<&str>) -> Self {
        Self {
            request_id: id.filter(|id| is_request_id(id)).map(Arc::from),
            ..self
        }
    }

    /// The id that all its work has in common: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// The id of this piece of work: 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// Whether whoever began it wants it told.
    pub const fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    /// The request with which it began, if it was one.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What the header [`HEADER`] says.
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.is_sampled);
        format!("00-{:032x}-{:016x}-{flags:02x}", self.id, self.span_id)
    }
}

/// As a row keeps it: the `traceparent`, and behind a space the id of the request.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())?;
        match &self.request_id {
            Some(id) => write!(f, " {id}"),
            None => Ok(()),
        }
    }
}

/// Reads what [`Trace`] is shown as, and a bare `traceparent`.
impl FromStr for Trace {
    type Err = NoTrace;

    fn from_str(text: &str) -> Result<Self, NoTrace> {
        let (parent, request) = match text.split_once(' ') {
            Some((parent, request)) => (parent, Some(request)),
            None => (text, None),
        };
        Ok(parse(parent).ok_or(NoTrace)?.of_request(request))
    }
}

/// Version 00 alone: nobody knows what a later one means.
fn parse(text: &str) -> Option<Trace> {
    let is_plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    if text.len() != LENGTH || !text.bytes().all(is_plain) {
        return None;
    }
    let mut parts = text.split('-');
    let mut part = |length: usize| parts.next().filter(|it| it.len() == length);
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let id = u128::from_str_radix(trace, 16).ok()?;
    let span_id = u64::from_str_radix(span, 16).ok()?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (version == "00" && id != 0 && span_id != 0).then_some(Trace {
        id,
        span_id,
        is_sampled: flags & 1 == 1,
        request_id: None,
    })
}

/// Whether a request may be called that: 8 to 64 letters, digits, `-` and `_`.
pub fn is_request_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (8..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// An id of no bits is none.
fn new_span() -> u64 {
    rand::random::<u64>().max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_example_of_the_recommendation_is_read_and_handed_on() {
        let trace: Trace = EXAMPLE.parse().unwrap();
        assert_eq!(trace.traceparent(), EXAMPLE);
        assert!(trace.is_sampled());
        let next = trace.next();
        assert_eq!(next.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(next.span_id(), trace.span_id());
        assert!(next.is_sampled());
    }

    #[test]
    fn what_is_no_traceparent_of_version_00_is_refused() {
        for text in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(text.parse::<Trace>(), Err(NoTrace), "{text}");
        }
    }

    #[test]
    fn a_row_keeps_the_request_and_nothing_that_is_no_id() {
        let trace = Trace::begin().of_request(Some("req_0123"));
        assert_eq!(trace.to_string().parse(), Ok(trace));
        let forged = Trace::begin().of_request(Some("two words\"}"));
        assert_eq!(forged.request_id(), None);
    }

    proptest! {
        #[test]
        fn nothing_that_a_client_sends_breaks_the_reading(text in "\\PC{0,80}", short in "[0-9a-f-]{50,60}") {
            for text in [text, short] {
                if let Ok(trace) = text.parse::<Trace>() {
                    prop_assert_eq!(trace.to_string(), text);
                }
            }
        }
    }
}
