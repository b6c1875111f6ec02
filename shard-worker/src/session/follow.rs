//! Following one client from its dial to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use store::links::{self, LinkAttempt};
use store::sessions;
use switchyard_core::Timestamp;
use switchyard_core::address::{Lid, Phone};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{LOG_OUT, Purpose, Supervisor, at, refused};
use crate::berth::{Holding, Order};
use crate::connection::{Connection, set_foreign, trouble_of};
use crate::ear::Sign;
use crate::ending::Ending;
use crate::live::{Live, LiveParts};

/// How often the device is saved if it changed; before each frame it is saved anyway.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long a login may take until everything that waited has arrived. The client itself gives up at 180 s.
const LOGIN: Duration = Duration::from_secs(200);
/// A login of which nothing can be read for so long is over: after one damaged frame nothing ever is again.
const DEAF: Duration = Duration::from_mins(1);
/// A connection that held so long counts as good: the next pause begins anew.
const HELD: Duration = Duration::from_secs(10);
/// How long after a client's end its reason may still be told.
const AFTERWARDS: Duration = Duration::from_millis(50);

/// What is known of the client that is followed.
pub(super) struct Followed<'a> {
    pub(super) connection: &'a mut Connection,
    order: &'a Order,
    pub(super) holding: &'a Holding,
    purpose: Purpose,
    pub(super) live: Option<Arc<Live>>,
    /// Why the device is not to be this session's.
    foreign: Option<SessionReason>,
    since: Instant,
    /// When something was last heard of a login.
    heard: Instant,
}

impl Supervisor {
    /// Follows a client to its end. An error is an ending too: the store refused a write.
    pub(super) async fn follow(
        &mut self,
        connection: &mut Connection,
        order: &Order,
        holding: &Holding,
        purpose: Purpose,
    ) -> Result<Ending, Ending> {
        let mut followed = Followed {
            connection,
            order,
            holding,
            purpose,
            live: None,
            foreign: None,
            since: Instant::now(),
            heard: Instant::now(),
        };
        Box::pin(self.begin(&mut followed)).await?;
        if purpose == Purpose::LogOut && !self.paired {
            return Ok(Ending::Ordered);
        }
        followed.connection.start();
        self.attend(&mut followed).await
    }

    /// The first thing: does the vault know more than the session's row?
    async fn begin(&mut self, followed: &mut Followed<'_>) -> Result<(), Ending> {
        if let Some(who) = followed.connection.linked_to() {
            match who.phone {
                Some(phone) if self.is_another(&phone) => {
                    followed.refuse(SessionReason::DifferentNumber);
                }
                // The last client ended between the link and its note.
                Some(phone) if !self.paired => {
                    self.note_link(followed, phone, who.lid).await?;
                }
                _ => {}
            }
            return Ok(());
        }
        if followed.purpose == Purpose::Stay {
            self.attempt.begin();
            self.enter(followed.holding, SessionState::Connecting, None, None)
                .await?;
        }
        Ok(())
    }

    async fn attend(&mut self, followed: &mut Followed<'_>) -> Result<Ending, Ending> {
        let world = Arc::clone(&self.world);
        let lost = followed.holding.lease.lost().clone();
        let fenced = followed.connection.vault.fenced();
        let broken = followed.connection.broken();
        let mut trouble = followed.connection.vault.trouble();
        // What it met while the client was built is no news.
        trouble.mark_changed();
        let mut save = interval(SAVE_EVERY);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let login_ends = followed.login_ends();
            let attempt_ends = self.attempt_ends(followed);
            let free_at = self.restriction_ends(followed);
            tokio::select! {
                biased;
                () = lost.cancelled() => return Ok(Ending::Lost),
                () = fenced.cancelled() => return Ok(Ending::Lost),
                () = world.soft.cancelled() => return Ok(Ending::Stopped),
                () = broken.cancelled() => return Ok(Ending::Because(SessionReason::Network)),
                _ = self.orders.changed() => {
                    if let Some(ending) = Box::pin(self.reorder(followed)).await {
                        return Ok(ending);
                    }
                }
                sign = followed.connection.signs.recv() => {
                    let sign = sign.unwrap_or(Sign::Over);
                    if let Some(ending) = Box::pin(self.heed(followed, sign)).await? {
                        return Ok(ending);
                    }
                }
                _ = trouble.changed() => {
                    if let Some(ending) = trouble_of(&followed.connection.vault) {
                        return Ok(ending);
                    }
                }
                () = at(attempt_ends) => return Ok(self.unlinked_ending(SessionReason::LinkExpired)),
                () = at(login_ends) => return Ok(Ending::Because(SessionReason::Network)),
                () = at(free_at) => Box::pin(self.unrestrict(followed)).await?,
                _ = save.tick() => {
                    if let Err(error) = Box::pin(followed.connection.gate.save_device()).await {
                        tracing::warn!(%error, "a device is not saved yet");
                    }
                }
            }
        }
    }

    /// The order changed: does this client still serve it?
    async fn reorder(&mut self, followed: &Followed<'_>) -> Option<Ending> {
        let now = self.orders.borrow_and_update().clone();
        let same = now.epoch() == followed.order.epoch();
        if now.dismissed {
            return Some(Ending::Lost);
        }
        if same && followed.purpose == Purpose::LogOut {
            return None;
        }
        if same && now.moves {
            let wound_down = self.wind_down(now.wanted, followed.holding).await;
            return Some(wound_down.err().unwrap_or(Ending::Ordered));
        }
        if same && now.wanted.is_connected() {
            let anew = now.wanted_at != followed.order.wanted_at;
            let live_is_good = followed.live.is_some() && now.wanted == Wanted::Connected;
            return (anew && !live_is_good).then_some(Ending::Ordered);
        }
        let unlink = matches!(now.wanted, Wanted::LoggedOut | Wanted::Deleted);
        if same && unlink && followed.live.is_some() {
            // While the connection is there, unlinking needs no other one.
            if followed.connection.log_out(LOG_OUT).await {
                self.paired = false;
            }
        }
        Some(Ending::Ordered)
    }

    async fn heed(
        &mut self,
        followed: &mut Followed<'_>,
        sign: Sign,
    ) -> Result<Option<Ending>, Ending> {
        match sign {
            Sign::Code { payload, lasts } => self.show_code(followed, payload, lasts).await?,
            Sign::Paired { phone, lid } => self.linked(followed, phone, lid).await?,
            Sign::Connected => return self.connected(followed).await,
            Sign::Named => followed.connection.be_absent(),
            Sign::Passkey => {
                self.attempt.passkey = true;
                let (state, reason) = (
                    SessionState::AwaitingPasskey,
                    SessionReason::PasskeyRequired,
                );
                self.enter(followed.holding, state, Some(reason), None)
                    .await?;
            }
            Sign::Restricted => self.restrict(followed).await?,
            Sign::RestrictedUntil(until) => self.restrict_until(followed, until).await?,
            Sign::Ended(Ending::Again) if self.attempt.linked && followed.live.is_none() => {
                // WhatsApp ends the connection of a fresh link; the client comes again as the new device.
            }
            Sign::Ended(ending) => return Ok(Some(self.ended(followed, ending))),
            Sign::Over => {
                // What ended it may be told by another task, a moment later.
                let told = timeout(AFTERWARDS, followed.connection.signs.recv()).await;
                let ending = match told {
                    Ok(Some(Sign::Ended(ending))) => ending,
                    _ => Ending::Because(SessionReason::Network),
                };
                return Ok(Some(self.ended(followed, ending)));
            }
        }
        Ok(None)
    }

    /// How a client's end is to be read: without a link, the end of the connection is the end of its codes.
    fn ended(&self, followed: &Followed<'_>, ending: Ending) -> Ending {
        let transient = matches!(
            ending,
            Ending::Because(SessionReason::Network | SessionReason::LinkExpired) | Ending::Again
        );
        let unlinked = followed.connection.linked_to().is_none();
        if transient && unlinked && (self.attempt.has_shown() || self.attempt.passkey) {
            return self.unlinked_ending(SessionReason::LinkExpired);
        }
        ending
    }

    fn unlinked_ending(&self, otherwise: SessionReason) -> Ending {
        Ending::Because(if self.attempt.passkey {
            SessionReason::PasskeyRequired
        } else {
            otherwise
        })
    }

    async fn show_code(
        &mut self,
        followed: &Followed<'_>,
        payload: SecretString,
        lasts: Duration,
    ) -> Result<(), Ending> {
        let codes_left = self.attempt.show(payload.expose_secret());
        let attempt = LinkAttempt {
            method: links::Method::Qr,
            state: SessionState::AwaitingScan,
            payload,
            expires_at: Timestamp::now().plus(lasts),
            codes_left,
        };
        let held = followed.holding.held;
        let put = links::put(&self.world.keys, &held, attempt).await;
        put.map_err(|error| refused(&error))?;
        self.enter(followed.holding, SessionState::AwaitingScan, None, None)
            .await
    }

    async fn linked(
        &mut self,
        followed: &mut Followed<'_>,
        phone: Option<Phone>,
        lid: Option<Lid>,
    ) -> Result<(), Ending> {
        self.attempt.linked = true;
        self.end_the_link_attempt(followed.holding).await?;
        let Some(phone) = phone else {
            return Err(Ending::Because(SessionReason::RefusedByWhatsapp));
        };
        if self.is_another(&phone) {
            followed.refuse(SessionReason::DifferentNumber);
            return Ok(());
        }
        self.note_link(followed, phone, lid).await?;
        if followed.foreign.is_some() {
            return Ok(());
        }
        self.enter(followed.holding, SessionState::Syncing, None, None)
            .await
    }

    /// Whether the session belongs to another number than this one.
    fn is_another(&self, phone: &Phone) -> bool {
        self.phone.as_ref().is_some_and(|known| known != phone)
    }

    /// Writes the link down, or refuses it where another session of the business has it.
    async fn note_link(
        &mut self,
        followed: &mut Followed<'_>,
        phone: Phone,
        lid: Option<Lid>,
    ) -> Result<(), Ending> {
        let (linked, with) = (phone.clone(), lid);
        let taken = Arc::new(AtomicBool::new(false));
        let elsewhere = Arc::clone(&taken);
        self.write(followed.holding, move |store, held| {
            let (phone, lid) = (linked.clone(), with.clone());
            let elsewhere = Arc::clone(&elsewhere);
            async move {
                let noted = sessions::paired(&store, Timestamp::now(), &held, phone, lid).await?;
                elsewhere.store(!noted, Ordering::Relaxed);
                Ok(())
            }
        })
        .await?;
        if taken.load(Ordering::Relaxed) {
            followed.refuse(SessionReason::NumberAlreadyLinked);
            return Ok(());
        }
        self.phone = Some(phone);
        self.paired = true;
        Ok(())
    }

    async fn connected(&mut self, followed: &mut Followed<'_>) -> Result<Option<Ending>, Ending> {
        if let Some(reason) = followed.foreign {
            if !followed.connection.log_out(LOG_OUT).await {
                tracing::warn!("a foreign device stays linked until its phone removes it");
            }
            return Ok(Some(Ending::Because(reason)));
        }
        if followed.purpose == Purpose::LogOut {
            let unlinked = followed.connection.log_out(LOG_OUT).await;
            let again = Ending::Because(SessionReason::Network);
            return Ok(Some(if unlinked { Ending::Ordered } else { again }));
        }
        let connection = &followed.connection;
        connection.gate.arm();
        // Present, the device would mute the owner's phone; absent, it still says that messages arrived.
        connection.client.set_force_active_delivery_receipts(true);
        connection.be_absent();
        connection.listen(self.world.patience.silence);
        let restricted = self
            .restricted_until
            .filter(|until| *until > Timestamp::now());
        let live = Arc::new(Live::new(LiveParts {
            store: self.world.store.clone(),
            held: followed.holding.held,
            lease: Arc::clone(&followed.holding.lease),
            client: Arc::clone(&connection.client),
            acks: Arc::clone(&connection.acks),
            silent: self.berth.silent(),
            signs: connection.sign.clone(),
            fail: Arc::clone(&self.world.fail),
            metrics: self.world.metrics.clone(),
            acknowledgement: self.world.patience.acknowledgement,
            restricted: restricted.is_some(),
        }));
        followed.live = Some(Arc::clone(&live));
        self.live_since = Some(Instant::now());
        self.berth.open(live);
        let (state, reason) = match restricted {
            Some(_) => (
                SessionState::Restricted,
                Some(SessionReason::NewChatsRestricted),
            ),
            None => (SessionState::Connected, None),
        };
        self.enter(followed.holding, state, reason, restricted)
            .await?;
        Ok(None)
    }

    /// When the attempt to link is over; a linked device has no such end.
    fn attempt_ends(&self, followed: &Followed<'_>) -> Option<Instant> {
        let unlinked = followed.connection.linked_to().is_none();
        self.attempt
            .ends_at()
            .filter(|_| unlinked || followed.purpose == Purpose::LogOut)
    }

    /// A connection that held makes the next pause short again.
    pub(super) fn note_how_long(&mut self, live_for: Duration) {
        if live_for >= HELD {
            self.backoff.reset();
            self.slower.reset();
        }
    }
}

impl Followed<'_> {
    /// The device is not to be this session's: nothing of it is written down, and it is unlinked once that is possible.
    fn refuse(&mut self, reason: SessionReason) {
        self.foreign = Some(reason);
        set_foreign(&self.connection.inbox);
    }

    /// When a login is over that brought not all that waited, or of which nothing is heard any more.
    fn login_ends(&mut self) -> Option<Instant> {
        let is_login = self.live.is_none() && self.connection.linked_to().is_some();
        if !is_login || self.connection.has_beaten() {
            self.heard = Instant::now();
        }
        let (in_all, deaf) = (self.since.checked_add(LOGIN), self.heard.checked_add(DEAF));
        in_all.min(deaf).filter(|_| is_login)
    }
}
