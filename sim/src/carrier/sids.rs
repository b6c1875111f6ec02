//! Names that the network gives: two letters and 32 hexadecimal digits, as Twilio's are.

/// A name that was never given before: `CA` for calls, `AC` accounts, `PN` numbers, `RE` recordings, `MZ` streams.
pub(crate) fn sid(kind: &str) -> String {
    format!("{kind}{:032x}", rand::random::<u128>())
}

/// What tells two deliveries apart and two attempts at one delivery not: a UUID of random bits.
pub(crate) fn idempotency_token() -> String {
    let bits = rand::random::<u128>();
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// A moment as Twilio's callbacks and REST answers write it: RFC 2822, UTC.
pub(crate) fn rfc2822(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
