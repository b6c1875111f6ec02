//! What an account may do: whether it is held back from writing to new contacts.

use serde_json::json;
use wacore_binary::Node;

use crate::faults::Kind;
use crate::socket::Who;
use crate::stanza::{attr, first_child, leaf, now_seconds, refusal, result};
use crate::world::World;

/// The number of the persisted query that WhatsApp Web asks with.
const TIMELOCK: &str = "23983697327930364";

/// The refusal that says that the account is held back.
const HELD_BACK: u16 = 463;

/// How long an account is held back when the fault does not say, in seconds: a day, as users report.
const USUAL: u64 = 24 * 3_600;

/// Answers a persisted query: an account is held back as long as a fault refuses its messages.
pub(crate) fn answer(world: &World, who: &Who, iq: &Node) -> Node {
    let asked = first_child(iq).and_then(|query| attr(query, "query_id"));
    if asked.as_deref() != Some(TIMELOCK) {
        return refusal(iq, 404, "item-not-found");
    }
    let faults = world.faults.list();
    let held_back = faults.iter().find(|fault| {
        fault.kind == Kind::AckError
            && fault.code == Some(HELD_BACK)
            && fault.phone.as_ref().is_none_or(|phone| *phone == who.phone)
    });
    let seconds = held_back.map(|fault| fault.ms.map_or(USUAL, |ms| ms / 1_000));
    let ends = seconds.map(|seconds| now_seconds().saturating_add(seconds).to_string());
    let state = json!({
        "is_active": held_back.is_some(),
        "enforcement_type": held_back.map(|_| "REACHOUT_TIMELOCK"),
        "time_enforcement_ends": ends,
    });
    let data = json!({ "data": { "xwa2_fetch_account_reachout_timelock": state } });
    result(iq)
        .children([leaf("result", data.to_string())])
        .build()
}
