//! API error codes: one row each with its HTTP status, its words, an example and what to do. The description of the
//! API and the page of each code are made from these rows.

/// The row of one API code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiCodeRow {
    /// The code on the wire.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means, in a few words.
    pub title: &'static str,
    /// When it comes.
    pub meaning: &'static str,
    /// What a program, or the person behind it, does next.
    pub next: &'static str,
    /// A `detail` that comes with it.
    pub example: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $title:literal,
       $meaning:literal, $next:literal, $example:literal;)*) => {
        /// A stable code of an API error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ApiCode {
            $($(#[$doc])* $variant,)*
        }

        impl ApiCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its row of the table.
            pub const fn row(self) -> ApiCodeRow {
                match self {
                    $(Self::$variant => ApiCodeRow {
                        name: $name,
                        status: $status,
                        title: $title,
                        meaning: $meaning,
                        next: $next,
                        example: $example,
                    },)*
                }
            }
        }
    };
}

codes! {
    /// The request is malformed: a field is missing, unknown or out of range.
    InvalidRequest = "invalid_request", 400, "The request is not valid",
        "The request cannot be read: a field is missing, has another type, is out of its range, or is not known. \
         Unknown fields are refused rather than ignored, so that a misspelt one is noticed.",
        "Read `detail`, correct the request and send it again. Sent unchanged it is refused again.",
        "limit is 1 to 200";
    /// No credential, or one that is not valid any more.
    Unauthorized = "unauthorized", 401, "Sign in first",
        "There is no credential, or it is not good any more: an access token ends after ten minutes, a key ends when \
         it is revoked or when its time is over, and both end when the business is suspended.",
        "Send `Authorization: Bearer` with an API key or an access token. Renew an access token by \
         `POST /v1/auth/refresh`; for a key that ended, an owner makes another one.",
        "the API key is not valid";
    /// The credential does not allow this.
    Forbidden = "forbidden", 403, "This credential does not allow that",
        "The credential is good, but it lacks the scope, or its person the role, that this needs; or a request with \
         the dashboard's cookie does not come from the dashboard. `detail` names what is missing.",
        "Use a key with that scope, or ask an owner for another role.",
        "this needs messages:write, which this credential does not have";
    /// There is no such thing in this business.
    NotFound = "not_found", 404, "There is no such thing",
        "The business of the credential has nothing of that id. An id of another business is answered in the same \
         way, as is an id that cannot be read.",
        "Check the id, and that the credential belongs to the right business (`GET /v1/me`).",
        "there is no such thing in this business";
    /// The path is known, but not with this method; `Allow` lists those that are.
    MethodNotAllowed = "method_not_allowed", 405, "This path does not know that method",
        "The path exists, but not with this method. The header `Allow` lists those that it has.",
        "Use one of the methods in `Allow`.",
        "this path knows GET, POST";
    /// The thing is in a state that does not allow this.
    Conflict = "conflict", 409, "Not possible in the present state",
        "Somebody else changed the same thing at the same moment, or its state does not allow this.",
        "Read the thing anew and decide again.",
        "somebody changed the same thing meanwhile: read it anew";
    /// The first run is over.
    AlreadySetUp = "already_set_up", 409, "This installation is set up already",
        "The first owner has been made. That happens once in the life of an installation.",
        "Sign in, or ask an owner for an invitation.",
        "this installation is set up already: sign in";
    /// The invited person works in the business.
    AlreadyAMember = "already_a_member", 409, "This person is a member already",
        "The address belongs to somebody who works in this business.",
        "Nothing is left to do; `PATCH /v1/members/{id}` gives the person another role.",
        "this person is a member already";
    /// The business would be left without an owner.
    LastOwner = "last_owner", 409, "A business keeps one owner",
        "The last owner of a business can neither be removed nor be given another role.",
        "Make somebody else an owner first, then try again.",
        "a business keeps one owner: make somebody else an owner first";
    /// Somebody has this address.
    EmailTaken = "email_taken", 409, "Somebody has this email address already",
        "An account with this address exists, so that no new one can be made with it.",
        "Sign in to that account, or use another address.",
        "somebody has this email address already";
    /// The number shows no code at the moment.
    NoCodeToScan = "no_code_to_scan", 409, "There is no code to scan",
        "A picture was asked for while the number offers no code: it is connected already, it was not asked to \
         connect, or its codes ran out. As JSON the same address answers `qr: null` instead.",
        "Look at the number's `state`. `POST /v1/sessions/{id}/connect` begins to offer codes; wait for the first \
         one with `?wait=`.",
        "there is no code to scan: the number is connected";
    /// An operator would lock themselves out.
    OwnBusiness = "own_business", 409, "You work in this business",
        "An operator cannot suspend the business that the credential names: that would end the credential.",
        "Switch to another business by `POST /v1/me/business` first.",
        "you work in this business: switch to another one first";
    /// An operator would shut themselves out.
    OwnAccount = "own_account", 409, "This is your own account",
        "An operator cannot suspend the account that the credential belongs to: that would end the credential.",
        "Ask another operator.",
        "this is your own account: ask another operator";
    /// The cursor is older than the events that are kept, or newer than all of them.
    CursorExpired = "cursor_expired", 410, "The cursor names no event that is kept",
        "Events are kept for seven days. The cursor is older than that, or newer than every event there is, as after \
         the restoration of a backup.",
        "Load what you keep anew (chats, messages, numbers), then go on from `after=0`, or from now by the live \
         stream.",
        "no event of this business that is kept has this number";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout", 408, "The request did not arrive in time",
        "The body of a request has eight seconds to arrive. Nothing was done.",
        "Send it again over a better line.",
        "the body did not arrive within 8 seconds";
    /// The body is larger than allowed.
    TooLarge = "too_large", 413, "The body is too large",
        "A JSON body has at most 1 MiB.",
        "Send less at a time.",
        "a JSON body has at most 1 MiB";
    /// The number takes calls already.
    NumberTaken = "number_taken", 409, "This number takes calls already",
        "A phone number takes calls for one business, and this one does so already, here or elsewhere.",
        "`GET /v1/call-numbers` lists those of the business; for one of another business ask the operator of the \
         platform.",
        "this number takes calls already";
    /// The call flow rings the number.
    NumberRung = "number_rung", 409, "The call flow rings this number",
        "A number that the call flow rings cannot take calls here: they would come back for ever.",
        "Take the number out of the call flow first, by `PUT /v1/call-flow`.",
        "the call flow rings this number: take it out first";
    /// The call is over.
    CallOver = "call_over", 409, "The call is over",
        "The call had ended, or was given up, before anybody asked for its end.",
        "Nothing to do. `GET /v1/calls/{call_sid}` says how it ended.",
        "the call was over already";
    /// The phone number cannot be read.
    InvalidPhone = "invalid_phone", 422, "The phone number cannot be read",
        "`phone` is no phone number with its country code.",
        "Send `+` and the number with its country code, such as `+97231234567`.",
        "phone is + and the number with its country code";
    /// The call flow has faults.
    InvalidFlow = "invalid_flow", 422, "The call flow has faults",
        "The flow can be read but would not work: a way leads nowhere or round for ever, a node is never reached, or a \
         text, a number, an address or a time is out of its limits. `faults` lists every one with its place.",
        "Correct what `faults` names and send the flow again. Nothing of it was kept.",
        "the call flow has 1 fault";
    /// The same Idempotency-Key came with another body.
    IdempotencyMismatch = "idempotency_mismatch", 422, "This Idempotency-Key was used with another body",
        "The key named another message within the last 24 hours. Nothing was sent this time.",
        "Make a new key for each message; repeat a key only to repeat the same request.",
        "use a new Idempotency-Key for another body";
    /// The recipient is not a phone number or address that can be sent to.
    InvalidRecipient = "invalid_recipient", 422, "The recipient cannot be read",
        "`to` is neither a phone number nor an address of WhatsApp. Whether the number is on WhatsApp is found out \
         when the message is sent; one that is not ends as `failed` with `not_on_whatsapp`.",
        "Send `+` and the number with its country code, such as `+972501234567`.",
        "a recipient is +E.164, digits, …@s.whatsapp.net, …@c.us or …@lid";
    /// The business has several numbers and the request names none.
    SessionRequired = "session_required", 422, "Say which number should send",
        "The business has no number, or several of which not exactly one has this chat.",
        "Name the number in `session_id`; `GET /v1/sessions` lists them.",
        "there are several numbers, or none: name one in session_id";
    /// The business has no number that can call, or several.
    CallNumberRequired = "call_number_required", 422, "Say which number should call",
        "The business has no number that takes calls, or several of which none was named.",
        "Name the number in `from`; `GET /v1/call-numbers` lists them.",
        "there are several numbers, or none: name one in from";
    /// The call flow has no such node.
    NoSuchNode = "no_such_node", 422, "The call flow has no such node",
        "`node` is no node of the call flow that is in force.",
        "Read the flow by `GET /v1/call-flow`, and name one of its nodes.",
        "the call flow in force has no node of that name";
    /// The person asked not to be contacted.
    OptedOut = "opted_out", 422, "This person does not want to be contacted",
        "The contact of this number asked not to be contacted. Nothing was done.",
        "Reach the person only when they write or call themselves.",
        "the contact of this number asked not to be contacted";
    /// This kind of content is not supported.
    UnsupportedKind = "unsupported_kind", 422, "This content is not supported",
        "Messages to groups cannot be sent yet.",
        "Send to a person.",
        "messages to groups are not supported";
    /// Too many requests; `Retry-After` says when to come again.
    TooManyRequests = "too_many_requests", 429, "Too many requests",
        "A key has a limit of its own (100 requests a second, 200 at once, unless it was given another), a person \
         one of 20 a second; attempts to sign in, and open live streams, are counted apart.",
        "Wait as many seconds as `Retry-After` says. `RateLimit-Remaining` and `RateLimit-Reset` are on every \
         answer: slow down before the limit is reached.",
        "slow down a little";
    /// A limit of the business is used up.
    QuotaExceeded = "quota_exceeded", 429, "A limit of the business is used up",
        "The business has all the numbers, people or keys that it may have, has sent all messages of today, or keeps all the \
         bytes that it may; what customers write is taken in all the same. `Retry-After` comes where waiting helps: the day ends at midnight UTC.",
        "`GET /v1/business` shows the limits and what is used; the operator of the platform changes them.",
        "the business has sent all messages of today (UTC)";
    /// A shard that is named, or every other one, takes no sessions now.
    ShardCannotTake = "shard_cannot_take", 409, "The shard takes no numbers now",
        "The shard to which a business is to move is not running, is being emptied, or has no room for all its numbers; \
         or there is no other running shard to take what a shard holds that is to be emptied.",
        "`GET /v1/admin/shards` shows which shards run and how much room they have.",
        "no running shard that is named here has room for these numbers";
    /// A fault of ours; the request id finds it in the log.
    Internal = "internal", 500, "Something went wrong on our side",
        "A fault of the program. What was asked for may or may not have been done.",
        "Try again, with the same Idempotency-Key where there is one. If it stays so, report the `request_id`, which \
         finds the cause in the log.",
        "try again; if it stays so, report the request_id";
    /// No shard has room for a first connection.
    ShardUnavailable = "shard_unavailable", 503, "There is no room for a new number right now",
        "No process has room for a number that was never linked. Numbers that are linked and messages are not touched \
         by it.",
        "Try again after `Retry-After`; the operator of the platform adds room.",
        "there is no room for a new number right now";
    /// Something that this needs is away for the moment.
    Unavailable = "unavailable", 503, "Away for the moment",
        "The database, or something else that this needs, does not answer, has no room, or took too long. Nothing \
         that was accepted before is lost.",
        "Try again after `Retry-After`, with the same Idempotency-Key where there is one.",
        "the database is away";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_its_own_name_and_all_its_words() {
        let names: HashSet<_> = ApiCode::ALL.iter().map(|code| code.row().name).collect();
        assert_eq!(names.len(), ApiCode::ALL.len());
        for row in ApiCode::ALL.iter().map(|code| code.row()) {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(row.name.chars().all(plain), "{}", row.name);
            assert!((400..=599).contains(&row.status), "{}", row.name);
            for words in [row.title, row.meaning, row.next, row.example] {
                assert!(!words.trim().is_empty(), "{}", row.name);
            }
        }
    }
}
