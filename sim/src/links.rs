//! Linked devices come and go.

use std::sync::Arc;

use crate::companion::Companion;
use crate::effects::{Row, Table};
use crate::log::{Happening, Note};
use crate::socket::{Socket, conflict, stream_error};
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
    if let Some(oldest) = oldest {
        unlink(world, phone, oldest);
    }
}

/// How many devices can be linked to one phone.
const MOST: usize = 4;
