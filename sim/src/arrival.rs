//! A letter reaches a phone: the phone opens it, shows it and answers.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;

use crate::companion::Bundle;
use crate::jids::{Names, session_address};
use crate::ledger::Arrival;
use crate::phone::SharedPhone;
use crate::relay::Letter;
use crate::stanza::{leaf, now_seconds};
use crate::world::World;
use crate::{contents, receipts, retry};

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

/// A letter that reached a phone.
pub(crate) struct Arrived {
    letter: Letter,
    to: SharedPhone,
    opened: Opened,
}

impl Arrived {
    /// The phone opens a letter and shows it.
    pub(crate) fn open(world: &World, letter: Letter, to: &SharedPhone) -> Self {
        let opened = open(world, &letter, to);
        Self {
            letter,
            to: Arc::clone(to),
            opened,
        }
    }

    /// The phone says that it has the letter, or that it could not open it.
    pub(crate) fn answer(self, world: &World) {
        let Self { letter, to, opened } = self;
        match opened {
            Opened::Shown if letter.sender.phone != to.phone => {
                let id = [letter.id.as_str()];
                receipts::tell(world, &letter.sender, &to.names(), &id, None);
            }
            Opened::Shown => tell_own_device(world, &letter),
            Opened::Quiet => {}
            Opened::Asked => share_again(world, &letter),
            Opened::Sealed(bundle) => ask_again(world, &letter, &to.names(), bundle),
        }
    }
}

fn open(world: &World, letter: &Letter, to: &SharedPhone) -> Opened {
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
    to.with(&world.disk, |state, effects| {
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
                state.ledger.note(&to.phone, &arrival, &mut effects.rows);
                Opened::Shown
            }
            Err(error) => {
                tracing::debug!(%error, "a phone could not open a message");
                if letter.category.is_none() {
                    state.ledger.note(&to.phone, &arrival, &mut effects.rows);
                }
                let bundle = state.person.issue().ok();
                effects.rows.push(state.row());
                Opened::Sealed(bundle)
            }
        }
    })
}

/// The phone has what a device of its own sent, and tells that device.
fn tell_own_device(world: &World, letter: &Letter) {
    let Some(chat) = &letter.recipient else {
        return;
    };
    letter.sender.with(&world.disk, |state, effects| {
        let receipt = NodeBuilder::new("receipt")
            .attr("from", state.names().pn(0))
            .attr("recipient", chat)
            .attr("id", letter.id.as_str())
            .attr("type", "sender")
            .attr("t", now_seconds())
            .build();
        if let Some(companion) = state.companion(letter.device) {
            companion.queue.add(receipt, None, effects);
        }
    });
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
fn ask_again(world: &World, letter: &Letter, names: &Names, bundle: Option<Bundle>) {
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
