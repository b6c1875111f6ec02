//! Named points at which a test build kills its own process, so that "nothing is lost" can be tested there.

use std::sync::atomic::{AtomicU64, Ordering};

/// A place in the code where a crash is most telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailPoint {
    /// After a frame went to the network, before our commit of what it means.
    AfterSend,
    /// After the commit of inbound messages, before WhatsApp is told.
    AfterInboundCommit,
    /// Inside a group commit: some of its writes are made, none is committed.
    InGroupCommit,
    /// After the signed pairing went to the network.
    AfterPairSign,
}

impl FailPoint {
    /// Every point.
    pub const ALL: [Self; 4] = [
        Self::AfterSend,
        Self::AfterInboundCommit,
        Self::InGroupCommit,
        Self::AfterPairSign,
    ];

    /// The name that `SWITCHYARD_FAIL` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AfterSend => "after_send",
            Self::AfterInboundCommit => "after_inbound_commit",
            Self::InGroupCommit => "in_group_commit",
            Self::AfterPairSign => "after_pair_sign",
        }
    }
}

/// Kills this process at the n-th passage of one point; passed down to where the points are.
/// Without one armed, a passage costs a comparison.
#[derive(Debug, Default)]
pub struct FailPoints {
    armed: Option<(FailPoint, u64)>,
    passed: AtomicU64,
    kill: Option<fn()>,
}

/// `SWITCHYARD_FAIL` could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "SWITCHYARD_FAIL is point:n with a point of after_send, after_inbound_commit, in_group_commit, after_pair_sign"
)]
pub struct UnknownFailPoint;

impl FailPoints {
    /// No point is armed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `point:n` (n from 1); `kill` ends the process at that passage.
    pub fn parse(text: &str, kill: fn()) -> Result<Self, UnknownFailPoint> {
        let (name, n) = text.split_once(':').ok_or(UnknownFailPoint)?;
        let point = FailPoint::ALL
            .into_iter()
            .find(|it| it.name() == name)
            .ok_or(UnknownFailPoint)?;
        let n = n.parse().ok().filter(|n| *n > 0).ok_or(UnknownFailPoint)?;
        Ok(Self {
            armed: Some((point, n)),
            passed: AtomicU64::new(0),
            kill: Some(kill),
        })
    }

    /// Whether a point is armed.
    pub fn is_armed(&self) -> bool {
        self.armed.is_some()
    }

    /// This point was reached.
    pub fn pass(&self, point: FailPoint) {
        if let (Some((armed, n)), Some(kill)) = (self.armed, self.kill)
            && armed == point
            && self
                .passed
                .fetch_add(1, Ordering::Relaxed)
                .saturating_add(1)
                == n
        {
            kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KILLED: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn only_the_armed_point_kills_and_only_at_its_passage() {
        let points = FailPoints::parse("after_send:2", || {
            KILLED.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        points.pass(FailPoint::AfterSend);
        points.pass(FailPoint::AfterPairSign);
        assert_eq!(KILLED.load(Ordering::Relaxed), 0);
        points.pass(FailPoint::AfterSend);
        points.pass(FailPoint::AfterSend);
        assert_eq!(KILLED.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_unknown_point_is_refused() {
        for text in ["", "after_send", "after_send:0", "nowhere:1"] {
            assert!(FailPoints::parse(text, || ()).is_err(), "{text}");
        }
    }
}
