//! Media sockets: the audio of a call goes to a program of its business, and back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, rt};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use store::slots::{Admission, Mode};
use switchyard_core::BusinessId;
use switchyard_core::call::{CallObject, CallSid, StepKind};
use switchyard_core::flow::Node;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::door::{Refused, socket_is_signed};
use crate::page::phase;
use crate::ticket::{Invalid, Purpose};

mod bridge;
mod diary;
mod frame;
mod lane;
mod program;
mod talk;

use bridge::{Bridge, End, Failure};
use diary::Diary;
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
    diary: Diary,
    start: Start,
    url: String,
    max: Duration,
}

async fn serve(desk: &Data<Desk>, session: Session, mut messages: MessageStream) {
    let started = tokio::time::timeout(START_WITHIN, start(&mut messages)).await;
    let on_air = match started {
        Ok(Some(start)) => on_air(desk, start).await,
        Ok(None) | Err(_) => Err(NoCall::Silent),
    };
    let on_air = match on_air {
        Ok(on_air) => on_air,
        Err(why) => {
            tracing::warn!(%why, "a media socket is refused");
            desk.metrics.socket_refused(why.name());
            close(session, CloseCode::Policy).await;
            return;
        }
    };
    let diary = on_air.diary;
    let id = diary.sid.as_str();
    let bridge = Bridge {
        diary: diary.clone(),
        start: on_air.start,
        url: on_air.url,
        max: on_air.max,
        moving: desk.sockets.moving.clone(),
        local_programs: desk.sockets.local_programs,
    };
    let end = bridge.run(session.clone(), messages).await;
    let (phase, code, word) = match end {
        End::Done => (phase::STREAM_DONE, CloseCode::Normal, "done"),
        // Counted apart: nobody is told of it but the caller.
        End::Failed(Failure::Silent) => (phase::STREAM_FAILED, CloseCode::Normal, "silent"),
        End::Failed(_) => (phase::STREAM_FAILED, CloseCode::Normal, "failed"),
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
    // After it, so that no caller waits for the database.
    match end {
        End::Failed(why) => diary.note(StepKind::Fault, Some(why.name())).await,
        End::Moved => diary.note(StepKind::HandedOver, Some("moved")).await,
        End::Done | End::CallerGone => {}
    }
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

/// Why a socket has no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NoCall {
    /// It did not say in time which call it is.
    #[error("it does not say which call it is")]
    Silent,
    /// What it shows beside the provider's signature counts for nothing.
    #[error(transparent)]
    Ticket(#[from] Invalid),
    /// The call is not known, or over, or has no bridge there.
    #[error("there is no such call")]
    Unknown,
    /// Another one had the page before, or the call is past it.
    #[error("the page had its socket")]
    Taken,
    /// The call has lost its line, and there is no other.
    #[error("the call has no line")]
    NoLine,
    /// What is known of calls cannot be read.
    #[error("calls cannot be read")]
    Away,
}

impl NoCall {
    /// The word that it is counted by.
    const fn name(self) -> &'static str {
        match self {
            Self::Silent => "no_start",
            Self::Ticket(Invalid::Foreign) => "ticket",
            Self::Ticket(Invalid::Lapsed) => "lapsed",
            Self::Ticket(Invalid::Early) => "early",
            Self::Unknown => "no_call",
            Self::Taken => "taken",
            Self::NoLine => "no_line",
            Self::Away => "store",
        }
    }
}

/// The call that a socket is of, in hand. Nothing is asked of rows and slots before the ticket is known to be ours.
async fn on_air(desk: &Data<Desk>, start: Start) -> Result<OnAir, NoCall> {
    let parameter = |name| start.parameters.get(name).ok_or(Invalid::Foreign);
    let read = |_no_number| Invalid::Foreign;
    let business: BusinessId = parameter("business")?
        .parse()
        .map_err(|_no_id| Invalid::Foreign)?;
    let purpose = Purpose {
        sid: &start.call_sid,
        business,
        version: parameter("version")?.parse().map_err(read)?,
        node: parameter("node")?,
        page: parameter("page")?.parse().map_err(read)?,
    };
    desk.tickets
        .check(purpose, parameter("tok")?, Desk::now())?;
    let sid: CallSid = start.call_sid.parse().map_err(|_no_id| NoCall::Unknown)?;
    let (call, url, max) = bridge_of(desk, &sid, purpose).await?;
    // Of two sockets that begin at once one has the call.
    let id = sid.as_str();
    let begun = desk.slots.begin_page(id, purpose.page, phase::STREAMING);
    if !begun.await.map_err(|_away| NoCall::Away)? {
        return Err(NoCall::Taken);
    }
    let ask = desk.ask(id, business, Mode::Take, phase::STREAMING).await;
    let taken = desk.slots.acquire(ask).await;
    let epoch = match taken.map_err(|_away| NoCall::Away)? {
        Admission::New { epoch, .. } | Admission::Held { epoch, .. } => epoch,
        Admission::Ended => return Err(NoCall::Unknown),
        _ => return Err(NoCall::NoLine),
    };
    let (lease, whose) = (desk.slots.timing().lease, (business, epoch));
    desk.keeper.hold(id, whose, phase::STREAMING, lease);
    let diary = Diary {
        desk: desk.clone(),
        business,
        node: purpose.node.to_owned(),
        stream: start.stream_sid.clone(),
        sid,
    };
    let start = Start {
        parameters: for_program(&call, &diary.node),
        ..start
    };
    Ok(OnAir {
        diary,
        start,
        url,
        max,
    })
}

/// What a program is told of its call, beside its audio: nothing of what opens sockets here.
fn for_program(call: &CallObject, node: &str) -> BTreeMap<String, String> {
    let told = [
        ("call_sid", Some(call.call_sid.to_string())),
        ("business", Some(call.business_id.to_string())),
        ("node", Some(node.to_owned())),
        ("from", call.from.clone()),
        ("to", call.to.clone()),
    ];
    let told = told.into_iter();
    told.filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// A call that is not over, where its audio goes, and for how long at most.
async fn bridge_of(
    desk: &Desk,
    sid: &CallSid,
    purpose: Purpose<'_>,
) -> Result<(CallObject, String, Duration), NoCall> {
    let away = |_error| NoCall::Away;
    let row = store::calls::get(&desk.store, purpose.business, sid).await;
    let row = row.map_err(away)?.ok_or(NoCall::Unknown)?;
    if row.state.is_over() {
        return Err(NoCall::Unknown);
    }
    let flow = desk.flow_of(purpose.business, purpose.version).await;
    match flow.map_err(away)?.flow.nodes.get(purpose.node) {
        Some(Node::Bridge { url, max_s, .. }) => {
            let max = Duration::from_secs(u64::from(*max_s));
            Ok((row, url.clone(), max))
        }
        _ => Err(NoCall::Unknown),
    }
}
