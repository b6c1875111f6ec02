//! Messages on their way from one device to others.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use crate::arrival::Arrived;
use crate::effects::Effects;
use crate::faults::Kind;
use crate::jids::is_person;
use crate::person::Sealed;
use crate::phone::SharedPhone;
use crate::socket::{Socket, Who, stream_error};
use crate::stanza::{attr, bytes, child_bytes, children, jid, leaf, now_seconds};
use crate::world::World;

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
    let arrived: Vec<Arrived> = letters(world, &sender, who.device, &recipient, &to, node)
        .into_iter()
        .filter_map(|(target, letter, device)| deliver(world, letter, &target, device))
        .collect();
    if world.faults.hit(Kind::DropAck, phone, device).is_none() {
        acknowledge(world, socket, &to, &id, None);
    }
    for one in arrived {
        one.answer(world);
    }
}

/// What WhatsApp does with a stanza that it cannot read.
pub(crate) fn malformed(world: &World, socket: &Socket) {
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

/// Brings a letter to one device of `to`, 0 being the phone itself. A phone answers later, when the
/// sender has its acknowledgement.
pub(crate) fn deliver(
    world: &World,
    mut letter: Letter,
    to: &SharedPhone,
    device: u16,
) -> Option<Arrived> {
    if device == 0 {
        return Some(Arrived::open(world, letter, to));
    }
    let own = letter.sender.phone == to.phone;
    let hit = world
        .faults
        .hit(Kind::CorruptMessage, Some(&to.phone), Some(device));
    if hit.is_some() {
        damage(&mut letter.sealed.bytes);
    }
    let node = letter.to_node(own);
    to.with(&world.disk, |state, effects| {
        if let Some(companion) = state.companion(device) {
            companion.queue.add(node, letter.start, effects);
        }
    });
    None
}

/// Changes a byte of the sealed text. It lies at three quarters: the start and the end of a message
/// are its envelope, which a client would refuse without asking for the message again.
fn damage(bytes: &mut [u8]) {
    let place = bytes.len() / 4 * 3;
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 0xff;
    }
}
