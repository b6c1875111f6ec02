//! Media sockets: the audio of a call goes to a program of its business, and back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, rt};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use store::slots::{Admission, Mode};
use switchyard_core::BusinessId;
use switchyard_core::call::CallSid;
use switchyard_core::flow::Node;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::door::{Refused, socket_is_signed};
use crate::page::phase;

mod bridge;
mod frame;
mod lane;
mod program;

use bridge::{Bridge, End};
use frame::{FromCaller, Start};

/// The provider says within this time which call it is.
const START_WITHIN: Duration = Duration::from_secs(5);
/// The most bytes of a message.
const FRAME_MAX: usize = 64 * 1024;

/// The sockets of a replica.
#[derive(Debug)]
pub(crate) struct Sockets {
    open: AtomicI64,
    moving: CancellationToken,
    local_programs: bool,
}

impl Sockets {
    /// `local_programs`: audio may go to programs on this machine.
    pub(crate) fn new(local_programs: bool) -> Self {
        Self {
            open: AtomicI64::new(0),
            moving: CancellationToken::new(),
            local_programs,
        }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> i64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Every call finds another replica.
    pub(crate) fn move_on(&self) {
        self.moving.cancel();
    }
}

/// Takes a socket of the provider whose handshake it signed.
pub(crate) async fn open(
    request: HttpRequest,
    body: Payload,
    desk: Data<Desk>,
) -> Result<HttpResponse, Error> {
    if !socket_is_signed(&request, &desk) {
        desk.metrics.forged.inc();
        return Err(Refused::Forged.into());
    }
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let messages = messages.max_frame_size(FRAME_MAX);
    rt::spawn(async move {
        desk.sockets.open.fetch_add(1, Ordering::Relaxed);
        desk.metrics.sockets.inc();
        serve(&desk, session, messages).await;
        desk.metrics.sockets.dec();
        desk.sockets.open.fetch_sub(1, Ordering::Relaxed);
    });
    Ok(response)
}

/// A call whose audio is here.
#[derive(Debug)]
struct OnAir {
    sid: CallSid,
    start: Start,
    url: String,
    max: Duration,
}

async fn serve(desk: &Data<Desk>, session: Session, mut messages: MessageStream) {
    let started = tokio::time::timeout(START_WITHIN, start(&mut messages)).await;
    let on_air = match started {
        Ok(Some(start)) => on_air(desk, start).await,
        Ok(None) | Err(_) => None,
    };
    let Some(on_air) = on_air else {
        close(session, CloseCode::Policy).await;
        return;
    };
    let id = on_air.sid.as_str();
    let bridge = Bridge {
        desk: desk.clone(),
        sid: on_air.sid.clone(),
        start: on_air.start,
        url: on_air.url,
        max: on_air.max,
        moving: desk.sockets.moving.clone(),
        local_programs: desk.sockets.local_programs,
    };
    let end = bridge.run(session.clone(), messages).await;
    let (phase, code, word) = match end {
        End::Done => (phase::STREAM_DONE, CloseCode::Normal, "done"),
        End::Failed => (phase::STREAM_FAILED, CloseCode::Normal, "failed"),
        End::Moved => (phase::STREAM_MOVED, CloseCode::Away, "moved"),
        // The call is over, or its provider lost the socket and asks again.
        End::CallerGone => (phase::STREAM, CloseCode::Normal, "caller_gone"),
    };
    desk.metrics.stream_ended(word);
    // The provider asks for the next page as soon as the socket is closed: what it then finds is said first.
    if let Err(away) = desk.slots.note_phase(id, phase).await {
        tracing::warn!(error = %away, "how a bridge ended could not be said");
    }
    // Its next request comes within a lease, or the call is over.
    if end == End::Moved {
        desk.keeper.let_go(id);
    } else {
        desk.keeper.settle(id, desk.slots.timing().lease);
    }
    close(session, code).await;
}

async fn close(session: Session, code: CloseCode) {
    let reason = CloseReason {
        code,
        description: None,
    };
    session.close(Some(reason)).await.ok();
}

/// What the provider says of the call, after its greeting.
async fn start(messages: &mut MessageStream) -> Option<Start> {
    loop {
        match messages.recv().await?.ok()? {
            Message::Text(text) => match FromCaller::read(&text)? {
                FromCaller::Connected => {}
                FromCaller::Start(start) => return Some(start),
                _ => return None,
            },
            Message::Ping(_) | Message::Pong(_) | Message::Nop => {}
            _ => return None,
        }
    }
}

/// The call that a socket is of, in hand; `None`: there is none that waits for one.
async fn on_air(desk: &Desk, start: Start) -> Option<OnAir> {
    let sid: CallSid = start.call_sid.parse().ok()?;
    let business: BusinessId = start.parameters.get("business")?.parse().ok()?;
    let version: i64 = start.parameters.get("version")?.parse().ok()?;
    let node = start.parameters.get("node")?;
    let row = store::calls::get(&desk.store, business, &sid)
        .await
        .ok()??;
    if row.state.is_over() {
        return None;
    }
    let flow = desk.flow_of(business, version).await.ok()?;
    let Some(Node::Bridge { url, max_s, .. }) = flow.flow.nodes.get(node) else {
        return None;
    };
    // Of two sockets that begin at once one has the call.
    let is_first = desk.slots.begin_phase(sid.as_str(), phase::STREAMING);
    if !is_first.await.ok()? {
        return None;
    }
    let ask = desk
        .keeper
        .ask(sid.as_str(), business, Mode::Take, phase::STREAMING);
    let (Admission::New { epoch, .. } | Admission::Held { epoch, .. }) =
        desk.slots.acquire(ask).await.ok()?
    else {
        return None;
    };
    let lease = desk.slots.timing().lease;
    let whose = (business, epoch);
    desk.keeper
        .hold(sid.as_str(), whose, phase::STREAMING, lease);
    Some(OnAir {
        sid,
        url: url.clone(),
        max: Duration::from_secs(u64::from(*max_s)),
        start,
    })
}
