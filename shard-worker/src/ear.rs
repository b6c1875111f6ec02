//! What the client tells, sorted: acknowledgements to whoever waits, signs of the connection to the supervisor,
//! all that is to be written down to the scribe. Never waits: the client calls it from its read loop.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use switchyard_core::Timestamp;
use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::job::{Receipt, ReceiptKind};
use tokio::sync::mpsc;
use tokio::time::Instant;
use whatsapp_rust::types::events::{Event, EventHandler, EventInterest, EventKind, InboundMessage};
use whatsapp_rust::types::message::MessageInfo;
use whatsapp_rust::types::presence::ReceiptType;

use crate::acks::Acks;
use crate::ending::{self, Ending};
use crate::gate::Gate;
use crate::identity::identity;
use crate::inbound;
use crate::pulse::Pulse;
use crate::unread::Unread;

/// Signs of a connection that may wait for the supervisor: a handful come in the life of a connection.
pub(crate) const SIGNS: usize = 64;
/// Of these, so many wait for nothing but endings: the first one that is heard ends the connection, whatever else came.
const FOR_ENDINGS: usize = 16;
/// Things to write down that may wait for the scribe. More than that, and the connection is given up,
/// so that WhatsApp keeps the rest.
pub(crate) const NOTES: usize = 8_192;

/// The number of the phone among the devices of an account.
const PHONE: u16 = 0;

/// Whether a message of ours was typed on the phone itself.
fn is_typed_there(message: &MessageInfo) -> bool {
    message.source.is_from_me && message.source.sender.device == PHONE
}

/// What happens to a connection.
#[derive(Debug)]
pub(crate) enum Sign {
    /// A code to scan, which replaces the one before it.
    Code {
        /// What the picture says.
        payload: SecretString,
        /// For how long.
        lasts: Duration,
    },
    /// A phone linked this device.
    Paired {
        /// Its number.
        phone: Option<Phone>,
        /// Its LID.
        lid: Option<Lid>,
    },
    /// Live: everything that waited has arrived.
    Connected,
    /// The account's own name is known, and the client has announced itself as present.
    Named,
    /// WhatsApp asks for a passkey before it links.
    Passkey,
    /// WhatsApp refused a message to a new chat.
    Restricted,
    /// WhatsApp said until when it restricts new chats.
    RestrictedUntil(Timestamp),
    /// It must end, and why.
    Ended(Ending),
    /// The client has stopped.
    Over,
}

impl Sign {
    /// Tells the supervisor, without waiting. No ending is lost while none waits already.
    pub(crate) fn tell(self, signs: &mpsc::Sender<Self>) {
        let has_room = matches!(self, Self::Ended(_)) || signs.capacity() > FOR_ENDINGS;
        if !has_room || signs.try_send(self).is_err() {
            tracing::warn!("a sign of a connection was not heard: it is over or flooded");
        }
    }
}

/// What is to be written down.
#[derive(Debug)]
pub(crate) enum Note {
    /// A receipt for some messages.
    Receipts(Vec<Receipt>),
    /// Messages that did not pass the durability hook.
    Messages(Arc<[InboundMessage]>),
    /// There is a message that cannot be decrypted yet, since then.
    Unread(Instant),
    /// Two identities of one person.
    Same(Phone, Lid),
    /// The phone itself was heard of.
    PhoneSeen,
}

/// Hears one client.
pub(crate) struct Ear {
    acks: Arc<Acks>,
    gate: Arc<Gate>,
    pulse: Arc<Pulse>,
    unread: Arc<Unread>,
    signs: mpsc::Sender<Sign>,
    notes: mpsc::Sender<Note>,
}

impl Ear {
    /// For one client.
    pub(crate) fn new(
        acks: Arc<Acks>,
        gate: Arc<Gate>,
        pulse: Arc<Pulse>,
        unread: Arc<Unread>,
        signs: mpsc::Sender<Sign>,
        notes: mpsc::Sender<Note>,
    ) -> Self {
        Self {
            acks,
            gate,
            pulse,
            unread,
            signs,
            notes,
        }
    }

    fn sign(&self, sign: Sign) {
        sign.tell(&self.signs);
    }

    fn note(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            tracing::warn!("more is to be written down than can wait: the connection is given up");
            self.gate.shut();
            self.sign(Sign::Ended(Ending::Again));
        }
    }

    fn same(&self, who: Identity) {
        if let (Some(phone), Some(lid)) = (who.phone, who.lid) {
            self.note(Note::Same(phone, lid));
        }
    }

    fn receipt(&self, receipt: &whatsapp_rust::types::events::Receipt) {
        if !receipt.source.is_group {
            self.same(identity([
                Some(&receipt.source.sender),
                receipt.source.sender_alt.as_ref(),
            ]));
        }
        let kind = match receipt.r#type {
            ReceiptType::Delivered | ReceiptType::Inactive if !receipt.source.is_from_me => {
                ReceiptKind::Delivered
            }
            ReceiptType::Read | ReceiptType::Played if !receipt.source.is_from_me => {
                ReceiptKind::Read
            }
            ReceiptType::ReadSelf | ReceiptType::PlayedSelf => ReceiptKind::ReadByUs,
            // A device of ours has our message: the phone, or another linked one.
            ReceiptType::Sender if receipt.source.sender.device == PHONE => {
                return self.note(Note::PhoneSeen);
            }
            _ => return,
        };
        if kind == ReceiptKind::ReadByUs {
            self.note(Note::PhoneSeen);
        }
        let at = Timestamp::told(receipt.timestamp.timestamp_millis());
        let ids = receipt.message_ids.iter();
        let receipts = ids.map(|wa_id| Receipt {
            kind,
            wa_id: wa_id.clone(),
            at,
        });
        self.note(Note::Receipts(receipts.collect()));
    }
}

impl EventHandler for Ear {
    fn handle_event(&self, event: Arc<Event>) {
        self.pulse.beat();
        if let Some(ending) = ending::of_event(&event) {
            return self.sign(Sign::Ended(ending));
        }
        match &*event {
            Event::ServerAck(ack) => self.acks.hear(ack),
            Event::Receipt(receipt) => self.receipt(receipt),
            Event::RawNode(stanza) => {
                self.gate.arrived(stanza);
                self.unread.arrive(stanza);
            }
            Event::Messages(batch) => {
                if batch.messages.iter().any(|it| is_typed_there(&it.info)) {
                    self.note(Note::PhoneSeen);
                }
                if !batch.hook_committed {
                    self.note(Note::Messages(Arc::clone(&batch.messages)));
                }
            }
            Event::UndecryptableMessage(it) => {
                if let Some(row) = inbound::waiting(&it.info) {
                    self.unread.put(row);
                    self.note(Note::Unread(Instant::now()));
                }
            }
            Event::PairingQrCode(code) => self.sign(Sign::Code {
                payload: code.code.clone().into(),
                lasts: code.timeout,
            }),
            Event::PairSuccess(pair) => {
                // WhatsApp closes this connection and expects the new device to come at once.
                self.gate.come_again(true);
                let who = identity([Some(&pair.id), Some(&pair.lid)]);
                self.sign(Sign::Paired {
                    phone: who.phone,
                    lid: who.lid,
                });
            }
            Event::Connected(_) => {
                self.unread.go_live();
                self.sign(Sign::Connected);
            }
            Event::SelfPushNameUpdated(_) => self.sign(Sign::Named),
            Event::PairPasskeyRequest(_) => self.sign(Sign::Passkey),
            Event::ContactNumberChanged(it) => {
                self.same(identity([Some(&it.new_jid), it.new_lid.as_ref()]));
            }
            Event::DeviceListUpdate(it) => {
                self.same(identity([Some(&it.user), it.lid_user.as_ref()]));
            }
            Event::IdentityChange(it) => {
                self.same(identity([Some(&it.user), it.lid_user.as_ref()]));
            }
            _ => {}
        }
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::ServerAck,
            EventKind::Receipt,
            EventKind::RawNode,
            EventKind::Messages,
            EventKind::UndecryptableMessage,
            EventKind::PairingQrCode,
            EventKind::PairingQrCodesExhausted,
            EventKind::PairSuccess,
            EventKind::Connected,
            EventKind::SelfPushNameUpdated,
            EventKind::PairPasskeyRequest,
            EventKind::ContactNumberChanged,
            EventKind::DeviceListUpdate,
            EventKind::IdentityChange,
            EventKind::StreamReplaced,
            EventKind::LoggedOut,
            EventKind::TemporaryBan,
            EventKind::ClientOutdated,
            EventKind::ConnectFailure,
            EventKind::StreamError,
        ])
    }
}
