//! Somebody types on a phone: the text goes to every device of the other side and of the writer.

use std::sync::Arc;

use anyhow::bail;
use tokio::sync::oneshot;

use crate::contents;
use crate::effects::Effects;
use crate::jids::session_address;
use crate::ledger::Arrival;
use crate::phone::SharedPhone;
use crate::relay::{Letter, deliver};
use crate::world::World;

/// A new id, in the form of those that phones make.
pub(crate) fn message_id() -> String {
    format!(
        "3A{:018X}",
        u128::from(rand::random::<u64>()) << 8 | u128::from(rand::random::<u8>())
    )
}

/// One device that gets the message.
struct Target {
    phone: SharedPhone,
    device: u16,
}

/// Writes `text` from one phone to another. Returns the message's id, and what ends when it is kept.
pub(crate) fn write(
    world: &Arc<World>,
    from: &SharedPhone,
    to: &SharedPhone,
    text: &str,
) -> anyhow::Result<(String, oneshot::Receiver<()>)> {
    if from.phone == to.phone {
        bail!("a phone does not write to itself here");
    }
    let _turn = from.turn();
    let id = message_id();
    let chat = to.names().shown(0);
    let targets = to
        .devices()
        .into_iter()
        .map(|device| Target {
            phone: Arc::clone(to),
            device,
        })
        .chain(own_companions(from));
    let targets: Vec<Target> = targets.collect();
    meet(world, from, &targets);
    let letters = from.with(&world.disk, |state, effects| {
        let arrival = Arrival {
            id: &id,
            chat: &to.phone,
            from: &from.phone,
            to: &to.phone,
            text: Some(text),
        };
        state.ledger.note(&from.phone, &arrival, &mut effects.rows);
        let message = contents::text(text);
        let copy = contents::sent_copy(text, &chat.to_string());
        let mut letters = Vec::with_capacity(targets.len());
        for target in &targets {
            let own = target.phone.phone == from.phone;
            let address = session_address(&target.phone.phone, target.device);
            let plain = if own { &copy } else { &message };
            // A device without keys gets nothing, as on the real network.
            let Ok(sealed) = state.person.seal(&address, plain) else {
                continue;
            };
            let letter = Letter {
                id: id.clone(),
                sender: Arc::clone(from),
                device: 0,
                sealed,
                proof: None,
                recipient: own.then(|| chat.clone()),
                category: None,
                count: None,
                start: Some(state.start(address.as_str())),
            };
            letters.push((letter, target));
        }
        letters
    });
    for (letter, target) in letters {
        if let Some(arrived) = deliver(world, letter, &target.phone, target.device) {
            arrived.answer(world);
        }
    }
    let (done, kept) = oneshot::channel();
    let mut effects = Effects::default();
    effects.tell(done);
    world.disk.commit(effects);
    Ok((id, kept))
}

fn own_companions(from: &SharedPhone) -> impl Iterator<Item = Target> {
    from.devices()
        .into_iter()
        .filter(|device| *device != 0)
        .map(|device| Target {
            phone: Arc::clone(from),
            device,
        })
}

/// Starts sessions with the devices that the phone has none with yet.
fn meet(world: &World, from: &SharedPhone, targets: &[Target]) {
    for target in targets {
        let address = session_address(&target.phone.phone, target.device);
        if from.read(|state| state.person.knows(&address)) {
            continue;
        }
        let Some(bundle) = target.phone.issue(&world.disk, target.device) else {
            continue;
        };
        from.with(&world.disk, |state, _| {
            if let Err(error) = state.person.meet(&address, &bundle) {
                tracing::warn!(%error, "a session cannot be started");
            }
        });
    }
}
