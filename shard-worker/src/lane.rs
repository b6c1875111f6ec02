//! The lane of one chat: its queued messages leave in order, one at a time, the next when the server has
//! acknowledged the last.

mod flight;
mod page;
mod recipient;
mod tries;

use std::sync::Arc;

use store::chats;
use store::messages::{self, Outgoing};
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome};
use switchyard_core::reason::{FailureCode, SessionReason};
use switchyard_core::{ChatId, MessageId, Timestamp};
use tokio::time::{Instant, timeout_at};

use self::flight::{Flight, Handed, Landing};
use self::page::Page;
use self::tries::{Tries, pause};
use crate::acks::Ack;
use crate::ending::Ending;
use crate::identity::address;
use crate::live::Live;

/// So often a message goes out without an acknowledgement before the connection is taken for dead: once, and only if
/// it heard no other acknowledgement either.
const UNACKNOWLEDGED: u32 = 2;
/// When to come again while the head waits, in milliseconds.
const COME_AGAIN_MS: u64 = 1_000;

/// One chat's way out. Lives as long as it waits for something.
#[derive(Debug)]
pub(crate) struct Lane {
    chat: ChatId,
    flight: Option<Flight>,
    tries: Option<Tries>,
    /// Written down as on its way already, when the one before it was acknowledged.
    marked: Option<MessageId>,
    /// The recipient's other identity was written down, or is not to be had.
    learned: bool,
}

/// What happened during one drain.
#[derive(Debug, Default)]
struct Tally {
    sent: u32,
    failed: u32,
    /// Of what was read in this chat, WhatsApp knows all; what is read from now on has a job of its own.
    reads_are_told: bool,
}

/// What became of the message at the head.
enum Head {
    /// It is settled: on to the next.
    Done,
    /// It goes out again, under the same id.
    Again(Outgoing),
    /// The drain ends here.
    Stop(DrainOutcome, u64),
}

impl Lane {
    /// The lane of a chat.
    pub(crate) const fn new(chat: ChatId) -> Self {
        Self {
            chat,
            flight: None,
            tries: None,
            marked: None,
            learned: false,
        }
    }

    /// Whether it waits for nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.flight.is_none() && self.tries.is_none()
    }

    /// Sends what is queued; at most `max` messages and not past `deadline`.
    pub(crate) async fn drain(
        &mut self,
        live: &Arc<Live>,
        max: u16,
        deadline: Instant,
    ) -> DrainAnswer {
        let mut tally = Tally::default();
        let max = u32::from(max.clamp(1, DRAIN_MAX_MESSAGES));
        let worked = match self.work(live, max, deadline, &mut tally).await {
            // What was read is told last: sending does not wait for it.
            Ok(end) if end.0 != DrainOutcome::NotConnected && !tally.reads_are_told => {
                let told = self.tell_what_was_read(live, deadline).await;
                told.map(|()| end)
            }
            worked => worked,
        };
        let (outcome, retry_after_ms) = match worked {
            Ok(end) => end,
            Err(store::Error::Fenced) => {
                live.give_up(Ending::Lost);
                (DrainOutcome::Fenced, 0)
            }
            Err(error) => {
                tracing::warn!(session = %live.held.session, %error, "a drain stopped");
                (DrainOutcome::More, COME_AGAIN_MS)
            }
        };
        DrainAnswer {
            outcome,
            sent: tally.sent,
            failed: tally.failed,
            retry_after_ms,
        }
    }

    async fn work(
        &mut self,
        live: &Arc<Live>,
        max: u32,
        deadline: Instant,
        tally: &mut Tally,
    ) -> store::Result<(DrainOutcome, u64)> {
        let mut page = Page::of(self.chat);
        let mut again = None;
        self.marked = None;
        loop {
            if let Some(flight) = self.flight.take() {
                let is_last = tally.sent.saturating_add(tally.failed) >= max.saturating_sub(1);
                let next = page.ahead().filter(|_| !is_last);
                match self.settle(live, flight, next, deadline, tally).await? {
                    Head::Done => {}
                    Head::Again(message) => again = Some(message),
                    Head::Stop(outcome, after) => return Ok((outcome, after)),
                }
            }
            if live.is_closing() {
                return Ok((DrainOutcome::NotConnected, 0));
            }
            let spent = tally.sent.saturating_add(tally.failed) >= max;
            if again.is_none() && (spent || Instant::now() >= deadline) {
                return Ok((DrainOutcome::More, 0));
            }
            let next = match again.take() {
                None => page.next(live, max).await?,
                again => again,
            };
            tally.reads_are_told |= next.as_ref().is_some_and(|it| !it.has_untold_reads);
            let Some(next) = next else {
                self.tries = None;
                return Ok((DrainOutcome::Drained, 0));
            };
            match self.send(live, next, tally).await? {
                Head::Done => {}
                Head::Again(message) => again = Some(message),
                Head::Stop(outcome, after) => return Ok((outcome, after)),
            }
        }
    }

    /// Hands a message to the socket, and leaves it in flight.
    async fn send(
        &mut self,
        live: &Arc<Live>,
        message: Outgoing,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        if live.is_restricted() && self.is_new_chat(live).await? {
            return Ok(Head::Stop(DrainOutcome::NotConnected, 0));
        }
        let Some(to) = address(&message.to) else {
            return self
                .fail(live, &message, FailureCode::InvalidRecipient, tally)
                .await;
        };
        live.may_write()?;
        if self.marked.take() != Some(message.id) {
            messages::mark_sending(&live.store, Timestamp::now(), &live.held, message.id).await?;
        }
        let tries = self.tries.as_ref();
        let refresh = tries.is_some_and(|it| it.wants_fresh(message.id));
        self.flight = Some(Flight::start(live, message, to, refresh));
        Ok(Head::Done)
    }

    /// Waits for what becomes of the head, but not past `deadline`; `next` goes after it.
    async fn settle(
        &mut self,
        live: &Arc<Live>,
        mut flight: Flight,
        next: Option<MessageId>,
        deadline: Instant,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        match flight.land(deadline, live.acknowledgement).await {
            Landing::Answered(Ack { error: None }) => {
                self.acknowledged(live, &flight.message, next).await?;
                tally.sent = tally.sent.saturating_add(1);
                Ok(Head::Done)
            }
            Landing::Answered(Ack { error: Some(code) }) => {
                self.refused(live, flight.message, code, tally).await
            }
            Landing::StillFlying => {
                self.flight = Some(flight);
                Ok(Head::Stop(DrainOutcome::More, COME_AGAIN_MS))
            }
            Landing::ConnectionOver => Ok(Head::Stop(DrainOutcome::NotConnected, 0)),
            Landing::Not(handed) => {
                live.acks.forget(&flight.message.wa_id);
                let head = self.not_handed_over(live, &flight.message, handed, tally);
                head.await
            }
            Landing::Overdue => {
                live.acks.forget(&flight.message.wa_id);
                Ok(overdue(live, flight))
            }
        }
    }

    async fn acknowledged(
        &mut self,
        live: &Arc<Live>,
        message: &Outgoing,
        next: Option<MessageId>,
    ) -> store::Result<()> {
        self.head_is_settled(live, message);
        live.metrics.acks.with_label_values(&["sent"]).inc();
        store::told!(session = %live.held.session, message_id = %message.id, "WhatsApp has the message");
        live.may_write()?;
        let now = Timestamp::now();
        let (store, held, id) = (&live.store, &live.held, message.id);
        match next.filter(|_| !live.is_restricted()) {
            Some(next) => {
                messages::mark_sent_and_next(store, now, held, id, now, next).await?;
                self.marked = Some(next);
            }
            None => messages::mark_sent(store, now, held, id, now).await?,
        }
        if !self.learned {
            recipient::learn(live, message).await?;
            self.learned = true;
        }
        Ok(())
    }

    /// The server refused the message at the head.
    async fn refused(
        &mut self,
        live: &Arc<Live>,
        message: Outgoing,
        code: u16,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        live.metrics.acks.with_label_values(&["refused"]).inc();
        // Stale address or devices: once more with fresh ones.
        let tries = self.tries(message.id);
        if code == 421 && tries.refresh() {
            return Ok(Head::Again(message));
        }
        // The server is busy: the same message, later.
        if (500..600).contains(&code)
            && let Some(pause) = tries.again()
        {
            return Ok(Head::Stop(DrainOutcome::More, pause));
        }
        let failure = FailureCode::of_ack_error(code);
        let head = self.fail(live, &message, failure, tally).await?;
        if failure == FailureCode::NumberRestricted {
            live.restrict();
        }
        Ok(head)
    }

    async fn not_handed_over(
        &mut self,
        live: &Arc<Live>,
        message: &Outgoing,
        handed: Handed,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        let failure = match handed {
            Handed::Over | Handed::NotConnected => {
                return Ok(Head::Stop(DrainOutcome::NotConnected, 0));
            }
            Handed::Never(failure) => failure,
            Handed::NotYet => match self.tries(message.id).again() {
                Some(pause) => {
                    tracing::warn!(session = %live.held.session, "a message was not handed over yet");
                    return Ok(Head::Stop(DrainOutcome::More, pause));
                }
                None => FailureCode::Rejected,
            },
        };
        self.fail(live, message, failure, tally).await
    }

    async fn fail(
        &mut self,
        live: &Arc<Live>,
        message: &Outgoing,
        failure: FailureCode,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        self.head_is_settled(live, message);
        live.may_write()?;
        let now = Timestamp::now();
        messages::mark_failed(&live.store, now, &live.held, message.id, failure).await?;
        tally.failed = tally.failed.saturating_add(1);
        Ok(Head::Done)
    }

    /// What was tried of a message; of the one before it nothing counts.
    fn tries(&mut self, message: MessageId) -> &mut Tries {
        Tries::of(&mut self.tries, message)
    }

    fn head_is_settled(&mut self, live: &Live, message: &Outgoing) {
        self.tries = None;
        live.silent.forget(message.id);
    }

    /// Whether nobody has ever written to us in this chat.
    async fn is_new_chat(&self, live: &Arc<Live>) -> store::Result<bool> {
        Ok(!chats::is_answered(&live.store, &live.held, self.chat).await?)
    }

    /// Tells WhatsApp what our people have read in this chat, as far as that is done by `deadline`.
    async fn tell_what_was_read(&self, live: &Arc<Live>, deadline: Instant) -> store::Result<()> {
        let unread = chats::reads_to_send(&live.store, &live.held, self.chat).await?;
        let Some(last) = unread.last() else {
            return Ok(());
        };
        let up_to = last.position;
        let Some(chat) = address(&last.from) else {
            return Ok(());
        };
        let ids: Vec<&str> = unread.iter().map(|it| it.wa_id.as_str()).collect();
        let telling = Box::pin(live.client.mark_as_read(&chat, None, &ids));
        match timeout_at(deadline, telling).await {
            Ok(Ok(())) => chats::reads_sent(&live.store, &live.held, self.chat, up_to).await,
            // Told again with the next drain of this chat; the sweep asks for one.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

/// The server owes its answer for the message at the head: it goes out again under its id, later each time. The
/// connection is given up once for a message, over all connections, and only if it was deaf meanwhile: a chat that is
/// never acknowledged does not take the whole number down.
fn overdue(live: &Live, flight: Flight) -> Head {
    live.metrics.acks.with_label_values(&["missing"]).inc();
    let times = live.silent.count(flight.message.id);
    if times < UNACKNOWLEDGED {
        return Head::Again(flight.message);
    }
    if times == UNACKNOWLEDGED && live.acks.heard() == flight.heard {
        live.give_up(Ending::Because(SessionReason::Network));
        return Head::Stop(DrainOutcome::NotConnected, 0);
    }
    Head::Stop(DrainOutcome::More, pause(times))
}
