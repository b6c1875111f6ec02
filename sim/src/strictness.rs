//! What a strict network does not put up with: stanzas that are never acknowledged.

use std::sync::Arc;
use std::time::Duration;

use wacore_binary::Node;

use crate::socket::stream_error;
use crate::stanza::attr;
use crate::strike::owed;
use crate::world::World;

/// How long an acknowledgement may be owed. WhatsApp ends the stream after about fifty minutes; a
/// minute shows the same fault within a test.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often to look.
const INTERVAL: Duration = Duration::from_secs(5);

/// Ends streams of devices that owe an acknowledgement, until the network stops.
pub(crate) async fn watch(world: Arc<World>) {
    loop {
        tokio::select! {
            () = world.over.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if world.strict {
            end_streams(&world);
        }
    }
}

fn end_streams(world: &World) {
    for phone in world.phones() {
        let owing: Vec<_> = phone.read(|state| {
            state
                .companions
                .values()
                .filter_map(|companion| {
                    let (node, sent) = companion.queue.oldest_unacknowledged()?;
                    let late = sent.elapsed() > PATIENCE;
                    late.then(|| Some((companion.socket.clone()?, describe(node))))?
                })
                .collect()
        });
        for (socket, owed) in owing {
            socket.say_and_close(stream_error(None, Some(owed)), "ack");
        }
    }
}

fn describe(node: &Node) -> Node {
    owed(&node.tag, &attr(node, "id").unwrap_or_default())
}
