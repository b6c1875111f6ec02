//! A device could not open a message and asks for it again.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::companion::{Bundle, bundle_of_retry};
use crate::contents;
use crate::jids::session_address;
use crate::phone::{SharedPhone, State};
use crate::relay::{Letter, deliver};
use crate::socket::Who;
use crate::stanza::{attr, jid, now_seconds};
use crate::world::World;

/// How often a message is asked for at most.
pub(crate) const MOST: u8 = 5;

/// Takes a retry receipt of a companion: the phone that sealed the message seals it again, another
/// companion is told to.
pub(crate) fn take(world: &Arc<World>, who: &Who, receipt: &Node) {
    let Some((sender, device)) = jid(receipt, "to").and_then(|to| world.find(&to)) else {
        return;
    };
    if device == 0 {
        return send_again(world, who, &sender, receipt);
    }
    let Some(asking) = world.phone(&who.phone) else {
        return;
    };
    let names = asking.names();
    let own = asking.phone == sender.phone;
    let from = if own {
        names.pn(who.device)
    } else {
        names.shown(who.device)
    };
    let mut forwarded = NodeBuilder::new("receipt")
        .attr("from", from)
        .attr("id", attr(receipt, "id").unwrap_or_default().as_ref())
        .attr("type", "retry")
        .attr("t", now_seconds());
    if let Some(recipient) = jid(receipt, "recipient") {
        forwarded = forwarded.attr("recipient", recipient);
    }
    let forwarded = forwarded.apply_content(receipt.content.clone()).build();
    sender.with(&world.disk, |state, effects| {
        if let Some(companion) = state.companion(device) {
            companion.queue.add(forwarded, None, effects);
        }
    });
}

/// How often the device has asked, with this time.
fn count(receipt: &Node) -> u8 {
    receipt
        .get_optional_child("retry")
        .and_then(|retry| attr(retry, "count")?.parse().ok())
        .unwrap_or(1)
}

fn send_again(world: &Arc<World>, who: &Who, sender: &SharedPhone, receipt: &Node) {
    let Some(id) = attr(receipt, "id") else {
        return;
    };
    let count = count(receipt);
    if count > MOST {
        return;
    }
    let Some(asking) = world.phone(&who.phone) else {
        return;
    };
    let start = asking.read(|state| {
        let queue = &state.companions.get(&who.device)?.queue;
        queue
            .find(&id, |node| node.tag == "message")
            .and_then(|entry| entry.session)
    });
    let own = asking.phone == sender.phone;
    let address = session_address(&who.phone, who.device);
    // A session that was started anew since that message needs no further start.
    let stale =
        sender.read(|state| start.is_none_or(|start| start == state.start(address.as_str())));
    let bundle = stale
        .then(|| bundle_of_retry(receipt).or_else(|| asking.issue(&world.disk, who.device)))
        .flatten();
    let copy_for = if own {
        chat_of(world, sender, &id)
    } else {
        None
    };
    let again = sender.with(&world.disk, |state, _| {
        let plain = plain(state, sender, &id, own, copy_for.as_ref())?;
        seal_again(state, &address, bundle.as_ref(), &plain)
            .inspect_err(|error| tracing::warn!(%error, "a message cannot be sealed again"))
            .ok()
    });
    let Some((sealed, start)) = again else { return };
    let category = (own && copy_for.is_none()).then(|| "peer".to_owned());
    let letter = Letter {
        id: id.into_owned(),
        sender: Arc::clone(sender),
        device: 0,
        sealed,
        proof: None,
        recipient: copy_for,
        category,
        count: Some(count),
        start: Some(start),
    };
    if let Some(arrived) = deliver(world, letter, &asking, who.device) {
        arrived.answer(world);
    }
}

/// Where a text went of which one of the sender's own devices asks the copy again.
fn chat_of(world: &World, sender: &SharedPhone, id: &str) -> Option<Jid> {
    let to = sender.read(|state| Some(state.ledger.sent(&sender.phone, id)?.to.clone()))?;
    Some(world.phone(&to)?.names().shown(0))
}

/// What was in the message: a text that the ledger knows, or else a share of the key.
fn plain(
    state: &State,
    sender: &SharedPhone,
    id: &str,
    own: bool,
    copy_for: Option<&Jid>,
) -> Option<Vec<u8>> {
    match (state.ledger.sent(&sender.phone, id), copy_for) {
        (Some(sent), Some(chat)) => Some(contents::sent_copy(&sent.text, &chat.to_string())),
        (Some(sent), None) => Some(contents::text(&sent.text)),
        (None, _) => {
            let seconds = i64::try_from(now_seconds()).ok()?;
            own.then(|| contents::key_share(&state.sync_key_id, &state.sync_key, seconds))
        }
    }
}

fn seal_again(
    state: &mut State,
    address: &wacore_libsignal::protocol::ProtocolAddress,
    bundle: Option<&Bundle>,
    plain: &[u8],
) -> anyhow::Result<(crate::person::Sealed, u32)> {
    if let Some(bundle) = bundle {
        state.person.meet(address, bundle)?;
        state.count_start(address.as_str());
    }
    let sealed = state.person.seal(address, plain)?;
    Ok((sealed, state.start(address.as_str())))
}
