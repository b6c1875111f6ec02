//! Settings that a client asks for at its login: the least honest answers.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::stanza::{attr, children, first_child, now_seconds, result};

/// Codes of experiments that change what a client does with LIDs and with privacy tokens.
const PROPS: [(u32, &str); 3] = [(9_435, "true"), (10_518, "true"), (24_941, "true")];

/// Privacy settings of a new account.
const PRIVACY: [(&str, &str); 8] = [
    ("last", "all"),
    ("online", "all"),
    ("profile", "all"),
    ("status", "contacts"),
    ("readreceipts", "all"),
    ("groupadd", "all"),
    ("calladd", "all"),
    ("messages", "all"),
];

/// The answer to a request about `topic` whose first child is `what`.
pub(crate) fn answer(iq: &Node, topic: &str, what: &str) -> Node {
    match (topic, what) {
        ("abt", "props") => result(iq).children([props()]).build(),
        ("privacy", "privacy") => result(iq).children([privacy()]).build(),
        ("blocklist", _) => result(iq)
            .children([NodeBuilder::new("list").build()])
            .build(),
        ("w:m", "media_conn") => result(iq).children([media()]).build(),
        ("w:sync:app:state", "sync") => result(iq).children([collections(iq)]).build(),
        _ => result(iq).attr("t", now_seconds()).build(),
    }
}

fn props() -> Node {
    let children = PROPS.iter().map(|(code, value)| {
        NodeBuilder::new("prop")
            .attr("config_code", *code)
            .attr("config_value", *value)
            .build()
    });
    NodeBuilder::new("props")
        .attr("protocol", 1)
        .attr("ab_key", "sim")
        .attr("hash", "sim-1")
        .attr("refresh", 86_400)
        .attr("refresh_id", 1)
        .attr("delta_update", "false")
        .children(children)
        .build()
}

fn privacy() -> Node {
    let children = PRIVACY.iter().map(|(name, value)| {
        NodeBuilder::new("category")
            .attr("name", *name)
            .attr("value", *value)
            .build()
    });
    NodeBuilder::new("privacy").children(children).build()
}

fn media() -> Node {
    NodeBuilder::new("media_conn")
        .attr("auth", "sim")
        .attr("ttl", 300)
        .attr("auth_ttl", 21_600)
        .attr("max_buckets", 12)
        .children([NodeBuilder::new("host")
            .attr("hostname", "localhost")
            .build()])
        .build()
}

/// The same collections back, each as the client knows it; one that it changed with the next
/// version.
fn collections(iq: &Node) -> Node {
    let asked = first_child(iq).map(children).unwrap_or_default();
    let answers = asked
        .iter()
        .filter(|child| child.tag == "collection")
        .map(|collection| {
            let version: u64 = attr(collection, "version")
                .and_then(|version| version.parse().ok())
                .unwrap_or_default();
            let changed = collection.get_optional_child("patch").is_some();
            NodeBuilder::new("collection")
                .attr(
                    "name",
                    attr(collection, "name").unwrap_or_default().as_ref(),
                )
                .attr("version", version.saturating_add(u64::from(changed)))
                .build()
        });
    NodeBuilder::new("sync").children(answers).build()
}
