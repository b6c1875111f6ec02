//! Tickets of media sockets: what a page gives the stream of its call, and what the socket shows beside the provider's
//! signature. Whoever knows the account's token alone opens no socket, and nobody opens one for another call or page.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::Sha256;
use switchyard_core::{BusinessId, Timestamp};

/// The clocks of two replicas may differ by so much.
const SKEW: Duration = Duration::from_mins(1);

/// What signs and checks tickets: the same in every replica.
#[derive(Debug)]
pub(crate) struct Tickets(SecretBox<[u8; 32]>);

/// What a ticket is for: the stream of one page of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// The call.
    pub(crate) sid: &'a str,
    /// Whose.
    pub(crate) business: BusinessId,
    /// The version of the flow that it goes by.
    pub(crate) version: i64,
    /// The node of the flow.
    pub(crate) node: &'a str,
    /// The number of the page.
    pub(crate) page: u32,
}

/// Why a ticket counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    /// None of ours, or one for something else.
    #[error("the ticket is none of ours, or for something else")]
    Foreign,
    /// It was given out too long ago.
    #[error("the ticket has lapsed")]
    Lapsed,
    /// It is given out in the future.
    #[error("the ticket is of the future: the clocks of two replicas differ")]
    Early,
}

impl Tickets {
    /// Under this key.
    pub(crate) fn new(key: SecretBox<[u8; 32]>) -> Self {
        Self(key)
    }

    /// A ticket that counts for so long from now on.
    pub(crate) fn issue(&self, purpose: Purpose<'_>, now: Timestamp, lasts: Duration) -> String {
        let times = format!("{}.{}", now.ms(), now.plus(lasts).ms());
        let code = self.mac(purpose, &times).finalize().into_bytes();
        format!("{times}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// Whether it is one, for this.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check(
        &self,
        purpose: Purpose<'_>,
        ticket: &str,
        now: Timestamp,
    ) -> Result<(), Invalid> {
        let (times, code) = ticket.rsplit_once('.').ok_or(Invalid::Foreign)?;
        let code = URL_SAFE_NO_PAD
            .decode(code)
            .map_err(|_no_code| Invalid::Foreign)?;
        let signed = self.mac(purpose, times).verify_slice(&code);
        signed.map_err(|_other_code| Invalid::Foreign)?;
        let (from, until) = times.split_once('.').ok_or(Invalid::Foreign)?;
        let read = |text: &str| text.parse().map(Timestamp).map_err(|_no| Invalid::Foreign);
        if now.plus(SKEW) < read(from)? {
            return Err(Invalid::Early);
        }
        if now > read(until)?.plus(SKEW) {
            return Err(Invalid::Lapsed);
        }
        Ok(())
    }

    /// None of the parts holds what stands between them.
    fn mac(&self, purpose: Purpose<'_>, times: &str) -> Hmac<Sha256> {
        let key: &[u8; 32] = self.0.expose_secret();
        // Shorter than a block, a key is filled up with zeros.
        let mut block = [0; 64];
        if let Some(start) = block.first_chunk_mut::<32>() {
            *start = *key;
        }
        let mut mac = Hmac::<Sha256>::new((&block).into());
        let text = format!(
            "socket {} {} {} {} {} {times}",
            purpose.sid, purpose.business, purpose.version, purpose.node, purpose.page
        );
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(key: u8) -> Tickets {
        Tickets::new(SecretBox::new(Box::new([key; 32])))
    }

    #[test]
    fn a_ticket_is_for_one_page_of_one_call_under_one_key() {
        let (ours, now) = (tickets(1), Timestamp(1_700_000_000_000));
        let purpose = Purpose {
            sid: "CA1",
            business: BusinessId::generate(),
            version: 3,
            node: "agent",
            page: 2,
        };
        let ticket = ours.issue(purpose, now, Duration::from_secs(30));
        assert_eq!(ours.check(purpose, &ticket, now), Ok(()));
        let others = [
            Purpose {
                sid: "CA2",
                ..purpose
            },
            Purpose {
                business: BusinessId::generate(),
                ..purpose
            },
            Purpose {
                version: 4,
                ..purpose
            },
            Purpose {
                node: "other",
                ..purpose
            },
            Purpose { page: 3, ..purpose },
        ];
        for other in others {
            let checked = ours.check(other, &ticket, now);
            assert_eq!(checked, Err(Invalid::Foreign), "{other:?}");
        }
        let theirs = tickets(2).issue(purpose, now, Duration::from_secs(30));
        for wrong in [
            theirs.as_str(),
            "",
            "1.2",
            "1.2.",
            ticket.trim_start_matches('1'),
        ] {
            let checked = ours.check(purpose, wrong, now);
            assert_eq!(checked, Err(Invalid::Foreign), "{wrong}");
        }
        let (_, code) = ticket.rsplit_once('.').unwrap();
        let longer = format!("{}.{}.{code}", now.ms(), now.ms() + 9_000_000);
        assert_eq!(ours.check(purpose, &longer, now), Err(Invalid::Foreign));
    }

    #[test]
    fn clocks_may_differ_by_a_minute_and_by_no_more() {
        let (ours, now) = (tickets(1), Timestamp(1_700_000_000_000));
        let purpose = Purpose {
            sid: "CA1",
            business: BusinessId::generate(),
            version: 0,
            node: "agent",
            page: 1,
        };
        let ticket = ours.issue(purpose, now, Duration::from_secs(30));
        let at = |ms: i64| ours.check(purpose, &ticket, Timestamp(now.ms() + ms));
        assert_eq!(at(-60_000), Ok(()));
        assert_eq!(at(-60_001), Err(Invalid::Early));
        assert_eq!(at(90_000), Ok(()));
        assert_eq!(at(90_001), Err(Invalid::Lapsed));
    }
}
