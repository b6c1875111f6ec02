//! Messages on their way from one device to others.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use crate::companion::Bundle;
use crate::effects::Effects;
use crate::faults::Kind;
use crate::jids::{Names, is_person, session_address};
use crate::ledger::Arrival;
use crate::person::Sealed;
use crate::phone::SharedPhone;
use crate::socket::{Socket, Who, stream_error};
use crate::stanza::{attr, bytes, child_bytes, children, jid, leaf, now_seconds};
use crate::world::World;
use crate::{contents, receipts, retry};

/// A sealed message for one device.
pub(crate) struct Letter {
    /// The message's id.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) sender: SharedPhone,
    /// From which of the sender's devices.
    pub(crate) device: u16,
    /// What is sealed.
    pub(crate) sealed: Sealed,
    /// The proof of the sending companion, with the first messages of a session.
    pub(crate) proof: Option<Vec<u8>>,
    /// In a copy for the sender's own devices: where the message goes.
    pub(crate) recipient: Option<Jid>,
    /// `peer` between devices of one person.
    pub(crate) category: Option<String>,
    /// How often it was sent before.
    pub(crate) count: Option<u8>,
    /// Which start of the session sealed it, when the phone did.
    pub(crate) start: Option<u32>,
}

impl Letter {
    /// The stanza as a companion gets it.
    fn to_node(&self, own: bool) -> Node {
        let (names, name) = self
            .sender
            .read(|state| (state.names(), state.name.clone()));
        let mut builder = NodeBuilder::new("message")
            .attr("id", self.id.as_str())
            .attr("t", now_seconds())
            .attr("type", "text")
            .attr("notify", name);
        builder = if own {
            builder.attr("from", names.pn(self.device))
        } else {
            names.sender(self.device, builder)
        };
        if let Some(recipient) = &self.recipient {
            builder = builder.attr("recipient", recipient);
        }
        if let Some(category) = &self.category {
            builder = builder.attr("category", category.as_str());
        }
        let mut enc = NodeBuilder::new("enc")
            .attr("v", 2)
            .attr("type", self.sealed.kind);
        if let Some(count) = self.count {
            enc = enc.attr("count", count);
        }
        let enc = enc.bytes(self.sealed.bytes.clone()).build();
        let proof = self
            .proof
            .as_ref()
            .map(|proof| leaf("device-identity", proof.clone()));
        builder.children(std::iter::once(enc).chain(proof)).build()
    }
}

/// Takes a message from a companion: relays it, then acknowledges it.
pub(crate) fn take(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, node: &Node) {
    let (Some(to), Some(id)) = (jid(node, "to"), attr(node, "id")) else {
        return malformed(world, socket);
    };
    if !is_known_form(&to) {
        return malformed(world, socket);
    }
    let (phone, device) = (Some(who.phone.as_str()), Some(who.device));
    if let Some(fault) = world.faults.hit(Kind::AckError, phone, device) {
        return acknowledge(world, socket, &to, &id, Some(fault.code.unwrap_or(479)));
    }
    let (Some(sender), Some((recipient, _))) = (world.phone(&who.phone), world.find(&to)) else {
        return acknowledge(world, socket, &to, &id, Some(404));
    };
    for letter in letters(world, &sender, who.device, &recipient, &to, node) {
        deliver(world, letter.1, &letter.0, letter.2);
    }
    if world.faults.hit(Kind::DropAck, phone, device).is_none() {
        acknowledge(world, socket, &to, &id, None);
    }
}

/// What WhatsApp does with a stanza that it cannot read.
fn malformed(world: &World, socket: &Socket) {
    if world.strict {
        let child = NodeBuilder::new("xml-not-well-formed").build();
        socket.say_and_close(stream_error(None, Some(child)), "xml-not-well-formed");
    }
}

/// Whether the address is one that a message can have; `x@lid@s.whatsapp.net` is not.
fn is_known_form(jid: &Jid) -> bool {
    match jid.server {
        Server::Pn | Server::Lid => is_person(jid),
        _ => !jid.user.is_empty() && !jid.user.contains('@'),
    }
}

type Addressed = (SharedPhone, Letter, u16);

/// The single letters of a message stanza, with the device that each is for.
fn letters(
    world: &World,
    sender: &SharedPhone,
    device: u16,
    recipient: &SharedPhone,
    to: &Jid,
    node: &Node,
) -> Vec<Addressed> {
    let proof = child_bytes(node, "device-identity").map(<[u8]>::to_vec);
    let category = attr(node, "category").map(std::borrow::Cow::into_owned);
    let id = attr(node, "id").unwrap_or_default().into_owned();
    let direct = node.get_optional_child("enc").map(|enc| (to.clone(), enc));
    let fanned = node
        .get_optional_child("participants")
        .map(children)
        .unwrap_or_default();
    let fanned = fanned
        .iter()
        .filter_map(|one| Some((jid(one, "jid")?, one.get_optional_child("enc")?)));
    let mut letters = Vec::new();
    for (target, enc) in direct.into_iter().chain(fanned) {
        let (Some((phone, target_device)), Some(sealed)) = (world.find(&target), read_enc(enc))
        else {
            continue;
        };
        let is_copy = phone.phone == sender.phone && recipient.phone != sender.phone;
        let letter = Letter {
            id: id.clone(),
            sender: Arc::clone(sender),
            device,
            sealed,
            proof: proof.clone(),
            recipient: is_copy.then(|| to.to_non_ad()),
            category: category.clone(),
            count: attr(enc, "count").and_then(|count| count.parse().ok()),
            start: None,
        };
        letters.push((phone, letter, target_device));
    }
    letters
}

fn read_enc(enc: &Node) -> Option<Sealed> {
    let kind = match attr(enc, "type")?.as_ref() {
        "pkmsg" => "pkmsg",
        "msg" => "msg",
        _ => return None,
    };
    Some(Sealed {
        kind,
        bytes: bytes(enc)?.to_vec(),
    })
}

/// Acknowledges a message, once everything about it is kept.
fn acknowledge(world: &World, socket: &Arc<Socket>, to: &Jid, id: &str, error: Option<u16>) {
    let mut ack = NodeBuilder::new("ack")
        .attr("class", "message")
        .attr("id", id)
        .attr("from", to)
        .attr("t", now_seconds());
    if let Some(error) = error {
        ack = ack.attr("error", error);
    }
    let mut effects = Effects::default();
    effects.send(socket, ack.build());
    world.disk.commit(effects);
}

/// Brings a letter to one device of `to`, 0 being the phone itself.
pub(crate) fn deliver(world: &Arc<World>, mut letter: Letter, to: &SharedPhone, device: u16) {
    if device == 0 {
        return arrive(world, &letter, to);
    }
    let own = letter.sender.phone == to.phone;
    let hit = world
        .faults
        .hit(Kind::CorruptMessage, Some(&to.phone), Some(device));
    if hit.is_some()
        && let Some(last) = letter.sealed.bytes.last_mut()
    {
        *last ^= 0xff;
    }
    let node = letter.to_node(own);
    to.with(&world.disk, |state, effects| {
        if let Some(companion) = state.companion(device) {
            companion.queue.add(node, letter.start, effects);
        }
    });
}

/// How the phone fared with a letter.
enum Opened {
    /// It is shown.
    Shown,
    /// It is nothing to show.
    Quiet,
    /// A companion asks for the key of the application state.
    Asked,
    /// It could not be opened; these keys help the sender to try again.
    Sealed(Option<Bundle>),
}

/// A letter reaches a phone: the phone opens it, shows it and says so.
fn arrive(world: &Arc<World>, letter: &Letter, to: &SharedPhone) {
    let destination = letter
        .recipient
        .as_ref()
        .and_then(|jid| world.find(jid))
        .map(|found| found.0);
    let other = destination.as_ref().unwrap_or(to);
    let chat = if letter.sender.phone == to.phone {
        other
    } else {
        &letter.sender
    };
    let opened = to.with(&world.disk, |state, effects| {
        let address = session_address(&letter.sender.phone, letter.device);
        let plain = state
            .person
            .open(&address, letter.sealed.kind, &letter.sealed.bytes);
        let read = plain.and_then(|plain| contents::read(&plain));
        let mut arrival = Arrival {
            id: &letter.id,
            chat: &chat.phone,
            from: &letter.sender.phone,
            to: &other.phone,
            text: None,
        };
        match read {
            Ok(contents) if contents.asks_for_keys => Opened::Asked,
            Ok(contents) => {
                let Some(text) = contents.text else {
                    return Opened::Quiet;
                };
                arrival.text = Some(&text);
                effects.rows.push(state.ledger.note(&to.phone, &arrival));
                Opened::Shown
            }
            Err(error) => {
                tracing::debug!(%error, "a phone could not open a message");
                if letter.category.is_none() {
                    effects.rows.push(state.ledger.note(&to.phone, &arrival));
                }
                let bundle = state.person.issue().ok();
                effects.rows.push(state.row());
                Opened::Sealed(bundle)
            }
        }
    });
    let names = to.names();
    match opened {
        Opened::Shown if letter.sender.phone != to.phone => {
            receipts::tell(world, &letter.sender, &names, &[letter.id.as_str()], None);
        }
        Opened::Shown | Opened::Quiet => {}
        Opened::Asked => share_again(world, letter),
        Opened::Sealed(bundle) => ask_again(world, letter, &names, bundle),
    }
}

fn share_again(world: &World, letter: &Letter) {
    letter.sender.with(
        &world.disk,
        |state, effects| match crate::login::seal_key_share(state, letter.device, effects) {
            Ok(node) => {
                if let Some(companion) = state.companion(letter.device) {
                    companion.queue.add(node, None, effects);
                }
            }
            Err(error) => tracing::warn!(%error, "the key cannot be shared"),
        },
    );
}

/// The phone could not open a letter and asks the sending device for it again.
fn ask_again(world: &Arc<World>, letter: &Letter, names: &Names, bundle: Option<Bundle>) {
    let count = letter.count.unwrap_or_default().saturating_add(1);
    if letter.device == 0 || count > retry::MOST {
        return;
    }
    let own = letter.sender.phone == names.phone;
    let from = if own { names.pn(0) } else { names.shown(0) };
    let registration = bundle.as_ref().map_or(0, |bundle| bundle.registration);
    let retry = NodeBuilder::new("retry")
        .attr("count", count)
        .attr("id", letter.id.as_str())
        .attr("t", now_seconds())
        .attr("v", 1)
        .build();
    let registration = leaf("registration", registration.to_be_bytes());
    let mut receipt = NodeBuilder::new("receipt")
        .attr("from", from)
        .attr("id", letter.id.as_str())
        .attr("type", "retry")
        .attr("t", now_seconds());
    if let Some(recipient) = &letter.recipient {
        receipt = receipt.attr("recipient", recipient);
    }
    let keys = bundle.map(|bundle| bundle.to_keys());
    let receipt = receipt
        .children([retry, registration].into_iter().chain(keys))
        .build();
    letter.sender.with(&world.disk, |state, effects| {
        if let Some(companion) = state.companion(letter.device) {
            companion.queue.add(receipt, None, effects);
        }
    });
}
