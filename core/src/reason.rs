//! Why a session is in its state, why a message failed and why a call ended: every code with a sentence and the next step,
//! in English and Hebrew. API, log and dashboard read the same rows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::session::SessionState;

/// Words for a person: what happened and why, and what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// The stable code.
    pub code: &'static str,
    /// What happened, in English.
    pub sentence_en: &'static str,
    /// What to do next, in English; empty where there is nothing to do.
    pub next_en: &'static str,
    /// What happened, in Hebrew.
    pub sentence_he: &'static str,
    /// What to do next, in Hebrew.
    pub next_he: &'static str,
}

macro_rules! reasons {
    (
        $(#[$outer:meta])* $name:ident {
            $($(#[$doc:meta])* $variant:ident = $code:literal,
              $en:literal, $next_en:literal, $he:literal, $next_he:literal;)*
        }
    ) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its words.
            pub const fn words(self) -> Words {
                match self {
                    $(Self::$variant => Words {
                        code: $code,
                        sentence_en: $en,
                        next_en: $next_en,
                        sentence_he: $he,
                        next_he: $next_he,
                    },)*
                }
            }

            /// The stored and shown code.
            pub const fn code(self) -> &'static str {
                self.words().code
            }

            /// The reason of that code.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.code() == code)
            }
        }
    };
}

reasons! {
    /// Why a session is in its state.
    SessionReason {
        /// `stream:error` 401 with `device_removed`, or 516.
        UnlinkedOnPhone = "unlinked_on_phone",
            "This number was unlinked on the phone.", "Connect it again by scanning a new code.",
            "המספר נותק מתוך הטלפון.", "חברו אותו שוב בסריקת קוד חדש.";
        /// 401 at login.
        UnlinkedWhileAway = "unlinked_while_away",
            "This number was unlinked while it was offline.", "Connect it again by scanning a new code.",
            "המספר נותק בזמן שלא היה מחובר.", "חברו אותו שוב בסריקת קוד חדש.";
        /// 403 at login.
        AccountLocked = "account_locked",
            "WhatsApp has locked this account.", "Open WhatsApp on the phone and follow what it says, then connect again.",
            "וואטסאפ נעלה את החשבון.", "פתחו את וואטסאפ בטלפון, פעלו לפי ההנחיות והתחברו שוב.";
        /// 406 at login.
        AccountBanned = "account_banned",
            "WhatsApp has banned this account.", "Ask WhatsApp for a review on the phone.",
            "וואטסאפ חסמה את החשבון.", "בקשו מוואטסאפ בדיקה מתוך הטלפון.";
        /// 402 at login, until a time.
        TemporaryBan = "temporary_ban",
            "WhatsApp has blocked this account for a while.", "Wait until the block ends; it connects by itself.",
            "וואטסאפ חסמה את החשבון באופן זמני.", "המתינו לסיום החסימה; החיבור יחזור מעצמו.";
        /// 405 at login.
        ClientOutdated = "client_outdated",
            "WhatsApp asks for a newer version of this program.", "Ask your operator to update Switchyard.",
            "וואטסאפ דורשת גרסה חדשה יותר של התוכנה.", "בקשו מהמפעיל לעדכן את Switchyard.";
        /// 409, 413, 414 or an unknown refusal at login.
        RefusedByWhatsapp = "refused_by_whatsapp",
            "WhatsApp refused the connection.", "Try to connect again later; if it stays so, ask your operator.",
            "וואטסאפ סירבה לחיבור.", "נסו להתחבר שוב מאוחר יותר; אם זה נמשך, פנו למפעיל.";
        /// 411, 415 or 418 at login.
        LinkInvalid = "link_invalid",
            "The link to the phone is not valid any more.", "Connect again by scanning a new code.",
            "הקישור לטלפון אינו תקף עוד.", "התחברו שוב בסריקת קוד חדש.";
        /// 463 on a send, until a time.
        NewChatsRestricted = "new_chats_restricted",
            "WhatsApp restricts new chats from this number.", "Replies still go out; wait before writing to new people.",
            "וואטסאפ מגבילה שיחות חדשות מהמספר הזה.", "תשובות עדיין נשלחות; המתינו לפני פנייה לאנשים חדשים.";
        /// The connection was cut; it comes back by itself.
        Network = "network",
            "The connection to WhatsApp was lost.", "Nothing to do: it reconnects by itself.",
            "החיבור לוואטסאפ נותק.", "אין מה לעשות: החיבור יחזור מעצמו.";
        /// 429: dialled too often.
        RateLimited = "rate_limited",
            "WhatsApp asks to connect more slowly.", "Nothing to do: it tries again by itself.",
            "וואטסאפ מבקשת להתחבר לאט יותר.", "אין מה לעשות: ננסה שוב אוטומטית.";
        /// xml-not-well-formed, or an acknowledgement is owed.
        ProtocolError = "protocol_error",
            "WhatsApp did not understand us and closed the connection.", "Nothing to do: it reconnects by itself.",
            "וואטסאפ לא הבינה אותנו וסגרה את החיבור.", "אין מה לעשות: החיבור יחזור מעצמו.";
        /// Replaced while the epoch is ours.
        OpenedElsewhere = "opened_elsewhere",
            "This number was opened by another program with the same link.", "Close the other program, then connect again.",
            "המספר נפתח בתוכנה אחרת עם אותו קישור.", "סגרו את התוכנה האחרת והתחברו שוב.";
        /// The codes of one link attempt were used up.
        LinkExpired = "link_expired",
            "The code ran out.", "Try again.",
            "תוקף הקוד פג.", "נסו שוב.";
        /// Another number scanned than the session's.
        DifferentNumber = "different_number",
            "Another number scanned the code than the one that belongs here.", "Scan with the phone of this number, or add a new number.",
            "הקוד נסרק ממספר אחר מזה ששייך לכאן.", "סרקו עם הטלפון של המספר הזה, או הוסיפו מספר חדש.";
        /// The number that scanned is linked in this business as another entry.
        NumberAlreadyLinked = "number_already_linked",
            "This number is connected in your business already.", "Use the entry that it has, or unlink that one first.",
            "המספר הזה כבר מחובר בעסק שלכם.", "השתמשו בחיבור הקיים שלו, או נתקו אותו קודם.";
        /// WhatsApp asks for a passkey.
        PasskeyRequired = "passkey_required",
            "WhatsApp asks for a passkey before it links this account.", "This account cannot be linked by a code yet.",
            "וואטסאפ דורשת מפתח גישה לפני קישור החשבון.", "עדיין לא ניתן לקשר את החשבון הזה באמצעות קוד.";
        /// The stored keys cannot be opened.
        VaultUnreadable = "vault_unreadable",
            "The stored keys of this number cannot be read.", "Ask your operator to restore them; nothing was overwritten.",
            "לא ניתן לקרוא את המפתחות השמורים של המספר.", "בקשו מהמפעיל לשחזר אותם; דבר לא נדרס.";
        /// The disk is full.
        StorageFull = "storage_full",
            "There is no room left on the disk.", "Ask your operator to free some; it connects by itself then.",
            "לא נותר מקום בדיסק.", "בקשו מהמפעיל לפנות מקום; החיבור יחזור אחר כך מעצמו.";
        /// Somebody asked to unlink, and WhatsApp did not confirm it in time.
        UnlinkUnconfirmed = "unlink_unconfirmed",
            "WhatsApp could not be reached to unlink the phone.", "Remove the device on the phone, under linked devices.",
            "לא ניתן היה להגיע לוואטסאפ כדי לנתק את הטלפון.", "הסירו את המכשיר בטלפון, תחת מכשירים מקושרים.";
        /// Somebody asked for it.
        ByUser = "by_user",
            "Somebody in your business asked for this.", "Connect again whenever you like.",
            "מישהו בעסק שלכם ביקש זאת.", "אפשר להתחבר שוב בכל עת.";
    }
}

reasons! {
    /// Why a message failed.
    FailureCode {
        /// The recipient cannot be read.
        InvalidRecipient = "invalid_recipient",
            "The recipient is not a number that can be sent to.", "Check the number.",
            "הנמען אינו מספר שניתן לשלוח אליו.", "בדקו את המספר.";
        /// WhatsApp does not know the number.
        NotOnWhatsapp = "not_on_whatsapp",
            "This number is not on WhatsApp.", "Check the number, or reach the person another way.",
            "המספר הזה אינו בוואטסאפ.", "בדקו את המספר, או פנו לאדם בדרך אחרת.";
        /// WhatsApp refused the message.
        Rejected = "rejected",
            "WhatsApp refused this message.", "Try again; if it stays so, ask your operator.",
            "וואטסאפ סירבה להודעה.", "נסו שוב; אם זה נמשך, פנו למפעיל.";
        /// 463: new chats are restricted.
        NumberRestricted = "number_restricted",
            "WhatsApp restricts new chats from this number.", "Wait before writing to new people; replies still go out.",
            "וואטסאפ מגבילה שיחות חדשות מהמספר הזה.", "המתינו לפני פנייה לאנשים חדשים; תשובות עדיין נשלחות.";
        /// 475: the quota of new chats is used up.
        NewChatLimit = "new_chat_limit",
            "This number has reached WhatsApp's limit of new chats.", "Wait for the next period.",
            "המספר הגיע למכסת השיחות החדשות של וואטסאפ.", "המתינו לתקופה הבאה.";
        /// The deadline passed before it could be sent.
        Expired = "expired",
            "The message waited too long and was given up.", "Connect the number and send it again.",
            "ההודעה המתינה זמן רב מדי ונזנחה.", "חברו את המספר ושלחו שוב.";
        /// The number was unlinked while the message waited.
        SessionLoggedOut = "session_logged_out",
            "The number was unlinked before the message could be sent.", "Connect it again and send the message again.",
            "המספר נותק לפני שההודעה נשלחה.", "חברו אותו שוב ושלחו את ההודעה מחדש.";
        /// The session holds another number now.
        NumberChanged = "number_changed",
            "The number of this session changed before the message could be sent.", "Send it again from the right number.",
            "המספר של החיבור הזה השתנה לפני שההודעה נשלחה.", "שלחו אותה שוב מהמספר הנכון.";
    }
}

reasons! {
    /// Why a call was turned away, or how it ended where its state does not say all.
    CallReason {
        /// As many calls as the platform takes at a time.
        AtCapacity = "at_capacity",
            "All lines of the platform were busy.", "Nothing to do: lines become free by themselves; ask your operator if it happens often.",
            "כל הקווים של המערכת היו תפוסים.", "אין מה לעשות: קווים מתפנים מעצמם; אם זה קורה לעיתים קרובות, פנו למפעיל.";
        /// As many calls as the business may have at a time.
        BusinessLimit = "business_limit",
            "All lines of your business were busy.", "Ask your operator for more lines if it happens often.",
            "כל הקווים של העסק שלכם היו תפוסים.", "אם זה קורה לעיתים קרובות, בקשו מהמפעיל קווים נוספים.";
        /// What counts the calls does not answer.
        StoreUnavailable = "store_unavailable",
            "Calls could not be counted for a moment, so none was taken.", "Nothing to do: calls are taken again by themselves.",
            "לא ניתן היה לספור שיחות לרגע, ולכן לא התקבלה אף אחת.", "אין מה לעשות: שיחות יתקבלו שוב מעצמן.";
        /// The few seconds after a cold start of what counts the calls.
        Warming = "warming",
            "The platform had just started and took no new calls yet.", "Nothing to do: it takes seconds.",
            "המערכת רק עלתה ועדיין לא קיבלה שיחות חדשות.", "אין מה לעשות: זה נמשך שניות.";
        /// The process that was asked is going away.
        Draining = "draining",
            "The process that should have taken the call was going away.", "Nothing to do: others take calls.",
            "התהליך שהיה אמור לקבל את השיחה עמד להיסגר.", "אין מה לעשות: תהליכים אחרים מקבלים שיחות.";
        /// The number that was called belongs to nobody here.
        UnknownNumber = "unknown_number",
            "The number that was called takes no calls here.", "Add the number under Calls.",
            "המספר שאליו התקשרו אינו מקבל כאן שיחות.", "הוסיפו את המספר תחת שיחות.";
        /// Nobody spoke to the caller, and no message was left.
        Missed = "missed",
            "The caller spoke to nobody and left no message.", "Call back, or let a message be sent to whoever is missed.",
            "המתקשר לא דיבר עם איש ולא השאיר הודעה.", "התקשרו בחזרה, או הגדירו הודעה למי שלא נענה.";
        /// The caller left a message.
        Voicemail = "voicemail",
            "The caller left a message.", "Listen to it, then call back.",
            "המתקשר השאיר הודעה.", "האזינו לה והתקשרו בחזרה.";
        /// Cut at the longest time that a call may take.
        TooLong = "too_long",
            "The call reached the longest time that a call may take.", "Ask your operator if calls need to be longer.",
            "השיחה הגיעה לאורך המרבי המותר.", "אם דרושות שיחות ארוכות יותר, פנו למפעיל.";
        /// An operator took its place back.
        Released = "released",
            "An operator ended our part in this call.", "Ask your operator why.",
            "מפעיל סיים את חלקנו בשיחה.", "שאלו את המפעיל מדוע.";
        /// Somebody of the business ended it, or took it back while it waited.
        HungUp = "hung_up",
            "Somebody in your business ended this call.", "Nothing to do: you can call again at any time.",
            "מישהו בעסק שלכם סיים את השיחה.", "אין מה לעשות: אפשר להתקשר שוב בכל עת.";
        /// Its last callback never came.
        Lost = "lost",
            "The end of this call was never told to us.", "Nothing to do; how long it took is not known.",
            "סיום השיחה לא דווח לנו.", "אין מה לעשות; אורכה אינו ידוע.";
        /// The provider refused to place it.
        ProviderRefused = "provider_refused",
            "The telephone company refused this call.", "Check the number, and whether your line may call it.",
            "חברת הטלפון סירבה לשיחה.", "בדקו את המספר, והאם הקו שלכם רשאי להתקשר אליו.";
        /// 21201, 21211, 21214, 21217: the callee is no number that can be called.
        InvalidNumber = "invalid_number",
            "The number cannot be called.", "Check the number.",
            "לא ניתן להתקשר למספר הזה.", "בדקו את המספר.";
        /// 21210, 21212: the provider does not know the caller as a number of ours.
        CallerNotAllowed = "caller_not_allowed",
            "The telephone company does not let your line make calls.", "Ask your operator to add the line to the account there.",
            "חברת הטלפון אינה מתירה לקו שלכם להוציא שיחות.", "בקשו מהמפעיל להוסיף את הקו לחשבון שם.";
        /// 21215, 21216: the account may not call there.
        CountryBlocked = "country_blocked",
            "Calls to this country or number are not allowed.", "Ask your operator to allow them at the telephone company.",
            "שיחות למדינה או למספר הזה אינן מותרות.", "בקשו מהמפעיל לאפשר אותן בחברת הטלפון.";
        /// 20003, or an address of ours that the provider does not take: nothing that the business did.
        ProviderAccount = "provider_account",
            "The telephone company refused the platform, not this call.", "Ask your operator to check the account there.",
            "חברת הטלפון סירבה למערכת, לא לשיחה הזו.", "בקשו מהמפעיל לבדוק את החשבון שם.";
        /// It could not be asked, or asked us to come later, for as long as the call waited.
        ProviderAway = "provider_away",
            "The telephone company could not be reached in time.", "Try again later.",
            "לא ניתן היה להגיע לחברת הטלפון בזמן.", "נסו שוב מאוחר יותר.";
        /// Nobody took it in hand for as long as it waited.
        NotPlaced = "not_placed",
            "The call waited too long and was not made.", "Try again; if it stays so, ask your operator.",
            "השיחה המתינה זמן רב מדי ולא בוצעה.", "נסו שוב; אם זה נמשך, פנו למפעיל.";
        /// The provider's answer was lost, and nothing has been heard of the call since.
        Unconfirmed = "unconfirmed",
            "It is not known whether the telephone company made this call.", "Ask whoever was called before you try again.",
            "לא ידוע אם חברת הטלפון ביצעה את השיחה.", "בררו עם הנמען לפני ניסיון נוסף.";
    }
}

impl SessionReason {
    /// The state that this reason puts a session into.
    pub const fn state(self) -> SessionState {
        match self {
            Self::UnlinkedOnPhone
            | Self::UnlinkedWhileAway
            | Self::LinkInvalid
            | Self::UnlinkUnconfirmed => SessionState::LoggedOut,
            Self::AccountLocked
            | Self::AccountBanned
            | Self::ClientOutdated
            | Self::RefusedByWhatsapp
            | Self::DifferentNumber
            | Self::NumberAlreadyLinked
            | Self::VaultUnreadable
            | Self::StorageFull => SessionState::Failed,
            Self::TemporaryBan | Self::NewChatsRestricted => SessionState::Restricted,
            Self::Network | Self::RateLimited | Self::ProtocolError => SessionState::Connecting,
            Self::OpenedElsewhere => SessionState::Replaced,
            Self::LinkExpired | Self::ByUser | Self::PasskeyRequired => SessionState::Disconnected,
        }
    }
}

impl FailureCode {
    /// What an error acknowledgement of WhatsApp's server means.
    /// Source of the numbers: the client libraries' tables of nack codes.
    pub const fn of_ack_error(error: u16) -> Self {
        match error {
            404 => Self::NotOnWhatsapp,
            463 => Self::NumberRestricted,
            475 => Self::NewChatLimit,
            _ => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn all() -> Vec<Words> {
        let sessions = SessionReason::ALL.iter().map(|it| it.words());
        sessions
            .chain(FailureCode::ALL.iter().map(|it| it.words()))
            .chain(CallReason::ALL.iter().map(|it| it.words()))
            .collect()
    }

    #[test]
    fn every_reason_has_a_code_of_its_own_and_words_in_both_languages() {
        let codes: HashSet<_> = all().iter().map(|words| words.code).collect();
        assert_eq!(codes.len(), all().len());
        let hebrew = |text: &str| text.chars().any(|c| ('\u{5d0}'..='\u{5ea}').contains(&c));
        for words in all() {
            assert!(
                words.sentence_en.ends_with('.') && hebrew(words.sentence_he),
                "{words:?}"
            );
            assert!(hebrew(words.next_he), "{words:?}");
        }
    }

    #[test]
    fn a_reason_reads_back_by_its_code() {
        for reason in SessionReason::ALL {
            assert_eq!(SessionReason::parse(reason.code()), Some(*reason));
            let shown = serde_json::to_string(reason).unwrap();
            assert_eq!(shown.trim_matches('"'), reason.code());
        }
    }
}
