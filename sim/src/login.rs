//! Who comes in: a linked device logs in, anybody else is offered codes to be scanned.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, SERVER_JID};
use waproto::whatsapp::ClientPayload;

use crate::faults::Kind;
use crate::log::{Happening, Note};
use crate::phone::SharedPhone;
use crate::socket::{Socket, Who, conflict, stream_error};
use crate::stanza::{attr, first_child, leaf, now_seconds};
use crate::world::World;
use crate::{contents, pairing, strike};

/// Bytes that mean nothing to us, as WhatsApp's mean nothing to a client.
const ROUTING: [u8; 5] = *b"\x08\x01\x12\x01s";

/// Lets a client in whose handshake is over.
pub(crate) fn enter(world: &Arc<World>, socket: &Arc<Socket>, payload: &ClientPayload) {
    let Some(username) = payload.username else {
        if let Some(registration) = payload.device_pairing_data.as_option() {
            return pairing::offer(world, socket, registration);
        }
        return refuse(socket, 400);
    };
    let digits = username.to_string();
    let device = payload
        .device
        .and_then(|device| u16::try_from(device).ok())
        .unwrap_or_default();
    let (phone, device_option) = (Some(digits.as_str()), Some(device));
    if world
        .faults
        .hit(Kind::RefuseLogin, phone, device_option)
        .is_some()
    {
        return socket.end("refuse_login");
    }
    if let Some(fault) = world.faults.hit(Kind::Failure, phone, device_option) {
        return refuse_by(socket, &fault.code.unwrap_or(500).to_string(), fault.ms);
    }
    match world.phone(&digits) {
        Some(phone) => admit(world, socket, &phone, device),
        None => refuse(socket, 401),
    }
}

fn admit(world: &Arc<World>, socket: &Arc<Socket>, phone: &SharedPhone, device: u16) {
    let names = phone.names();
    let admitted = phone.with(&world.disk, |state, _| {
        let companion = state.companion(device)?;
        if companion.kept.noise != socket.client {
            return None;
        }
        companion.queue.leave();
        Some(companion.socket.replace(Arc::clone(socket)))
    });
    let Some(before) = admitted else {
        return refuse(socket, 401);
    };
    let who = Who {
        phone: phone.phone.clone(),
        device,
    };
    if let Some(before) = before {
        before.say_and_close(stream_error(None, Some(conflict("replaced"))), "replaced");
        let mut note = Note::new(Happening::Replaced, before.number).of(&who.phone, device);
        note.kicked_by = Some(socket.number);
        world.log.note(&world.disk, note);
    }
    socket.identify(who.clone());
    let mut note = Note::new(Happening::Login, socket.number).of(&who.phone, device);
    note.handshake = Some(socket.handshake);
    world.log.note(&world.disk, note);
    let success = NodeBuilder::new("success")
        .attr("t", now_seconds())
        .attr("props", 1)
        .attr("companion_enc_static", "0")
        .attr("location", "sim")
        .attr("lid", names.lid(device))
        .build();
    socket.send(success);
    strike::at_login(world, socket, &who);
}

fn refuse(socket: &Socket, reason: u16) {
    refuse_by(socket, &reason.to_string(), None);
}

/// `<failure reason=…>`; a temporary ban also says why and for how many seconds.
fn refuse_by(socket: &Socket, reason: &str, ms: Option<u64>) {
    let mut failure = NodeBuilder::new("failure")
        .attr("reason", reason)
        .attr("location", "sim");
    if reason == "402" {
        failure = failure
            .attr("code", 101)
            .attr("expire", ms.unwrap_or(3_600_000) / 1_000);
    }
    if reason == "403" {
        failure = failure.attr("logout_message_header", "Account locked");
    }
    socket.say_and_close(failure.build(), reason);
}

/// The connection is over.
pub(crate) fn leave(world: &Arc<World>, socket: &Arc<Socket>) {
    world.offers.withdraw(socket.number);
    let mut note = Note::new(Happening::Ended, socket.number);
    note.code = socket.ending().map(str::to_owned);
    note.heard_at = Some(socket.heard_at());
    if let Some(who) = socket.who() {
        note = note.of(&who.phone, who.device);
        if let Some(phone) = world.phone(&who.phone) {
            phone.with(&world.disk, |state, _| {
                let Some(companion) = state.companion(who.device) else {
                    return;
                };
                if companion
                    .socket
                    .as_ref()
                    .is_some_and(|other| Arc::ptr_eq(other, socket))
                {
                    companion.socket = None;
                    companion.queue.leave();
                }
            });
        }
    }
    world.log.note(&world.disk, note);
}

/// `<ib>` of a client: it asks for more of what waited; the rest is only information.
pub(crate) fn informed(world: &World, who: &Who, node: &Node) {
    let Some(child) = first_child(node).filter(|child| child.tag == "offline_batch") else {
        return;
    };
    let count = attr(child, "count")
        .and_then(|count| count.parse().ok())
        .unwrap_or_default();
    if let Some(phone) = world.phone(&who.phone) {
        phone.with(&world.disk, |state, effects| {
            if let Some(companion) = state.companion(who.device) {
                companion.queue.pull(count, effects);
            }
        });
    }
}

/// `<active/>`: the client wants what waited, and from then on everything.
pub(crate) fn activate(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, answer: Node) {
    let Some(phone) = world.phone(&who.phone) else {
        return;
    };
    let quiet_end = world
        .faults
        .hit(Kind::WithholdOfflineEnd, Some(&who.phone), Some(who.device))
        .is_some();
    phone.with(&world.disk, |state, effects| {
        effects.send(socket, answer);
        effects.send(socket, routing());
        share_key(state, who.device, effects);
        if let Some(companion) = state.companion(who.device) {
            companion.queue.open(socket, quiet_end, effects);
        }
    });
}

/// Where the client shall connect next time: it then opens its connection with these bytes.
fn routing() -> Node {
    let info = leaf("routing_info", ROUTING);
    let routing = NodeBuilder::new("edge_routing").children([info]).build();
    from_server("ib").children([routing]).build()
}

/// After its first login a device gets the key of the application state from the phone, once.
fn share_key(state: &mut crate::phone::State, device: u16, effects: &mut crate::effects::Effects) {
    if state
        .companion(device)
        .is_none_or(|companion| companion.kept.key_shared)
    {
        return;
    }
    match seal_key_share(state, device, effects) {
        Ok(node) => {
            let names = state.names();
            if let Some(companion) = state.companion(device) {
                companion.kept.key_shared = true;
                let row = companion.row(&names.phone);
                effects.rows.push(row);
                companion.queue.add(node, Some(0), effects);
            }
        }
        Err(error) => tracing::warn!(%error, "the key of the application state cannot be shared"),
    }
}

/// A peer message of the phone with the key of its application state.
pub(crate) fn seal_key_share(
    state: &mut crate::phone::State,
    device: u16,
    effects: &mut crate::effects::Effects,
) -> anyhow::Result<Node> {
    let names = state.names();
    let address = crate::jids::session_address(&names.phone, device);
    if !state.person.knows(&address) {
        let bundle = state
            .companion(device)
            .map(|companion| companion.issue(&names.phone, effects))
            .ok_or_else(|| anyhow::anyhow!("no such device"))?;
        state.person.meet(&address, &bundle)?;
    }
    let seconds = i64::try_from(now_seconds())?;
    let plain = contents::key_share(&state.sync_key_id, &state.sync_key, seconds);
    let sealed = state.person.seal(&address, &plain)?;
    let enc = NodeBuilder::new("enc")
        .attr("v", 2)
        .attr("type", sealed.kind)
        .bytes(sealed.bytes);
    Ok(NodeBuilder::new("message")
        .attr("from", names.pn(0))
        .attr("id", crate::typing::message_id())
        .attr("t", now_seconds())
        .attr("type", "text")
        .attr("category", "peer")
        .children([enc.build()])
        .build())
}

/// The server itself, as sender.
pub(crate) fn from_server(tag: &'static str) -> NodeBuilder {
    NodeBuilder::new(tag).attr("from", SERVER_JID)
}
