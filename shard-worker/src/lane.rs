//! The lane of one chat: its queued messages leave in order, one at a time, the next when the server has
//! acknowledged the last.

mod recipient;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use store::chats;
use store::messages::{self, Outgoing};
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome};
use switchyard_core::fail::FailPoint;
use switchyard_core::reason::{FailureCode, SessionReason};
use switchyard_core::{ChatId, Timestamp};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use wacore::proto_helpers::MessageBuilderExt;
use waproto::whatsapp as wa;
use whatsapp_rust::Freshness;
use whatsapp_rust::send::{SendError, SendOptions};

use crate::acks::Ack;
use crate::ending::Ending;
use crate::identity::address;
use crate::live::Live;

/// How long handing a message to the socket may take: it includes fetching the recipient's keys.
const HAND_OVER: Duration = Duration::from_secs(10);
/// So often a message goes out without an acknowledgement before the connection itself is given up.
const UNACKNOWLEDGED: u32 = 2;
/// So often a message that cannot be handed over is tried on a live connection before it fails: for about 3 min.
const TRIES: u32 = 10;
/// When to come again while the head waits, in milliseconds.
const COME_AGAIN_MS: u64 = 1_000;
/// The longest pause before a message that cannot be handed over is tried again, in milliseconds.
const COME_AGAIN_CEILING_MS: u64 = 30_000;

/// One chat's way out. Lives as long as it waits for something.
#[derive(Debug)]
pub(crate) struct Lane {
    chat: ChatId,
    flight: Option<Flight>,
    /// Of the message at the head: how often it was tried in vain.
    failures: u32,
    /// Of the message at the head: it is sent with a fresh list of the recipient's devices.
    refresh: bool,
    unacknowledged: u32,
    /// The recipient's other identity was written down, or is not to be had.
    learned: bool,
}

/// A message that waits for its acknowledgement.
#[derive(Debug)]
struct Flight {
    message: Outgoing,
    ack: oneshot::Receiver<Ack>,
    overdue: Instant,
    _counted: InFlight,
}

#[derive(Debug)]
struct InFlight(IntGauge);

impl InFlight {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What happened during one drain.
#[derive(Debug, Default)]
struct Tally {
    sent: u32,
    failed: u32,
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
            failures: 0,
            refresh: false,
            unacknowledged: 0,
            learned: false,
        }
    }

    /// Whether it waits for nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.flight.is_none() && self.failures == 0
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
        let (outcome, retry_after_ms) = match self.work(live, max, deadline, &mut tally).await {
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
        self.tell_what_was_read(live).await?;
        let mut page = VecDeque::new();
        let mut again = None;
        loop {
            if let Some(flight) = self.flight.take() {
                match self.settle(live, flight, deadline, tally).await? {
                    Head::Done => {}
                    Head::Again(message) => again = Some(message),
                    Head::Stop(outcome, after) => return Ok((outcome, after)),
                }
            }
            let spent = tally.sent.saturating_add(tally.failed) >= max;
            if again.is_none() && (spent || Instant::now() >= deadline) {
                return Ok((DrainOutcome::More, 0));
            }
            if again.is_none() && page.is_empty() {
                page.extend(messages::queued(&live.store, &live.held, self.chat, max).await?);
            }
            let Some(next) = again.take().or_else(|| page.pop_front()) else {
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
        messages::mark_sending(&live.store, Timestamp::now(), &live.held, message.id).await?;
        let mut options = SendOptions::default().with_message_id(message.wa_id.clone());
        if self.refresh {
            options = options.with_device_freshness(Freshness::Refresh);
        }
        let ack = live.acks.expect(&message.wa_id);
        let text = wa::Message::text(message.text.clone());
        let sending = live.client.send_message_with_options(to, text, options);
        let handed = timeout(HAND_OVER, sending).await;
        if let Ok(Err(error)) = handed {
            live.acks.forget(&message.wa_id);
            return self.not_handed_over(live, &message, &error, tally).await;
        }
        // Without an answer in time it may be on the wire all the same: it waits like one that is.
        live.metrics.sends.inc();
        live.fail.pass(FailPoint::AfterSend);
        self.flight = Some(Flight {
            message,
            ack,
            overdue: Instant::now()
                .checked_add(live.acknowledgement)
                .unwrap_or_else(Instant::now),
            _counted: InFlight::new(&live.metrics.in_flight),
        });
        Ok(Head::Done)
    }

    /// Waits for the acknowledgement of the head, but not past `deadline`.
    async fn settle(
        &mut self,
        live: &Arc<Live>,
        mut flight: Flight,
        deadline: Instant,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        match timeout_at(deadline.min(flight.overdue), &mut flight.ack).await {
            Ok(Ok(Ack { error: None })) => {
                self.acknowledged(live, &flight.message).await?;
                tally.sent = tally.sent.saturating_add(1);
                Ok(Head::Done)
            }
            Ok(Ok(Ack { error: Some(code) })) => {
                self.refused(live, flight.message, code, tally).await
            }
            Ok(Err(_connection_over)) => Ok(Head::Stop(DrainOutcome::NotConnected, 0)),
            Err(_elapsed) if Instant::now() < flight.overdue => {
                self.flight = Some(flight);
                Ok(Head::Stop(DrainOutcome::More, COME_AGAIN_MS))
            }
            Err(_elapsed) => {
                live.acks.forget(&flight.message.wa_id);
                live.metrics.acks.with_label_values(&["missing"]).inc();
                self.unacknowledged = self.unacknowledged.saturating_add(1);
                if self.unacknowledged >= UNACKNOWLEDGED {
                    live.give_up(Ending::Because(SessionReason::Network));
                    return Ok(Head::Stop(DrainOutcome::NotConnected, 0));
                }
                Ok(Head::Again(flight.message))
            }
        }
    }

    async fn acknowledged(&mut self, live: &Arc<Live>, message: &Outgoing) -> store::Result<()> {
        self.head_is_settled();
        live.metrics.acks.with_label_values(&["sent"]).inc();
        live.may_write()?;
        let now = Timestamp::now();
        messages::mark_sent(&live.store, now, &live.held, message.id, now).await?;
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
        if code == 421 && !self.refresh {
            self.refresh = true;
            return Ok(Head::Again(message));
        }
        // The server is busy: the same message, later.
        if (500..600).contains(&code)
            && let Some(pause) = self.try_again()
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
        error: &SendError,
        tally: &mut Tally,
    ) -> store::Result<Head> {
        let failure = match error {
            _ if live.over.is_cancelled() || !live.client.is_connected() => {
                return Ok(Head::Stop(DrainOutcome::NotConnected, 0));
            }
            SendError::InvalidRequest(_) => FailureCode::InvalidRecipient,
            _ if recipient::is_not_on_whatsapp(live, message).await => FailureCode::NotOnWhatsapp,
            _ => match self.try_again() {
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
        self.head_is_settled();
        live.may_write()?;
        let now = Timestamp::now();
        messages::mark_failed(&live.store, now, &live.held, message.id, failure).await?;
        tally.failed = tally.failed.saturating_add(1);
        Ok(Head::Done)
    }

    /// After which pause, in milliseconds, the message at the head is tried again; none when it was tried enough.
    fn try_again(&mut self) -> Option<u64> {
        let pause = COME_AGAIN_MS.saturating_mul(1_u64 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        (self.failures < TRIES).then_some(pause.min(COME_AGAIN_CEILING_MS))
    }

    fn head_is_settled(&mut self) {
        self.failures = 0;
        self.refresh = false;
        self.unacknowledged = 0;
    }

    /// Whether nobody has ever written to us in this chat.
    async fn is_new_chat(&self, live: &Arc<Live>) -> store::Result<bool> {
        Ok(!chats::is_answered(&live.store, &live.held, self.chat).await?)
    }

    /// Tells WhatsApp what our people have read in this chat.
    async fn tell_what_was_read(&self, live: &Arc<Live>) -> store::Result<()> {
        let unread = chats::reads_to_send(&live.store, &live.held, self.chat).await?;
        let Some(last) = unread.last() else {
            return Ok(());
        };
        let up_to = last.position;
        let Some(chat) = address(&last.from) else {
            return Ok(());
        };
        let ids: Vec<&str> = unread.iter().map(|it| it.wa_id.as_str()).collect();
        match timeout(HAND_OVER, live.client.mark_as_read(&chat, None, &ids)).await {
            Ok(Ok(())) => chats::reads_sent(&live.store, &live.held, self.chat, up_to).await,
            // Told again with the next drain of this chat.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}
