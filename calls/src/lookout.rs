//! Looks after what no webhook tells: calls whose last callback never came, calls of replicas that are gone, and calls
//! that live at the provider and have no slot here.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use actix_web::web::Data;
use store::calls::{self, Confirmed, Ending, Step};
use store::slots::{Admission, Holder, Mode};
use switchyard_core::BusinessId;
use switchyard_core::address::Phone;
use switchyard_core::call::{CallSid, StepKind, is_reserved};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::keeper::Doubt;
use crate::page::phase;
use crate::provider::{Listed, Provider, ProviderError};
use crate::twiml::Document;
use crate::webhooks;
use crate::words::Words;

mod gauges;

/// How often it looks.
const TICK: Duration = Duration::from_secs(2);
/// For how long a replica is the one that compares; longer than a tick, shorter than a lease.
const LEADS: Duration = Duration::from_secs(7);
/// The provider's list may lag: a younger call that is not in it is not asked for by its id yet. With the time between two
/// lists and two looks this stays below the 30 s within which the slot of a call whose end nobody told is free.
const YOUNG: Duration = Duration::from_secs(8);
/// In so many lists in a row a call that is over here goes on before it is hung up.
const ROUNDS: u32 = 2;
/// How long the provider's word counts that a call lives.
const EVIDENCE: Duration = Duration::from_secs(45);
/// Calls in doubt that are kept while the provider cannot be asked.
const DOUBTS_MAX: usize = 2_000;

/// What the lookout remembers between two looks.
pub(crate) struct Lookout {
    desk: Data<Desk>,
    compare_every: Duration,
    compared: Option<Instant>,
    probed: Option<Instant>,
    over: HashMap<String, u32>,
    doubts: HashMap<String, (BusinessId, Doubt)>,
    ready: watch::Sender<bool>,
}

impl Lookout {
    pub(crate) fn new(
        desk: Data<Desk>,
        compare_every: Duration,
        ready: watch::Sender<bool>,
    ) -> Self {
        Self {
            desk,
            compare_every,
            compared: None,
            probed: None,
            over: HashMap::new(),
            doubts: HashMap::new(),
            ready,
        }
    }

    /// Looks until it is stopped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stop.cancelled() => return,
            }
            // Whoever leaves looks after nobody: others do, and take what it had.
            if !self.desk.keeper.is_leaving() {
                self.look().await;
            }
        }
    }

    /// Looks once.
    async fn look(&mut self) {
        self.measure().await;
        self.probe().await;
        if let Ok(swept) = self.desk.slots.sweep().await {
            for (id, business) in swept {
                self.desk.metrics.swept.inc();
                if let Some(business) = business {
                    self.wonder(id, business, Doubt::Overdue);
                }
            }
        }
        for (id, call, doubt) in self.desk.keeper.doubts() {
            self.wonder(id, call.business, doubt);
        }
        self.settle().await;
        let leads = self
            .desk
            .slots
            .lead(self.desk.keeper.replica(), LEADS)
            .await;
        if matches!(leads, Ok(true)) {
            self.restore_limit().await;
            self.compare().await;
        }
    }

    /// Somebody has to find out how this call stands.
    fn wonder(&mut self, id: String, business: BusinessId, doubt: Doubt) {
        if is_reserved(&id) || self.doubts.len() >= DOUBTS_MAX {
            return;
        }
        self.doubts.insert(id, (business, doubt));
    }

    async fn settle(&mut self) {
        for (id, (business, doubt)) in std::mem::take(&mut self.doubts) {
            let Ok(sid) = id.parse::<CallSid>() else {
                continue;
            };
            if !self.settled(&sid, business, doubt).await {
                self.doubts.insert(id, (business, doubt));
            }
        }
    }

    /// Whether it is known now how the call stands, and done what follows.
    async fn settled(&self, sid: &CallSid, business: BusinessId, doubt: Doubt) -> bool {
        let desk = &self.desk;
        let Some(provider) = &desk.provider else {
            return webhooks::abandon(desk, business, sid).await.is_ok();
        };
        match provider.get(sid.as_str()).await {
            Ok(listed) if listed.state().is_some_and(|state| !state.is_over()) => {
                self.keep(sid, business, doubt).await;
                true
            }
            Ok(listed) => {
                desk.metrics.corrected("over");
                self.end(sid, business, &listed).await
            }
            Err(ProviderError::Unknown) => {
                desk.metrics.corrected("unknown");
                webhooks::lost(desk, business, sid).await.is_ok()
            }
            Err(error) => {
                tracing::debug!(%error, "how a call stands is not known yet");
                false
            }
        }
    }

    async fn end(&self, sid: &CallSid, business: BusinessId, listed: &Listed) -> bool {
        let Some(state) = listed.state() else {
            return true;
        };
        let ending = Ending {
            state,
            duration_s: listed.duration_s(),
            reason: None,
        };
        let ended = webhooks::end(&self.desk, business, sid, ending).await;
        ended.is_ok()
    }

    /// The call lives: it keeps its slot, or is ended where there is none for it.
    async fn keep(&self, sid: &CallSid, business: BusinessId, doubt: Doubt) {
        let id = sid.as_str();
        let keeper = &self.desk.keeper;
        // What is in hand here stays as it is known: for longer, perhaps, and at a socket.
        if keeper.heard(id, EVIDENCE) {
            return;
        }
        let ask = self
            .desk
            .ask(id, business, Mode::Reassert, phase::DIAL)
            .await;
        match self.desk.slots.acquire(ask).await {
            Ok(Admission::New { epoch, .. }) => {
                keeper.hold(id, (business, epoch), phase::DIAL, EVIDENCE);
            }
            Ok(Admission::Held { epoch, owner }) if owner == keeper.replica() => {
                keeper.hold(id, (business, epoch), phase::DIAL, EVIDENCE);
            }
            Ok(Admission::Full | Admission::FullOfBusiness) => {
                tracing::warn!(?doubt, "a live call has no slot and is ended");
                self.desk.metrics.corrected("no_slot");
                self.bid_goodbye(id, business).await;
            }
            Ok(_) | Err(_) => {}
        }
    }

    async fn bid_goodbye(&self, id: &str, business: BusinessId) {
        let (Some(provider), Ok(flow)) = (&self.desk.provider, self.desk.flow(business).await)
        else {
            return;
        };
        let language = flow.flow.language;
        let mut document = Document::new();
        document.say(Words::Goodbye.text(language), language);
        document.hang_up();
        if provider.redirect(id, &document.finish()).await.is_err() {
            provider.hang_up(id).await.ok();
        }
    }

    /// What the provider's list of live calls says beside the slots.
    async fn compare(&mut self) {
        let desk = self.desk.clone();
        let Some(provider) = &desk.provider else {
            return;
        };
        let Ok(holders) = desk.slots.holders().await else {
            return;
        };
        let due = self
            .compared
            .is_none_or(|at| at.elapsed() >= self.compare_every);
        let has_orphans = holders.iter().any(is_orphan);
        if !due && !has_orphans {
            return;
        }
        let live = match provider.live().await {
            Ok(live) => live,
            Err(error) => {
                tracing::warn!(%error, "the provider's list of live calls cannot be read");
                return;
            }
        };
        let ids: HashSet<&str> = live.iter().map(|call| call.sid.as_str()).collect();
        for holder in holders
            .iter()
            .filter(|it| is_orphan(it) && ids.contains(it.id.as_str()))
        {
            self.adopt(holder).await;
        }
        if due {
            self.compared = Some(Instant::now());
            self.miss(&holders, &ids);
            let held: HashSet<&str> = holders.iter().map(|it| it.id.as_str()).collect();
            let mut over = HashMap::new();
            for call in live.iter().filter(|call| !held.contains(call.sid.as_str())) {
                if self.find(call).await {
                    let rounds = self
                        .over
                        .get(&call.sid)
                        .map_or(1, |had| had.saturating_add(1));
                    over.insert(call.sid.clone(), rounds);
                }
            }
            self.over = over;
            self.hang_up_what_is_over(provider).await;
        }
    }

    /// A call of a replica that is gone lives at the provider: it is ours from now on.
    async fn adopt(&self, holder: &Holder) {
        let Some(business) = holder.business else {
            return;
        };
        let keeper = &self.desk.keeper;
        let id = holder.id.as_str();
        let ask = self.desk.ask(id, business, Mode::Take, phase::DIAL).await;
        let taken = self.desk.slots.acquire(ask).await;
        if let Ok(Admission::Held { epoch, .. } | Admission::New { epoch, .. }) = taken {
            keeper.hold(&holder.id, (business, epoch), phase::DIAL, EVIDENCE);
            self.desk.metrics.adopted.inc();
            self.note_adopted(business, id, epoch).await;
        }
    }

    async fn note_adopted(&self, business: BusinessId, id: &str, epoch: u64) {
        let Ok(sid) = id.parse::<CallSid>() else {
            return;
        };
        let step = Step {
            told: format!("adopted:{epoch}"),
            kind: StepKind::HandedOver,
            node: None,
            detail: Some("adopted".to_owned()),
            state: None,
        };
        if let Err(error) = webhooks::note(&self.desk, business, &sid, step).await {
            tracing::warn!(%error, "that a call was adopted is not written down");
        }
    }

    /// Slots whose call is not in the list: each is asked for by its id, whose answer alone ends a call.
    fn miss(&mut self, holders: &[Holder], live: &HashSet<&str>) {
        for holder in holders {
            let is_missing = !live.contains(holder.id.as_str()) && holder.age >= YOUNG;
            if let Some(business) = holder.business.filter(|_| is_missing) {
                self.wonder(holder.id.clone(), business, Doubt::Overdue);
            }
        }
    }

    /// A call that lives and has no slot: one that was admitted gets it back. One that was turned away and hears why has
    /// no row. `true`: its row is over.
    async fn find(&self, call: &Listed) -> bool {
        if call
            .parent_call_sid
            .as_deref()
            .is_some_and(|it| !it.is_empty())
        {
            return false;
        }
        let (Ok(sid), Ok(Some(business))) = (
            call.sid.parse::<CallSid>(),
            self.desk.owner(call.ours()).await,
        ) else {
            return false;
        };
        match calls::get(&self.desk.store, business, &sid).await {
            Ok(Some(row)) if !row.state.is_over() => {
                self.desk.metrics.corrected("found");
                self.keep(&sid, business, Doubt::Homeless).await;
            }
            Ok(None) if call.direction.starts_with("outbound") => {
                if let Err(error) = self.recognise(call, sid, business).await {
                    tracing::warn!(%error, "a call that we may have placed cannot be looked up");
                }
            }
            Ok(Some(_)) => return true,
            Ok(_) | Err(_) => {}
        }
        false
    }

    /// What an operator released, or ended here otherwise, and is in the list round after round costs its caller money and
    /// is counted nowhere.
    async fn hang_up_what_is_over(&self, provider: &Provider) {
        for (id, _) in self.over.iter().filter(|(_, rounds)| **rounds >= ROUNDS) {
            self.desk.metrics.corrected("over_here");
            if let Err(error) = provider.hang_up(id).await {
                tracing::warn!(%error, "a call that is over here goes on at the provider");
            }
        }
    }

    /// A call that we placed, though the provider's answer was lost and so were its callbacks: by its two numbers, if just
    /// one call between them is waited for.
    async fn recognise(
        &self,
        call: &Listed,
        sid: CallSid,
        business: BusinessId,
    ) -> store::Result<()> {
        let desk = &self.desk;
        let (Some(from), Some(to)) = (Phone::parse(&call.from), Phone::parse(&call.to)) else {
            return Ok(());
        };
        let asked_as = calls::asked_for(&desk.store, business, &from, &to).await?;
        let Some(asked_as) = asked_as else {
            return Ok(());
        };
        let (now, id) = (Desk::now(), asked_as.clone());
        let confirmed = calls::confirm_call(&desk.store, now, business, id, sid.clone()).await?;
        if let Confirmed::Placed(..) = confirmed {
            desk.metrics.corrected("recognised");
            let (ours, theirs) = (asked_as.as_str(), sid.as_str());
            if let Err(error) = desk.slots.rename(ours, theirs, business).await {
                tracing::warn!(%error, "a call has no slot yet");
            }
            desk.keeper.let_go(ours);
            self.keep(&sid, business, Doubt::Homeless).await;
        }
        Ok(())
    }
}

/// A socket died with its replica; every other call goes on at the provider.
fn is_orphan(holder: &Holder) -> bool {
    // How a bridge ended is read when its next page is asked for: nobody writes over it.
    let is_at_socket = matches!(
        holder.phase.as_str(),
        phase::STREAMING | phase::STREAM_DONE | phase::STREAM_FAILED | phase::STREAM_MOVED
    );
    !holder.owner_lives && !is_at_socket && !is_reserved(&holder.id)
}
