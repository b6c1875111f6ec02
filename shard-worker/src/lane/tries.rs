//! What was tried of the message at the head of a chat, and when it is tried again.

use switchyard_core::MessageId;

use super::COME_AGAIN_MS;

/// So often a message that cannot be handed over is tried on a live connection before it fails: for about 3 min.
const TRIES: u32 = 10;
/// The longest pause before a message is tried again, in milliseconds.
const COME_AGAIN_CEILING_MS: u64 = 30_000;

/// What was tried of one message.
#[derive(Debug)]
pub(super) struct Tries {
    message: MessageId,
    /// How often it was tried in vain.
    failures: u32,
    /// It is sent with a fresh list of the recipient's devices.
    refresh: bool,
}

impl Tries {
    /// What was tried of a message; of the one before it nothing counts.
    pub(super) fn of(known: &mut Option<Self>, message: MessageId) -> &mut Self {
        let same = known.take().filter(|it| it.message == message);
        known.insert(same.unwrap_or(Self {
            message,
            failures: 0,
            refresh: false,
        }))
    }

    /// Whether this message is to be sent with a fresh list of the recipient's devices.
    pub(super) fn wants_fresh(&self, message: MessageId) -> bool {
        self.message == message && self.refresh
    }

    /// Sends it with a fresh list of the recipient's devices; false where that was tried already.
    pub(super) fn refresh(&mut self) -> bool {
        !std::mem::replace(&mut self.refresh, true)
    }

    /// After which pause, in milliseconds, the message is tried again; none when it was tried enough.
    pub(super) fn again(&mut self) -> Option<u64> {
        let pause = pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        (self.failures < TRIES).then_some(pause)
    }
}

/// The pause, in milliseconds, after so many tries in vain.
pub(super) fn pause(failures: u32) -> u64 {
    let pause = COME_AGAIN_MS.saturating_mul(1_u64 << failures.min(16));
    pause.min(COME_AGAIN_CEILING_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_of_one_message_does_not_count_for_the_next() {
        let (first, second) = (MessageId::generate(), MessageId::generate());
        let mut known = None;
        for n in 1..TRIES {
            assert!(Tries::of(&mut known, first).again().is_some(), "{n}");
        }
        assert!(Tries::of(&mut known, first).refresh());
        assert!(!Tries::of(&mut known, first).refresh());
        assert_eq!(Tries::of(&mut known, first).again(), None);
        assert_eq!(Tries::of(&mut known, second).again(), Some(COME_AGAIN_MS));
        assert!(!Tries::of(&mut known, second).wants_fresh(second));
    }
}
