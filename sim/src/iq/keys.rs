//! Public keys: devices upload theirs and ask for those of others.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::companion::Companion;
use crate::faults::Kind;
use crate::socket::{Socket, Who};
use crate::stanza::{children, first_child, jid, refusal, result};
use crate::world::World;

/// Answers a request about keys.
pub(crate) fn answer(world: &World, socket: &Arc<Socket>, who: &Who, iq: &Node, kind: &str) {
    let what = first_child(iq)
        .map(|child| child.tag.as_ref())
        .unwrap_or_default();
    match (kind, what) {
        ("get", "key") => socket.send(hand_out(world, iq)),
        ("get", "count") => socket.send(count(world, who, iq)),
        ("get", "digest") => socket.send(digest(world, who, iq)),
        ("set", "rotate") => store(world, socket, who, iq, true),
        ("set", _) => store(world, socket, who, iq, false),
        _ => socket.send(result(iq).build()),
    }
}

/// Takes keys over; they are kept before the answer leaves.
fn store(world: &World, socket: &Arc<Socket>, who: &Who, iq: &Node, rotate: bool) {
    let Some(phone) = world.phone(&who.phone) else {
        return;
    };
    phone.with(&world.disk, |state, effects| {
        let Some(companion) = state.companion(who.device) else {
            return;
        };
        let stored = if rotate {
            first_child(iq)
                .and_then(|rotate| rotate.get_optional_child("skey"))
                .is_some_and(|skey| companion.rotate(&who.phone, skey, effects))
        } else {
            companion.upload(&who.phone, iq, effects)
        };
        let answer = if stored {
            result(iq).build()
        } else {
            refusal(iq, 406, "not-acceptable")
        };
        effects.send(socket, answer);
    });
}

fn count(world: &World, who: &Who, iq: &Node) -> Node {
    let left = of_device(world, who, Companion::keys_left).unwrap_or_default();
    result(iq)
        .children([NodeBuilder::new("count").attr("value", left).build()])
        .build()
}

fn digest(world: &World, who: &Who, iq: &Node) -> Node {
    match of_device(world, who, Companion::digest).flatten() {
        Some(digest) => result(iq).children([digest]).build(),
        None => refusal(iq, 404, "item-not-found"),
    }
}

fn of_device<T>(world: &World, who: &Who, look: impl FnOnce(&Companion) -> T) -> Option<T> {
    let phone = world.phone(&who.phone)?;
    phone.read(|state| state.companions.get(&who.device).map(look))
}

/// Keys of all devices that are asked for; one that does not exist is left out.
fn hand_out(world: &World, iq: &Node) -> Node {
    let asked = first_child(iq).map(children).unwrap_or_default();
    let users = asked
        .iter()
        .filter_map(|user| one(world, &jid(user, "jid")?));
    result(iq)
        .children([NodeBuilder::new("list").children(users).build()])
        .build()
}

fn one(world: &World, jid: &Jid) -> Option<Node> {
    let (phone, device) = world.find(jid)?;
    match world
        .faults
        .hit(Kind::MissingPrekeys, Some(&phone.phone), Some(device))
    {
        Some(fault) => fault.code.map(|code| {
            let error = NodeBuilder::new("error").attr("code", code).build();
            NodeBuilder::new("user")
                .attr("jid", jid)
                .children([error])
                .build()
        }),
        None => Some(phone.issue(&world.disk, device)?.to_user(jid)),
    }
}
