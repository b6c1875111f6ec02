//! Inbound messages: committed to the store before WhatsApp hears that they arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use store::inbound::{self, Content, Inbound, Recorded};
use store::{Held, Store};
use switchyard_core::Timestamp;
use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::fail::{FailPoint, FailPoints};
use tokio::sync::{mpsc, watch};
use wacore::proto_helpers::MessageExt;
use waproto::whatsapp as wa;
use whatsapp_rust::anyhow;
use whatsapp_rust::client::Client;
use whatsapp_rust::types::durability_hook::InboundDurabilityHook;
use whatsapp_rust::types::events::InboundMessage;
use whatsapp_rust::types::message::{MessageCategory, MessageInfo};

use crate::berth::Holding;
use crate::ear::Sign;
use crate::ending::Ending;
use crate::identity::{identity, is_person, is_unknown};
use crate::metrics::Metrics;
use crate::tenure::Lease;
use crate::unread::Unread;
use crate::vault::{SessionVault, Trouble};
use crate::world::World;

/// The most characters of an inbound text that are kept; WhatsApp's own limit.
const TEXT_MAX: usize = 65_536;
/// The most characters of a person's own name that are kept; WhatsApp's own limit is 25.
const NAME_MAX: usize = 100;
/// How messages are refused on a connection that gave one up.
const GIVEN_UP: &str = "gave_up_a_message";
/// The pause between two tries of a commit while the database is away.
const AGAIN: Duration = Duration::from_millis(200);

/// Writes down what one connection of a session receives.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The store.
    pub(crate) store: Store,
    /// The session, and under which epoch.
    pub(crate) held: Held,
    /// Until when to try.
    pub(crate) lease: Arc<Lease>,
    /// What the vault of this connection met.
    trouble: watch::Receiver<Option<Trouble>>,
    /// Set once a message was not written down.
    gave_up: AtomicBool,
    /// Set while the device belongs to another number than the session's: nothing of it is written down.
    pub(crate) foreign: AtomicBool,
    /// What could not be read and is not written down yet.
    pub(crate) unread: Arc<Unread>,
    /// Where the supervisor hears that this connection must end.
    pub(crate) signs: mpsc::Sender<Sign>,
    /// Where a test build kills itself.
    pub(crate) fail: Arc<FailPoints>,
    /// What is counted.
    pub(crate) metrics: Metrics,
}

impl Inbox {
    /// For one connection.
    pub(crate) fn new(
        world: &World,
        holding: &Holding,
        vault: &SessionVault,
        signs: mpsc::Sender<Sign>,
    ) -> Self {
        Self {
            trouble: vault.trouble(),
            gave_up: AtomicBool::new(false),
            store: world.store.clone(),
            held: holding.held,
            lease: Arc::clone(&holding.lease),
            foreign: AtomicBool::new(false),
            unread: Arc::default(),
            signs,
            fail: Arc::clone(&world.fail),
            metrics: world.metrics.clone(),
        }
    }

    /// Commits messages; tries again while the database is away, until the lease ends.
    ///
    /// # Errors
    /// Nothing was written. The supervisor has been told why.
    pub(crate) async fn record(&self, messages: Vec<Inbound>) -> store::Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        if self.gave_up.load(Ordering::Acquire) || self.trouble.borrow().is_some() {
            // An earlier message comes again at the next connection, and these shall come after it.
            return Err(store::Error::Conflict(GIVEN_UP));
        }
        loop {
            // A process that was paused past its lease writes nothing under its old epoch.
            self.may_write()?;
            let recording =
                inbound::record(&self.store, Timestamp::now(), &self.held, messages.clone());
            let error = match recording.await {
                Ok(recorded) => {
                    self.count(&recorded);
                    return Ok(());
                }
                Err(error) => error,
            };
            let away = matches!(
                error,
                store::Error::Unavailable(_) | store::Error::StorageFull
            );
            if !away || !self.lease.is_good() {
                tracing::warn!(session = %self.held.session, %error, "inbound messages were not committed");
                self.end(&error);
                return Err(error);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Whether this process may still write for the session.
    ///
    /// # Errors
    /// The lease is over; the supervisor has been told.
    pub(crate) fn may_write(&self) -> store::Result<()> {
        if self.lease.is_good() {
            return Ok(());
        }
        let error = store::Error::Fenced;
        self.end(&error);
        Err(error)
    }

    /// Tells the supervisor that the connection must end because of this.
    pub(crate) fn end(&self, error: &store::Error) {
        self.gave_up.store(true, Ordering::Release);
        let ending = match error {
            store::Error::Fenced => Ending::Lost,
            // WhatsApp offers the messages again at the next connection.
            _ => Ending::Because(switchyard_core::reason::SessionReason::Network),
        };
        Sign::Ended(ending).tell(&self.signs);
    }

    fn count(&self, recorded: &[Recorded]) {
        for outcome in recorded {
            let outcome = match outcome {
                Recorded::New => "new",
                Recorded::Duplicate => "duplicate",
                Recorded::Replaced => "replaced",
            };
            self.metrics.inbound.with_label_values(&[outcome]).inc();
        }
    }

    /// A person with what the client knows of the identity that was not told.
    pub(crate) async fn complete(client: &Client, mut peer: Identity) -> Identity {
        if peer.phone.is_some() && peer.lid.is_some() {
            return peer;
        }
        let Some(address) = crate::identity::address(&peer) else {
            return peer;
        };
        if let Ok(Some(entry)) = client.get_lid_pn_entry(&address).await {
            peer.phone = peer.phone.or_else(|| Phone::parse(&entry.phone_number));
            peer.lid = peer.lid.or_else(|| Lid::parse(&entry.lid));
        }
        peer
    }
}

#[async_trait]
impl InboundDurabilityHook for Inbox {
    async fn on_messages(
        &self,
        client: Arc<Client>,
        batch: &[InboundMessage],
    ) -> anyhow::Result<()> {
        if self.foreign.load(Ordering::Acquire) {
            // The device is unlinked in a moment; its phone has these messages itself.
            return Ok(());
        }
        let read = batch
            .iter()
            .filter_map(|it| read(&it.message, &it.info))
            .collect();
        let mut messages = self.unread.join(read);
        for message in &mut messages {
            message.peer = Self::complete(&client, message.peer.clone()).await;
        }
        if messages.is_empty() {
            return Ok(());
        }
        self.record(messages).await?;
        self.fail.pass(FailPoint::AfterInboundCommit);
        Ok(())
    }
}

/// Reads a message that is to be stored; none if it is not one between people or shows nothing.
pub(crate) fn read(message: &wa::Message, info: &MessageInfo) -> Option<Inbound> {
    row(info, content(message)?)
}

/// The row of a message that cannot be decrypted yet.
pub(crate) fn waiting(info: &MessageInfo) -> Option<Inbound> {
    row(info, Content::Waiting)
}

fn row(info: &MessageInfo, content: Content) -> Option<Inbound> {
    let source = &info.source;
    if source.is_group || !is_person(&source.chat) || info.category == MessageCategory::Peer {
        return None;
    }
    let peer = if source.is_from_me {
        identity([
            Some(&source.chat),
            source.recipient.as_ref(),
            source.recipient_alt.as_ref(),
            info.peer_recipient_pn.as_ref(),
        ])
    } else {
        identity([Some(&source.sender), source.sender_alt.as_ref()])
    };
    if is_unknown(&peer) || info.id.is_empty() {
        return None;
    }
    let name = printable(&info.push_name, NAME_MAX);
    Some(Inbound {
        peer,
        from_me: source.is_from_me,
        wa_id: printable(&info.id, 256),
        at: Timestamp::told(info.timestamp.timestamp_millis()),
        push_name: (!source.is_from_me && !name.is_empty()).then_some(name),
        content,
    })
}

/// What a message shows. Messages of the protocol itself, reactions and votes show nothing of their own.
fn content(message: &wa::Message) -> Option<Content> {
    if let Some(text) = message.text_content() {
        return Some(Content::Text(printable(text, TEXT_MAX)));
    }
    let base = message.get_base_message();
    let silent = base.protocol_message.is_set()
        || base.reaction_message.is_set()
        || base.enc_reaction_message.is_set()
        || base.poll_update_message.is_set()
        || base.keep_in_chat_message.is_set()
        || base.pin_in_chat_message.is_set()
        || base.secret_encrypted_message.is_set()
        || *base == wa::Message::default();
    (!silent).then_some(Content::Unsupported)
}

/// A text as it can be stored: cut to so many characters, without the one character that Postgres refuses.
fn printable(text: &str, max: usize) -> String {
    let shown = text.chars().take(max);
    shown
        .map(|it| if it == '\0' { '\u{fffd}' } else { it })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::proto_helpers::MessageBuilderExt;
    use whatsapp_rust::types::message::MessageSource;

    fn info(source: MessageSource) -> MessageInfo {
        MessageInfo {
            source,
            id: "3EB0".to_owned(),
            push_name: "Ann\0".to_owned(),
            ..MessageInfo::default()
        }
    }

    #[test]
    fn a_message_of_a_contact_carries_both_identities() {
        let info = info(MessageSource {
            chat: "99887766@lid".parse().unwrap(),
            sender: "99887766:4@lid".parse().unwrap(),
            sender_alt: Some("972501234567@s.whatsapp.net".parse().unwrap()),
            ..MessageSource::default()
        });
        let read = read(&wa::Message::text("hello\0"), &info).unwrap();
        assert_eq!(read.peer.phone, Phone::parse("972501234567"));
        assert_eq!(read.peer.lid, Lid::parse("99887766"));
        assert!(matches!(&read.content, Content::Text(text) if text == "hello\u{fffd}"));
        assert_eq!(read.push_name.as_deref(), Some("Ann\u{fffd}"));
    }

    #[test]
    fn our_own_message_from_the_phone_belongs_to_the_chat_of_its_recipient() {
        let own = info(MessageSource {
            chat: "99887766@lid".parse().unwrap(),
            sender: "972500000000@s.whatsapp.net".parse().unwrap(),
            is_from_me: true,
            ..MessageSource::default()
        });
        let read = row(&own, Content::Unsupported).unwrap();
        assert!(read.from_me && read.push_name.is_none());
        assert_eq!(read.peer.lid, Lid::parse("99887766"));
    }

    #[test]
    fn groups_and_statuses_and_the_protocol_itself_are_not_stored() {
        for chat in ["123-456@g.us", "status@broadcast", "1@newsletter"] {
            let source = MessageSource {
                chat: chat.parse().unwrap(),
                sender: "972501234567@s.whatsapp.net".parse().unwrap(),
                is_group: chat.ends_with("g.us"),
                ..MessageSource::default()
            };
            assert!(row(&info(source), Content::Waiting).is_none(), "{chat}");
        }
        assert!(content(&wa::Message::default()).is_none());
    }
}
