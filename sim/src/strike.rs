//! Faults that strike a connection: at once, at its login, or at each of its stanzas.

use std::sync::Arc;
use std::time::Duration;

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::faults::{Fault, Kind};
use crate::links;
use crate::log::{Happening, Note};
use crate::socket::{Out, Socket, Who, conflict, stream_error};
use crate::world::World;

/// All kinds that strike.
const STRIKING: [Kind; 10] = [
    Kind::Cut,
    Kind::StreamError,
    Kind::ConflictReplaced,
    Kind::DeviceRemoved,
    Kind::BadFrame,
    Kind::HugeFrame,
    Kind::BadStanza,
    Kind::Xmlstreamend,
    Kind::XmlNotWellFormed,
    Kind::StreamAck,
];

/// So much of a frame of 16 MiB is sent.
const HUGE: usize = 12 << 20;

/// Holds a stanza back while its connection is frozen or slow.
pub(crate) async fn pace(world: &World, socket: &Socket) {
    let (phone, device) = socket.who().map_or((None, None), |who| {
        (Some(who.phone.as_str()), Some(who.device))
    });
    // A hit freezes the connection, not the one stanza that came first.
    let frozen = socket.frozen(
        |fault| world.faults.is_on(fault.id),
        || world.faults.hit(Kind::Freeze, phone, device),
    );
    if let Some(fault) = frozen {
        thaw(world, socket, &fault).await;
    }
    if let Some(fault) = world.faults.hit(Kind::Slow, phone, device) {
        tokio::time::sleep(Duration::from_millis(fault.ms.unwrap_or(100))).await;
    }
}

async fn thaw(world: &World, socket: &Socket, fault: &Fault) {
    let deadline = fault
        .ms
        .map(|ms| tokio::time::Instant::now() + Duration::from_millis(ms));
    loop {
        let changed = world.faults.changed();
        if !world.faults.is_on(fault.id) {
            return;
        }
        let until = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = until => {
                world.faults.remove(Some(fault.id));
                return;
            }
            () = socket.over().cancelled() => return,
            () = changed => {}
        }
    }
}

/// Strikes a device that has just logged in.
pub(crate) fn at_login(world: &Arc<World>, socket: &Arc<Socket>, who: &Who) {
    for kind in STRIKING {
        if let Some(fault) = world.faults.hit(kind, Some(&who.phone), Some(who.device)) {
            strike(world, socket, who, fault);
        }
    }
}

/// Strikes every connected device that a new fault is meant for.
pub(crate) fn at_once(world: &Arc<World>, kind: Kind) {
    if !kind.strikes() {
        return;
    }
    for phone in world.phones() {
        let connected: Vec<_> = phone.read(|state| {
            let companions = state.companions.iter();
            companions
                .filter_map(|(device, one)| Some((*device, one.socket.clone()?)))
                .collect()
        });
        for (device, socket) in connected {
            if let Some(fault) = world.faults.hit(kind, Some(&phone.phone), Some(device)) {
                let who = Who {
                    phone: phone.phone.clone(),
                    device,
                };
                strike(world, &socket, &who, fault);
            }
        }
    }
}

fn strike(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, fault: Fault) {
    let (world, socket, who) = (Arc::clone(world), Arc::clone(socket), who.clone());
    let Some(ms) = fault.ms else {
        return hurt(&world, &socket, &who, &fault);
    };
    tokio::spawn(async move {
        tokio::select! {
            () = socket.over().cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(ms)) => hurt(&world, &socket, &who, &fault),
        }
    });
}

fn hurt(world: &Arc<World>, socket: &Arc<Socket>, who: &Who, fault: &Fault) {
    match fault.kind {
        Kind::Cut => socket.end("cut"),
        Kind::StreamError => {
            let code = fault.code.unwrap_or(503);
            let child = (code == 401).then(|| conflict("device_removed"));
            socket.say_and_close(stream_error(Some(code), child), &code.to_string());
        }
        Kind::ConflictReplaced => {
            let note = Note::new(Happening::Replaced, socket.number).of(&who.phone, who.device);
            world.log.note(&world.disk, note);
            socket.say_and_close(stream_error(None, Some(conflict("replaced"))), "replaced");
        }
        Kind::DeviceRemoved => {
            links::unlink(world, &who.phone, who.device);
        }
        Kind::Xmlstreamend => {
            socket.say_and_close(NodeBuilder::new("xmlstreamend").build(), "xmlstreamend");
        }
        Kind::XmlNotWellFormed => {
            let child = NodeBuilder::new("xml-not-well-formed").build();
            socket.say_and_close(stream_error(None, Some(child)), "xml-not-well-formed");
        }
        Kind::StreamAck => {
            socket.say_and_close(stream_error(None, Some(owed("message", "0"))), "ack");
        }
        // A sealed frame of rubbish: too short to hold even the seal.
        Kind::BadFrame => socket.push(Out::Raw(vec![0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8])),
        Kind::HugeFrame => {
            let mut most = vec![0xff; 3];
            most.resize(HUGE, 0);
            socket.push(Out::Raw(most));
        }
        // Not compressed, and then no token that there is.
        Kind::BadStanza => socket.push(Out::Sealed(vec![0, 0xf8, 0xf8, 0xf8])),
        _ => {}
    }
}

/// `<ack class=… id=…/>` inside a stream error: what the network still waits for.
pub(crate) fn owed(class: &str, id: &str) -> Node {
    NodeBuilder::new("ack")
        .attr("class", class)
        .attr("id", id)
        .build()
}
