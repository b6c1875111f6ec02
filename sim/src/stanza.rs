//! Small readers and writers of the XML-like nodes that travel on the wire.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, SERVER_JID};

/// The attribute `key` of `node`.
pub(crate) fn attr<'a>(node: &'a Node, key: &str) -> Option<Cow<'a, str>> {
    node.attrs.get(key).map(wacore_binary::NodeValue::as_str)
}

/// The attribute `key` of `node` as an address; nothing when it is missing or malformed.
pub(crate) fn jid(node: &Node, key: &str) -> Option<Jid> {
    node.attrs
        .get(key)
        .and_then(wacore_binary::NodeValue::to_jid)
}

/// The content of `node` when it is bytes.
pub(crate) fn bytes(node: &Node) -> Option<&[u8]> {
    match node.content.as_ref()? {
        NodeContent::Bytes(bytes) => Some(bytes),
        NodeContent::String(text) => Some(text.as_bytes()),
        NodeContent::Nodes(_) => None,
    }
}

/// The content of the child `tag` when it is bytes.
pub(crate) fn child_bytes<'a>(node: &'a Node, tag: &str) -> Option<&'a [u8]> {
    node.get_optional_child(tag).and_then(bytes)
}

/// The content of the child `tag` as exactly `N` bytes.
pub(crate) fn child_array<const N: usize>(node: &Node, tag: &str) -> Option<[u8; N]> {
    child_bytes(node, tag)?.try_into().ok()
}

/// The content of the child `tag` as a number of at most four bytes, the high byte first.
pub(crate) fn child_number(node: &Node, tag: &str) -> Option<u32> {
    child_bytes(node, tag).and_then(number)
}

/// Up to four bytes, the high one first.
pub(crate) fn number(bytes: &[u8]) -> Option<u32> {
    (bytes.len() <= 4).then(|| {
        bytes
            .iter()
            .fold(0, |sum: u32, byte| (sum << 8) | u32::from(*byte))
    })
}

/// The first child of `node`.
pub(crate) fn first_child(node: &Node) -> Option<&Node> {
    node.children().and_then(<[Node]>::first)
}

/// The children of `node`, none when it has other content.
pub(crate) fn children(node: &Node) -> &[Node] {
    node.children().unwrap_or_default()
}

/// A node with bytes in it.
pub(crate) fn leaf(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

/// A number as the three bytes in which keys are numbered.
pub(crate) fn three_bytes(number: u32) -> Vec<u8> {
    let [_, high, middle, low] = number.to_be_bytes();
    vec![high, middle, low]
}

/// The start of a positive answer to the request `iq`.
pub(crate) fn result(iq: &Node) -> NodeBuilder {
    NodeBuilder::new("iq")
        .attr("from", SERVER_JID)
        .attr("id", attr(iq, "id").unwrap_or_default().as_ref())
        .attr("type", "result")
}

/// A refusal of the request `iq`.
pub(crate) fn refusal(iq: &Node, code: u16, text: &str) -> Node {
    NodeBuilder::new("iq")
        .attr("from", SERVER_JID)
        .attr("id", attr(iq, "id").unwrap_or_default().as_ref())
        .attr("type", "error")
        .children([NodeBuilder::new("error")
            .attr("code", code)
            .attr("text", text)
            .build()])
        .build()
}

/// Seconds since 1970.
pub(crate) fn now_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
