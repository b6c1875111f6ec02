//! The list of a person's devices, signed by the phone.

use buffa::Message as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::{ADVKeyIndexList, ADVSignedKeyIndexList};

use crate::phone::State;
use crate::stanza::now_seconds;

/// What stands before the list when a phone signs it.
const LIST_PREFIX: [u8; 2] = [6, 2];

/// `<devices>` of one person.
pub(crate) fn node(state: &State) -> Node {
    let own = NodeBuilder::new("device").attr("id", 0).build();
    let linked = state.companions.values().map(|companion| {
        NodeBuilder::new("device")
            .attr("id", companion.kept.device)
            .attr("key-index", companion.kept.key_index)
            .build()
    });
    let list = NodeBuilder::new("device-list")
        .children(std::iter::once(own).chain(linked))
        .build();
    let signed = (!state.companions.is_empty())
        .then(|| signed_list(state))
        .flatten();
    NodeBuilder::new("devices")
        .children(std::iter::once(list).chain(signed))
        .build()
}

/// `<key-index-list>`: which devices are linked, signed by the phone.
pub(crate) fn signed_list(state: &State) -> Option<Node> {
    let seconds = now_seconds();
    let details = ADVKeyIndexList {
        raw_id: Some(state.raw_id),
        timestamp: Some(seconds),
        current_index: Some(u32::from(state.next_device.saturating_sub(1))),
        account_type: None,
        valid_indexes: state
            .companions
            .values()
            .map(|one| one.kept.key_index)
            .collect(),
    }
    .encode_to_vec();
    let signed = [LIST_PREFIX.as_slice(), &details].concat();
    let bytes = ADVSignedKeyIndexList {
        account_signature: Some(state.person.sign(&signed).ok()?),
        account_signature_key: Some(state.person.identity().to_vec()),
        details: Some(details),
    }
    .encode_to_vec();
    Some(
        NodeBuilder::new("key-index-list")
            .attr("ts", seconds)
            .bytes(bytes)
            .build(),
    )
}
