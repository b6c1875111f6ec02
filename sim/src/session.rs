//! One connection from its first byte to its last: handshake, login, then stanza by stanza.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_websockets::{CloseCode, Limits, Message, ServerBuilder};
use wacore_binary::Node;

use crate::effects::Effects;
use crate::noise::{Accepted, Answer, answer};
use crate::socket::{Out, Socket};
use crate::wire::{Incoming, Opener, Sealer, Stream, bare_frame};
use crate::world::World;
use crate::{iq, login, pairing, receipts, relay, strike};

/// How long a client may take to shake hands: WhatsApp's own clients give up after twenty seconds.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// The largest message on the WebSocket. An upload of 812 keys is below 64 KiB.
const LARGEST: usize = 4 * 1024 * 1024;

/// How long a client may not read what is sent to it.
const STUCK: Duration = Duration::from_mins(1);

/// How many stanzas go out in one WebSocket message at most.
const BATCH: usize = 64;

/// Serves one connection until it ends.
pub(crate) async fn serve(world: Arc<World>, stream: TcpStream) {
    let shaken = tokio::select! {
        () = world.over.cancelled() => return,
        shaken = timeout(HANDSHAKE, shake_hands(&world, stream)) => shaken,
    };
    match shaken {
        Ok(Ok(opened)) => run(world, opened).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client did not get through the handshake"),
        Err(_) => tracing::debug!("a client was too slow with the handshake"),
    }
}

struct Opened {
    stream: Stream,
    incoming: Incoming,
    accepted: Accepted,
}

async fn shake_hands(world: &World, stream: TcpStream) -> anyhow::Result<Opened> {
    stream.set_nodelay(true)?;
    let limits = Limits::default().max_payload_len(Some(LARGEST));
    let (_, mut stream) = ServerBuilder::new().limits(limits).accept(stream).await?;
    let mut incoming = Incoming::new();
    let hello = next_frame(&mut stream, &mut incoming).await?;
    let accepted = match answer(&world.keys, &hello)? {
        Answer::Done { hello, accepted } => {
            stream.send(Message::binary(bare_frame(&hello)?)).await?;
            *accepted
        }
        Answer::Wait { hello, pending } => {
            stream.send(Message::binary(bare_frame(&hello)?)).await?;
            pending.finish(&next_frame(&mut stream, &mut incoming).await?)?
        }
    };
    Ok(Opened {
        stream,
        incoming,
        accepted,
    })
}

async fn next_frame(stream: &mut Stream, incoming: &mut Incoming) -> anyhow::Result<BytesMut> {
    loop {
        if let Some(frame) = incoming.next() {
            return Ok(frame);
        }
        let message = stream.next().await.context("the client left")??;
        if message.is_binary() {
            incoming.feed(message.as_payload())?;
        } else if message.is_close() {
            bail!("the client closed");
        }
    }
}

async fn run(world: Arc<World>, opened: Opened) {
    let Accepted {
        read,
        write,
        client,
        payload,
        pattern,
    } = opened.accepted;
    let over = world.over.child_token();
    let (socket, out) = Socket::new(world.next_socket(), client, pattern, over);
    let (sink, stream) = opened.stream.split();
    let writer = tokio::spawn(write_all(
        Arc::clone(&world),
        Arc::clone(&socket),
        sink,
        Sealer::new(write),
        out,
    ));
    login::enter(&world, &socket, &payload);
    let reading = read_all(&world, &socket, stream, opened.incoming, Opener::new(read));
    if let Err(error) = reading.await {
        tracing::debug!(%error, socket = socket.number, "a connection ended");
    }
    login::leave(&world, &socket);
    // What was said before the end still goes out, unless the connection is cut.
    if socket.ending().is_none() {
        socket.end("gone");
    }
    if writer.await.is_err() {
        tracing::warn!(socket = socket.number, "the writer of a connection failed");
    }
}

async fn read_all(
    world: &Arc<World>,
    socket: &Arc<Socket>,
    mut stream: SplitStream<Stream>,
    mut incoming: Incoming,
    mut opener: Opener,
) -> anyhow::Result<()> {
    loop {
        while let Some(frame) = incoming.next() {
            strike::pace(world, socket).await;
            let permit = world.disk.admit().await;
            match opener.open(frame)? {
                Some(node) => handle(world, socket, &node),
                None => relay::malformed(world, socket),
            }
            world.disk.commit(Effects::of_permit(permit));
        }
        let message = tokio::select! {
            () = socket.over().cancelled() => return Ok(()),
            message = stream.next() => message.context("the client left")??,
        };
        if message.is_binary() {
            socket.hear();
            incoming.feed(message.as_payload())?;
        } else if message.is_close() {
            return Ok(());
        }
    }
}

fn handle(world: &Arc<World>, socket: &Arc<Socket>, node: &Node) {
    match (node.tag.as_ref(), socket.who()) {
        ("iq", None) => pairing::answer(world, socket, node),
        ("iq", Some(who)) => iq::answer(world, socket, who, node),
        ("message", Some(who)) => relay::take(world, socket, who, node),
        ("receipt", Some(who)) => receipts::take(world, socket, who, node),
        ("ack", Some(who)) => receipts::acknowledged(world, who, node),
        ("ib", Some(who)) => login::informed(world, who, node),
        _ => tracing::trace!(tag = %node.tag, "nothing to do for this stanza"),
    }
}

async fn write_all(
    world: Arc<World>,
    socket: Arc<Socket>,
    mut sink: SplitSink<Stream, Message>,
    mut sealer: Sealer,
    mut out: mpsc::Receiver<Out>,
) {
    let mut batch = Vec::new();
    loop {
        let count = tokio::select! {
            () = socket.over().cancelled() => 0,
            count = out.recv_many(&mut batch, BATCH) => count,
        };
        if count == 0 {
            return;
        }
        strike::pace(&world, &socket).await;
        let (bytes, close) = match seal(&mut sealer, &mut batch) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "a stanza of ours cannot be sealed");
                return socket.end("internal");
            }
        };
        if !bytes.is_empty() && !push(&socket, &mut sink, Message::binary(bytes)).await {
            return;
        }
        if close {
            let goodbye = Message::close(Some(CloseCode::NORMAL_CLOSURE), "");
            push(&socket, &mut sink, goodbye).await;
            return socket.over().cancel();
        }
    }
}

/// Sends one WebSocket message; false when the connection is over. A client that is stopped does not
/// read: what waits for it is sent again when it comes back.
async fn push(socket: &Socket, sink: &mut SplitSink<Stream, Message>, message: Message) -> bool {
    let sent = tokio::select! {
        () = socket.over().cancelled() => return false,
        sent = timeout(STUCK, sink.send(message)) => sent,
    };
    match sent {
        Ok(Ok(())) => return true,
        Ok(Err(_)) => socket.end("gone"),
        Err(_) => socket.end("stuck"),
    }
    false
}

/// The bytes of a batch, and whether to close after them.
fn seal(sealer: &mut Sealer, batch: &mut Vec<Out>) -> anyhow::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    for out in batch.drain(..) {
        match out {
            Out::Stanza(node) => sealer.seal(&node, &mut bytes)?,
            Out::Raw(raw) => bytes.extend_from_slice(&raw),
            Out::Sealed(plain) => sealer.seal_bytes(&plain, &mut bytes)?,
            Out::Close => return Ok((bytes, true)),
        }
    }
    Ok((bytes, false))
}
