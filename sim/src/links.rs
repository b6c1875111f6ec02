//! Linked devices come and go.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;

use crate::companion::Companion;
use crate::effects::{Row, Table};
use crate::iq::devices::signed_list;
use crate::log::{Happening, Note};
use crate::phone::SharedPhone;
use crate::socket::{Socket, conflict, stream_error};
use crate::stanza::now_seconds;
use crate::world::World;

/// Unlinks a device and tells it, if it is connected. Returns whether there was one.
pub(crate) fn unlink(world: &World, phone: &str, device: u16) -> bool {
    let Some(found) = world.phone(phone) else {
        return false;
    };
    let removed = found.with(&world.disk, |state, effects| {
        let companion = state.companions.remove(&device)?;
        effects
            .rows
            .push(Row::forget(Table::Companion, phone, device.to_string()));
        Some(companion)
    });
    let Some(companion) = removed else {
        return false;
    };
    announce(world, &found, "remove", device);
    if let Some(socket) = companion.socket {
        tell(&socket);
    }
    true
}

fn tell(socket: &Socket) {
    let removed = stream_error(Some(401), Some(conflict("device_removed")));
    socket.say_and_close(removed, "device_removed");
}

/// Adds a device that has just been linked; a fifth one puts the oldest out, as WhatsApp does.
pub(crate) fn link(
    world: &Arc<World>,
    socket: &Arc<Socket>,
    phone: &str,
    companion: Companion,
    then: impl FnOnce(&mut crate::effects::Effects),
) {
    let Some(found) = world.phone(phone) else {
        return;
    };
    let device = companion.kept.device;
    let oldest = found.with(&world.disk, |state, effects| {
        effects.rows.push(companion.row(phone));
        effects.rows.push(state.row());
        state.companions.insert(device, companion);
        then(effects);
        (state.companions.len() > MOST)
            .then(|| state.companions.keys().next().copied())
            .flatten()
    });
    world.log.note(
        &world.disk,
        Note::new(Happening::Paired, socket.number).of(phone, device),
    );
    announce(world, &found, "add", device);
    if let Some(oldest) = oldest {
        unlink(world, phone, oldest);
    }
}

/// Tells the devices of everybody who has a chat with that phone that its devices have changed.
fn announce(world: &World, phone: &SharedPhone, change: &'static str, device: u16) {
    let (names, list, chats) = phone.read(|state| {
        let seconds = NodeBuilder::new("key-index-list")
            .attr("ts", now_seconds())
            .build();
        let list = if change == "add" {
            signed_list(state)
        } else {
            Some(seconds)
        };
        (state.names(), list, state.ledger.chats())
    });
    let one = NodeBuilder::new("device")
        .attr("jid", names.shown(device))
        .attr("key-index", device)
        .build();
    let operation = NodeBuilder::new(change)
        .children(std::iter::once(one).chain(list))
        .build();
    let mut builder = NodeBuilder::new("notification")
        .attr("from", names.shown(0))
        .attr("id", rand::random::<u32>())
        .attr("type", "devices")
        .attr("t", now_seconds());
    if names.mapping_is_public() {
        builder = builder.attr("lid", names.lid(0));
    }
    let notification = builder.children([operation]).build();
    for other in chats.iter().filter_map(|chat| world.phone(chat)) {
        other.with(&world.disk, |state, effects| {
            for companion in state.companions.values_mut() {
                companion.queue.add(notification.clone(), None, effects);
            }
        });
    }
}

/// How many devices can be linked to one phone.
const MOST: usize = 4;
