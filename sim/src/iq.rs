//! Requests of linked devices, by topic.

pub(crate) mod devices;
mod keys;
mod limits;
mod settings;
mod usync;

use std::sync::Arc;

use wacore_binary::Node;

use crate::socket::{Socket, Who};
use crate::stanza::{attr, first_child, result};
use crate::world::World;
use crate::{links, login};

/// Answers one request. What the network does not know is answered by an empty result, as a client
/// would otherwise wait for 75 seconds.
pub(crate) fn answer(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, iq: &Node) {
    let kind = attr(iq, "type").unwrap_or_default();
    if kind == "result" || kind == "error" {
        return;
    }
    let topic = attr(iq, "xmlns").unwrap_or_default();
    let what = first_child(iq)
        .map(|child| child.tag.as_ref())
        .unwrap_or_default();
    match (topic.as_ref(), what) {
        ("passive", "active") => login::activate(world, socket, who, result(iq).build()),
        ("encrypt", _) => keys::answer(world, socket, who, iq, &kind),
        ("w:mex", "query") => socket.send(limits::answer(world, who, iq)),
        ("usync", _) => socket.send(usync::answer(world, who, iq)),
        ("md", "remove-companion-device") => {
            socket.send(result(iq).build());
            links::unlink(world, &who.phone, who.device);
        }
        _ => socket.send(settings::answer(iq, &topic, what)),
    }
}
