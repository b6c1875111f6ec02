//! What we say ourselves, in both languages.

use switchyard_core::flow::Language;

/// A sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// After a message was left.
    Thanks,
    /// When a call goes round for too long, or its flow has no place for it any more.
    Goodbye,
    /// To whoever picks up, before the caller is put through.
    Whisper,
}

impl Words {
    /// The sentence.
    pub(crate) const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Thanks, Language::En) => "Thank you. Goodbye.",
            (Self::Thanks, Language::He) => "תודה רבה ולהתראות.",
            (Self::Goodbye, Language::En) => {
                "We are sorry, we cannot go on with your call. Goodbye."
            }
            (Self::Goodbye, Language::He) => "מצטערים, לא נוכל להמשיך בשיחה. להתראות.",
            (Self::Whisper, Language::En) => "A call for you. Press 1 to take it.",
            (Self::Whisper, Language::He) => "שיחה בשבילך. יש להקיש 1 כדי לקבל אותה.",
        }
    }
}
