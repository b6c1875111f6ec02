//! What a shard counts.

use prometheus::{
    IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, core::Collector,
};
use switchyard_core::session::SessionState;

/// The metrics of one shard process.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Sessions held, by state.
    pub(crate) sessions: IntGaugeVec,
    /// Connections begun.
    pub(crate) dials: IntCounter,
    /// Connections ended, by reason.
    pub(crate) endings: IntCounterVec,
    /// Messages handed to the socket, repeats included.
    pub(crate) sends: IntCounter,
    /// Acknowledgements, by outcome: sent, refused, missing.
    pub(crate) acks: IntCounterVec,
    /// Messages that wait for their acknowledgement.
    pub(crate) in_flight: IntGauge,
    /// Drains answered, by outcome.
    pub(crate) drains: IntCounterVec,
    /// Inbound messages, by what the store made of them: new, duplicate, replaced.
    pub(crate) inbound: IntCounterVec,
    /// Sessions taken from nobody, or from whoever let them go.
    pub(crate) taken: IntCounter,
    /// Sessions let go for another shard.
    pub(crate) handed_over: IntCounter,
    /// Connections given up because more arrived than could be written down.
    pub(crate) flooded: IntCounter,
    /// Leases that ended otherwise than by a stop.
    pub(crate) leases_lost: IntCounter,
}

impl Metrics {
    /// Makes and registers them.
    ///
    /// # Errors
    /// One of the names is registered already.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            sessions: IntGaugeVec::new(opts("sessions", "Sessions held, by state"), &["state"])?,
            dials: IntCounter::with_opts(opts("dials_total", "Connections to WhatsApp begun"))?,
            endings: IntCounterVec::new(
                opts("endings_total", "Connections to WhatsApp ended, by reason"),
                &["reason"],
            )?,
            sends: IntCounter::with_opts(opts("sends_total", "Messages handed to the socket"))?,
            acks: IntCounterVec::new(
                opts("acks_total", "Acknowledgements of messages, by outcome"),
                &["outcome"],
            )?,
            in_flight: IntGauge::with_opts(opts(
                "messages_in_flight",
                "Messages that wait for their acknowledgement",
            ))?,
            drains: IntCounterVec::new(
                opts("drains_total", "Drains of a chat answered, by outcome"),
                &["outcome"],
            )?,
            inbound: IntCounterVec::new(
                opts("inbound_total", "Inbound messages, by what became of them"),
                &["outcome"],
            )?,
            taken: IntCounter::with_opts(opts(
                "sessions_taken_total",
                "Sessions taken: its own, adopted and moved here",
            ))?,
            handed_over: IntCounter::with_opts(opts(
                "sessions_handed_over_total",
                "Sessions let go for another shard",
            ))?,
            flooded: IntCounter::with_opts(opts(
                "connections_flooded_total",
                "Connections given up because more arrived than could be written down",
            ))?,
            leases_lost: IntCounter::with_opts(opts(
                "leases_lost_total",
                "Leases that ended though the process went on",
            ))?,
        };
        metrics.register_all(registry)?;
        // A state without a session is a zero, not a gap in a picture.
        for state in SessionState::ALL {
            metrics.sessions.with_label_values(&[state.name()]).set(0);
        }
        Ok(metrics)
    }

    /// A session is in this state now.
    pub(crate) fn entered(&self, state: SessionState) {
        self.sessions.with_label_values(&[state.name()]).inc();
    }

    /// A session is not in this state any more.
    pub(crate) fn left(&self, state: SessionState) {
        self.sessions.with_label_values(&[state.name()]).dec();
    }

    fn register_all(&self, registry: &Registry) -> prometheus::Result<()> {
        let all: [Box<dyn Collector>; 12] = [
            Box::new(self.sessions.clone()),
            Box::new(self.dials.clone()),
            Box::new(self.endings.clone()),
            Box::new(self.sends.clone()),
            Box::new(self.acks.clone()),
            Box::new(self.in_flight.clone()),
            Box::new(self.drains.clone()),
            Box::new(self.inbound.clone()),
            Box::new(self.taken.clone()),
            Box::new(self.handed_over.clone()),
            Box::new(self.flooded.clone()),
            Box::new(self.leases_lost.clone()),
        ];
        all.into_iter().try_for_each(|it| registry.register(it))
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("switchyard")
}
