//! Receipts: companions say what they have, phones say what was delivered and read.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeValue};

use crate::effects::Effects;
use crate::jids::Names;
use crate::ledger::Tick;
use crate::phone::SharedPhone;
use crate::retry;
use crate::socket::{Socket, Who};
use crate::stanza::{attr, children, jid, now_seconds};
use crate::world::World;

/// How many messages one receipt names at most, as WhatsApp's own clients do.
pub(crate) const LISTED: usize = 256;

/// All ids of a receipt.
fn ids(receipt: &Node) -> Vec<String> {
    let listed = receipt
        .get_optional_child("list")
        .map(children)
        .unwrap_or_default();
    attr(receipt, "id")
        .into_iter()
        .chain(listed.iter().filter_map(|item| attr(item, "id")))
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// Takes a receipt from a companion.
pub(crate) fn take(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, receipt: &Node) {
    let kind = attr(receipt, "type");
    if kind.as_deref() == Some("retry") {
        retry::take(world, who, receipt);
        return confirm(world, socket, receipt);
    }
    let ids = ids(receipt);
    let Some(phone) = world.phone(&who.phone) else {
        return;
    };
    let other = jid(receipt, "to")
        .and_then(|to| world.find(&to))
        .map(|found| found.0);
    phone.with(&world.disk, |state, effects| {
        let Some(companion) = state.companion(who.device) else {
            return;
        };
        for id in &ids {
            companion
                .queue
                .acknowledge(id, |node| node.tag == "message", effects);
        }
    });
    if let Some(other) = other.filter(|other| other.phone != phone.phone) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        match kind.as_deref() {
            None => tell(world, &other, &phone.names(), &ids, None),
            Some("read" | "played") => {
                seen(world, &phone, who.device, &other, &ids);
                tell(world, &other, &phone.names(), &ids, Some("read"));
            }
            // Read, but the sender is not to know.
            Some("read-self" | "played-self") => seen(world, &phone, who.device, &other, &ids),
            Some(_) => {}
        }
    }
    confirm(world, socket, receipt);
}

/// One device of `phone` has read these messages of `other`: the phone knows it, and its other devices
/// are told.
pub(crate) fn seen(
    world: &World,
    phone: &SharedPhone,
    device: u16,
    other: &SharedPhone,
    ids: &[&str],
) {
    let chat = other.names().shown(0);
    phone.with(&world.disk, |state, effects| {
        for id in ids {
            let rows = &mut effects.rows;
            state
                .ledger
                .advance(&phone.phone, &other.phone, id, Tick::Read, rows);
        }
        let builder = NodeBuilder::new("receipt")
            .attr("from", state.names().pn(0))
            .attr("recipient", &chat)
            .attr("type", "read-self");
        let Some(receipt) = listing(builder, ids) else {
            return;
        };
        for (number, companion) in &mut state.companions {
            if *number != device {
                companion.queue.add(receipt.clone(), None, effects);
            }
        }
    });
}

/// Ends a receipt with the ids that it is about; nothing without ids.
fn listing(builder: NodeBuilder, ids: &[&str]) -> Option<Node> {
    let (first, more) = ids.split_first()?;
    let builder = builder.attr("id", *first).attr("t", now_seconds());
    if more.is_empty() {
        return Some(builder.build());
    }
    let items = more
        .iter()
        .map(|id| NodeBuilder::new("item").attr("id", *id).build());
    Some(
        builder
            .children([NodeBuilder::new("list").children(items).build()])
            .build(),
    )
}

/// Acknowledges a receipt.
fn confirm(world: &World, socket: &Arc<Socket>, receipt: &Node) {
    let mut ack = NodeBuilder::new("ack")
        .attr("class", "receipt")
        .attr("id", attr(receipt, "id").unwrap_or_default().as_ref());
    for (from, to) in [
        ("to", "from"),
        ("type", "type"),
        ("participant", "participant"),
    ] {
        if let Some(value) = receipt.attrs.get(from) {
            ack = ack.attr(to, NodeValue::clone(value));
        }
    }
    let mut effects = Effects::default();
    effects.send(socket, ack.build());
    world.disk.commit(effects);
}

/// `<ack>` of a companion: it has a receipt or a notification, or gives up on a message.
pub(crate) fn acknowledged(world: &World, who: &Who, ack: &Node) {
    let (Some(class), Some(id)) = (attr(ack, "class"), attr(ack, "id")) else {
        return;
    };
    let kind = attr(ack, "type");
    let Some(phone) = world.phone(&who.phone) else {
        return;
    };
    phone.with(&world.disk, |state, effects| {
        let Some(companion) = state.companion(who.device) else {
            return;
        };
        // Delivered and read have the same id: the type says which one is meant.
        let matches = |node: &Node| {
            node.tag == class.as_ref() && (class != "receipt" || attr(node, "type") == kind)
        };
        if class == "message" {
            companion.queue.acknowledge_first(&id, matches, effects);
        } else {
            companion.queue.acknowledge(&id, matches, effects);
        }
    });
}

/// Tells all devices of `sender` that its messages with these ids were delivered, or `kind`.
pub(crate) fn tell(
    world: &World,
    sender: &SharedPhone,
    reader: &Names,
    ids: &[&str],
    kind: Option<&str>,
) {
    let mut builder = NodeBuilder::new("receipt").attr("from", reader.shown(0));
    if let Some(kind) = kind {
        builder = builder.attr("type", kind);
    }
    let Some(receipt) = listing(builder, ids) else {
        return;
    };
    let tick = if kind.is_some() {
        Tick::Read
    } else {
        Tick::Delivered
    };
    sender.with(&world.disk, |state, effects| {
        for id in ids {
            state
                .ledger
                .advance(&sender.phone, &sender.phone, id, tick, &mut effects.rows);
        }
        for companion in state.companions.values_mut() {
            companion.queue.add(receipt.clone(), None, effects);
        }
    });
}
