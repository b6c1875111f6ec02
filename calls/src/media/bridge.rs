//! A bridge: the caller's audio to the program and the program's to the caller, until one of them ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt;
use actix_web::web::Data;
use actix_ws::{Message, MessageStream, Session};
use futures_util::StreamExt as _;
use switchyard_core::call::{CallSid, StepKind};
use tokio::sync::watch;
use tokio::time::{sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_websockets::CloseCode;

use super::diary::Diary;
use super::frame::{self, BYTES_A_SECOND, FromCaller, FromProgram, Start};
use super::lane::Lane;
use super::program::{self, Socket};
use super::talk::{self, Heard};
use crate::desk::Desk;

/// Messages of the caller that wait for the program: two seconds; then the oldest audio goes.
const TO_PROGRAM: usize = 100;
/// Messages of the program that wait for the caller; then the program is not read any more.
const TO_CALLER: usize = 1_500;
/// Audio that the provider is given ahead of what has been heard.
const AHEAD: Duration = Duration::from_secs(5);
/// A caller of whom so long nothing is heard is gone: silence is sent as frames too.
const SILENCE: Duration = Duration::from_secs(10);
/// How often the call is said to live.
const HEARD: Duration = Duration::from_secs(1);
/// How long the caller may go on hearing what a program left behind.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How a bridge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The program ended it, or its time was over.
    Done,
    /// The program did not do its part.
    Failed(Failure),
    /// This replica goes.
    Moved,
    /// The provider closed its socket, or is gone.
    CallerGone,
}

/// What a program did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It could not be reached.
    Unreachable,
    /// It broke off.
    BrokeOff,
    /// It hangs, or the way to it is cut: nothing is heard of it any more.
    Silent,
}

impl Failure {
    /// The word for it in the steps of a call.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::BrokeOff => "broke_off",
            Self::Silent => "silent",
        }
    }
}

/// A bridge that is about to be put up.
pub(super) struct Bridge {
    pub(super) diary: Diary,
    pub(super) start: Start,
    pub(super) url: String,
    pub(super) max: Duration,
    pub(super) moving: CancellationToken,
    pub(super) local_programs: bool,
}

impl Bridge {
    /// Puts it up and carries audio until it ends.
    pub(super) async fn run(self, session: Session, mut caller: MessageStream) -> End {
        let socket = match self.reach().await {
            Ok(socket) => socket,
            Err(failure) => return End::Failed(failure),
        };
        let (to, from) = socket.split();
        let mut program = talk::Ear::new(from);
        let to_program: Arc<Lane<String>> = Arc::new(Lane::new(TO_PROGRAM));
        let to_caller: Arc<Lane<FromProgram>> = Arc::new(Lane::new(TO_CALLER));
        for text in frame::greeting(&self.start) {
            to_program.push(text);
        }
        let mut writer = rt::spawn(talk::tell(to, Arc::clone(&to_program)));
        let (says_until, heard_until) = watch::channel(Instant::now());
        let speaker = rt::spawn(speak(
            session.clone(),
            Arc::clone(&to_caller),
            self.diary.desk.clone(),
            says_until,
        ));
        let mut ear = Ear::new(&self, session);
        let over = sleep(self.max);
        tokio::pin!(over);
        let end = loop {
            tokio::select! {
                () = &mut over => break End::Done,
                () = self.moving.cancelled() => break End::Moved,
                heard = timeout_at(ear.silent_at(), caller.recv()) => {
                    let Ok(Some(Ok(message))) = heard else {
                        break End::CallerGone;
                    };
                    if !ear.hears(message, &to_program).await {
                        break End::CallerGone;
                    }
                }
                said = program.hear(&to_caller) => {
                    if let Some(end) = self.says(said, &to_caller) {
                        break end;
                    }
                }
                // Nobody takes what is told.
                _ = &mut writer => break End::Failed(Failure::BrokeOff),
            }
        };
        to_program.push(frame::farewell(&self.start));
        to_program.close();
        if end == End::Done {
            let words = last_words(&to_caller, &heard_until);
            self.linger(words, &mut ear, &mut caller).await;
        }
        to_caller.close();
        to_caller.retain(|_| false);
        speaker.abort();
        if !writer.is_finished() {
            timeout(Duration::from_secs(1), writer).await.ok();
        }
        end
    }

    /// The socket of the program, which deals with the caller from now on.
    async fn reach(&self) -> Result<Socket, Failure> {
        let socket = program::connect(&self.url, self.local_programs)
            .await
            .map_err(|error| {
                tracing::info!(%error, "a bridge could not be put up");
                Failure::Unreachable
            })?;
        // Beside the audio, which waits for no database.
        let diary = self.diary.clone();
        rt::spawn(async move { diary.note(StepKind::Bridged, None).await });
        Ok(socket)
    }

    /// Lets the caller hear the last words, unless the caller or this replica goes before.
    async fn linger(
        &self,
        words: impl Future<Output = ()>,
        ear: &mut Ear,
        caller: &mut MessageStream,
    ) {
        tokio::select! {
            () = words => {}
            () = ear.until_gone(caller) => {}
            () = self.moving.cancelled() => {}
        }
    }

    /// What the program says; `Some` when that ends the bridge.
    fn says(&self, said: Heard, to_caller: &Lane<FromProgram>) -> Option<End> {
        let message = match said {
            Heard::Message(message) => message,
            Heard::Gone => return Some(End::Failed(Failure::BrokeOff)),
            Heard::Silence => return Some(End::Failed(Failure::Silent)),
        };
        if let Some((code, _)) = message.as_close() {
            let is_clean = matches!(
                code,
                CloseCode::NORMAL_CLOSURE | CloseCode::NO_STATUS_RECEIVED
            );
            return Some(if is_clean {
                End::Done
            } else {
                End::Failed(Failure::BrokeOff)
            });
        }
        let read = message
            .as_text()
            .and_then(|text| FromProgram::read(text, &self.start.stream_sid))?;
        match read {
            FromProgram::Stop => return Some(End::Done),
            FromProgram::Clear(_) => {
                // Audio is forgotten. Marks are not: the provider answers a clear with every mark that it was given.
                to_caller.retain(|waits| matches!(waits, FromProgram::Mark(_)));
                to_caller.push(read);
            }
            FromProgram::Media { .. } | FromProgram::Mark(_) => to_caller.push(read),
        }
        None
    }
}

/// Listens to the caller.
struct Ear {
    desk: Data<Desk>,
    sid: CallSid,
    lease: Duration,
    session: Session,
    chunk: u64,
    said_at: Option<Instant>,
    heard_at: tokio::time::Instant,
}

impl Ear {
    fn new(bridge: &Bridge, session: Session) -> Self {
        Self {
            lease: bridge.diary.desk.slots.timing().lease,
            desk: bridge.diary.desk.clone(),
            sid: bridge.diary.sid.clone(),
            session,
            chunk: 0,
            said_at: None,
            heard_at: tokio::time::Instant::now(),
        }
    }

    /// When nothing was heard for too long.
    fn silent_at(&self) -> tokio::time::Instant {
        let at = self.heard_at.checked_add(SILENCE);
        at.unwrap_or(self.heard_at)
    }

    /// One message of the provider; `false`: it was the last.
    async fn hears(&mut self, message: Message, to_program: &Lane<String>) -> bool {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(bytes) => return self.session.pong(&bytes).await.is_ok(),
            Message::Pong(_) | Message::Nop => return true,
            Message::Close(_) | Message::Binary(_) | Message::Continuation(_) => return false,
        };
        self.heard_at = tokio::time::Instant::now();
        self.lives();
        match FromCaller::read(&text) {
            Some(FromCaller::Media(chunk)) => {
                self.desk.metrics.frames_in.inc();
                let missing = chunk.saturating_sub(self.chunk.saturating_add(1));
                if self.chunk > 0 && missing > 0 {
                    self.desk.metrics.frames_missing.inc_by(missing);
                }
                self.chunk = self.chunk.max(chunk);
                if !to_program.push_newest(text.to_string()) {
                    self.desk.metrics.frames_dropped.inc();
                }
                true
            }
            Some(FromCaller::Other) => {
                to_program.push_newest(text.to_string());
                true
            }
            Some(FromCaller::Stop) => false,
            Some(FromCaller::Connected | FromCaller::Start(_)) | None => true,
        }
    }

    /// Listens on, though nobody is told any more what is heard, until the caller is gone.
    async fn until_gone(&mut self, caller: &mut MessageStream) {
        let nobody = Lane::new(1);
        while let Ok(Some(Ok(message))) = timeout_at(self.silent_at(), caller.recv()).await {
            if !self.hears(message, &nobody).await {
                return;
            }
        }
    }

    /// A frame is evidence that the call lives.
    fn lives(&mut self) {
        if self.said_at.is_none_or(|at| at.elapsed() >= HEARD) {
            self.said_at = Some(Instant::now());
            self.desk.keeper.heard(self.sid.as_str(), self.lease);
        }
    }
}

/// Speaks to the caller, never far ahead of what has been heard, and says until when the caller will hear it.
async fn speak(
    mut session: Session,
    lane: Arc<Lane<FromProgram>>,
    desk: Data<Desk>,
    says_until: watch::Sender<Instant>,
) {
    let mut heard_at = Instant::now();
    while let Some(next) = lane.next().await {
        let text = match next {
            FromProgram::Media { text, bytes } => {
                let now = Instant::now();
                let long = Duration::from_millis(bytes.saturating_mul(1_000) / BYTES_A_SECOND);
                heard_at = heard_at.max(now).checked_add(long).unwrap_or(now);
                says_until.send_replace(heard_at);
                desk.metrics.frames_out.inc();
                let ahead = heard_at.saturating_duration_since(now);
                if session.text(text).await.is_err() {
                    return;
                }
                sleep(ahead.saturating_sub(AHEAD)).await;
                continue;
            }
            FromProgram::Clear(text) => {
                heard_at = Instant::now();
                says_until.send_replace(heard_at);
                text
            }
            FromProgram::Mark(text) => text,
            FromProgram::Stop => return,
        };
        if session.text(text).await.is_err() {
            return;
        }
    }
}

/// What the program said last is still heard, for a while: the provider forgets what it has not played when the socket
/// is closed.
async fn last_words(lane: &Lane<FromProgram>, heard_until: &watch::Receiver<Instant>) {
    let begun = Instant::now();
    while begun.elapsed() < LAST_WORDS && heard_until.has_changed().is_ok() {
        if lane.is_empty() && *heard_until.borrow() <= Instant::now() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
