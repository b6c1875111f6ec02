//! How a connection ended, read from what the client told.

use std::time::Duration;

use switchyard_core::reason::SessionReason;
use wacore_binary::NodeRef;
use whatsapp_rust::types::events::{ConnectFailureReason, Event};

/// How one connection of a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// WhatsApp, the network or our own storage ended it.
    Because(SessionReason),
    /// WhatsApp blocks the account for so long; unknown when it did not say.
    Banned(Option<Duration>),
    /// WhatsApp asks to come again at once.
    Again,
    /// What is wanted of the session changed.
    Ordered,
    /// This process stops.
    Stopped,
    /// The lease or the epoch is lost: nothing may be written any more.
    Lost,
}

/// The ending that an event announces, if it announces one.
pub(crate) fn of_event(event: &Event) -> Option<Ending> {
    let ending = match event {
        Event::StreamReplaced(_) => Ending::Because(SessionReason::OpenedElsewhere),
        Event::LoggedOut(it) if !it.on_connect => Ending::Because(SessionReason::UnlinkedOnPhone),
        Event::LoggedOut(it) => of_failure(it.reason),
        Event::TemporaryBan(it) => Ending::Banned(it.expire.to_std().ok()),
        Event::ClientOutdated(_) => Ending::Because(SessionReason::ClientOutdated),
        Event::ConnectFailure(it) => of_failure(it.reason),
        Event::PairingQrCodesExhausted(_) => Ending::Because(SessionReason::LinkExpired),
        Event::StreamError(it) => return of_stream_error(&it.raw.as_ref()?.as_node_ref()),
        _ => return None,
    };
    Some(ending)
}

/// The ending that a refusal at login means.
fn of_failure(reason: ConnectFailureReason) -> Ending {
    use ConnectFailureReason as Refusal;
    Ending::Because(match reason {
        Refusal::LoggedOut => SessionReason::UnlinkedWhileAway,
        Refusal::TempBanned => return Ending::Banned(None),
        Refusal::AccountLocked => SessionReason::AccountLocked,
        Refusal::UnknownLogout => SessionReason::AccountBanned,
        Refusal::ClientOutdated => SessionReason::ClientOutdated,
        Refusal::NotFound | Refusal::ClientUnknown | Refusal::Unknown(411) => {
            SessionReason::LinkInvalid
        }
        Refusal::InternalServerError | Refusal::ServiceUnavailable => SessionReason::Network,
        Refusal::Unknown(429) => SessionReason::RateLimited,
        _ => SessionReason::RefusedByWhatsapp,
    })
}

/// The ending that a `stream:error` announces. The client has no event for 429 and 503.
pub(crate) fn of_stream_error(node: &NodeRef<'_>) -> Option<Ending> {
    let code = node.get_attr("code").map(|it| it.as_str().into_owned());
    match code.as_deref() {
        Some("429") => Some(Ending::Because(SessionReason::RateLimited)),
        Some("503" | "500") => Some(Ending::Because(SessionReason::Network)),
        Some("515") => Some(Ending::Again),
        Some(_) => None,
        None => {
            let broken = ["xml-not-well-formed", "ack"];
            broken
                .iter()
                .any(|it| node.get_optional_child(it).is_some())
                .then_some(Ending::Because(SessionReason::ProtocolError))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_binary::builder::NodeBuilder;

    #[test]
    fn every_refusal_at_login_has_its_reason() {
        let cases = [
            (401, SessionReason::UnlinkedWhileAway),
            (403, SessionReason::AccountLocked),
            (405, SessionReason::ClientOutdated),
            (406, SessionReason::AccountBanned),
            (409, SessionReason::RefusedByWhatsapp),
            (411, SessionReason::LinkInvalid),
            (413, SessionReason::RefusedByWhatsapp),
            (414, SessionReason::RefusedByWhatsapp),
            (415, SessionReason::LinkInvalid),
            (418, SessionReason::LinkInvalid),
            (429, SessionReason::RateLimited),
            (500, SessionReason::Network),
            (503, SessionReason::Network),
            (499, SessionReason::RefusedByWhatsapp),
        ];
        for (code, reason) in cases {
            assert_eq!(of_failure(code.into()), Ending::Because(reason), "{code}");
        }
        assert_eq!(of_failure(402.into()), Ending::Banned(None));
    }

    #[test]
    fn a_stream_error_without_an_event_has_its_reason() {
        let rate = NodeBuilder::new("stream:error").attr("code", "429").build();
        assert_eq!(
            of_stream_error(&rate.as_node_ref()),
            Some(Ending::Because(SessionReason::RateLimited))
        );
        let owed = NodeBuilder::new("stream:error")
            .children([NodeBuilder::new("ack").build()])
            .build();
        assert_eq!(
            of_stream_error(&owed.as_node_ref()),
            Some(Ending::Because(SessionReason::ProtocolError))
        );
    }
}
