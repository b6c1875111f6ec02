//! Questions about persons: are they on WhatsApp, what is their LID, which devices have they.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use super::devices;
use crate::phone::{SharedPhone, State};
use crate::socket::Who;
use crate::stanza::{attr, children, first_child, jid, result};
use crate::world::World;

/// Answers `<usync>`.
pub(crate) fn answer(world: &World, who: &Who, iq: &Node) -> Node {
    let Some(usync) = first_child(iq) else {
        return result(iq).build();
    };
    let asked: Vec<&str> = usync
        .get_optional_child("query")
        .map(children)
        .unwrap_or_default()
        .iter()
        .map(|protocol| protocol.tag.as_ref())
        .collect();
    let users = usync
        .get_optional_child("list")
        .map(children)
        .unwrap_or_default();
    let users = users
        .iter()
        .filter_map(|user| one(world, who, user, &asked));
    let protocols = asked
        .iter()
        .map(|tag| NodeBuilder::new_dynamic((*tag).to_owned()).build());
    let answer = NodeBuilder::new("usync")
        .attr("sid", attr(usync, "sid").unwrap_or_default().as_ref())
        .attr("index", "0")
        .attr("last", "true")
        .attr("mode", attr(usync, "mode").unwrap_or_default().as_ref())
        .attr(
            "context",
            attr(usync, "context").unwrap_or_default().as_ref(),
        )
        .children([
            NodeBuilder::new("result").children(protocols).build(),
            NodeBuilder::new("list").children(users).build(),
        ]);
    result(iq).children([answer.build()]).build()
}

/// Whom a `<user>` asks for: by address, or by a typed number.
fn asked_for(user: &Node) -> Option<Jid> {
    if let Some(jid) = jid(user, "jid") {
        return Some(jid.to_non_ad());
    }
    let typed = user.get_optional_child("contact")?.content_as_string()?;
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    Some(Jid::pn(digits))
}

fn one(world: &World, who: &Who, user: &Node, asked: &[&str]) -> Option<Node> {
    let jid = asked_for(user)?;
    let builder = NodeBuilder::new("user").attr("jid", &jid);
    let Some((phone, _)) = world.find(&jid) else {
        let stranger = asked.contains(&"contact").then(|| contact("out"));
        return Some(builder.children(stranger).build());
    };
    // A person's own devices always know both addresses.
    let open = phone.phone == who.phone || phone.names().mapping_is_public();
    let builder = match (open, jid.server) {
        (true, Server::Lid) => builder.attr("pn_jid", Jid::pn(phone.phone.as_str())),
        _ => builder,
    };
    let parts = phone.read(|state| {
        asked
            .iter()
            .filter_map(|protocol| part(&phone, state, protocol, open))
            .collect::<Vec<_>>()
    });
    Some(builder.children(parts).build())
}

fn part(phone: &SharedPhone, state: &State, protocol: &str, open: bool) -> Option<Node> {
    match protocol {
        "contact" => Some(contact("in")),
        "devices" => Some(devices::node(state)),
        "lid" if open => {
            let lid = Jid::lid(phone.lid.as_str());
            Some(NodeBuilder::new("lid").attr("val", lid).build())
        }
        _ => None,
    }
}

fn contact(kind: &str) -> Node {
    NodeBuilder::new("contact").attr("type", kind).build()
}
