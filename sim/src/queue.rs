//! What waits for a companion: in order, sent again until it is acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, SERVER_JID, marshal, util};

use crate::effects::{Effects, Row, Table, sortable};
use crate::socket::Socket;
use crate::stanza::attr;

/// How many stanzas may be on their way without an acknowledgement. WhatsApp does not say; a
/// thousand keeps a client busy and what waits for its socket small.
pub(crate) const WINDOW: usize = 1_000;

/// How many queued stanzas a client gets before it asks for more: about what WhatsApp sends.
const PRIMER: usize = 5;

/// How many follow when everything sent is acknowledged and the client did not ask: the size of the
/// batches that WhatsApp's own clients ask for.
const BATCH: usize = 200;

/// How many stanzas wait at most; then the oldest is dropped, as WhatsApp drops after 30 days.
const KEPT: usize = 500_000;

/// One stanza that is not acknowledged yet.
pub(crate) struct Entry {
    /// The stanza.
    pub(crate) node: Node,
    /// Which start of the session sealed it, when the phone itself did.
    pub(crate) session: Option<u32>,
    sent: Option<Instant>,
}

/// Where a companion is with its queue.
enum Line {
    /// Not connected, or connected and silent.
    Away,
    /// Gets what was there at its login, by batches, up to the entry `last`.
    Draining {
        socket: Arc<Socket>,
        last: u64,
        allowance: usize,
        announced: usize,
        quiet_end: bool,
    },
    /// Gets everything at once.
    Live { socket: Arc<Socket> },
}

/// The queue of one companion.
pub(crate) struct Queue {
    owner: String,
    entries: BTreeMap<u64, Entry>,
    by_id: HashMap<String, Vec<u64>>,
    next: u64,
    cursor: u64,
    in_flight: usize,
    line: Line,
}

impl Queue {
    /// Nothing waits.
    pub(crate) fn new(owner: String) -> Self {
        Self {
            owner,
            entries: BTreeMap::new(),
            by_id: HashMap::new(),
            next: 1,
            cursor: 1,
            in_flight: 0,
            line: Line::Away,
        }
    }

    /// Puts a kept stanza back.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) -> anyhow::Result<()> {
        let bytes = util::unpack_bytes(value.into())?;
        let node = marshal::unmarshal_ref(&bytes)?.to_owned();
        let number = key.parse()?;
        self.insert(number, node, None);
        Ok(())
    }

    fn insert(&mut self, number: u64, node: Node, session: Option<u32>) {
        let id = attr(&node, "id").unwrap_or_default().into_owned();
        self.by_id.entry(id).or_default().push(number);
        self.entries.insert(
            number,
            Entry {
                node,
                session,
                sent: None,
            },
        );
        self.next = self.next.max(number.saturating_add(1));
    }

    /// Adds a stanza, and sends it when the companion is there.
    pub(crate) fn add(&mut self, node: Node, session: Option<u32>, effects: &mut Effects) {
        let number = self.next;
        if let Ok(value) = marshal(&node) {
            effects
                .rows
                .push(Row::put(Table::Queue, &self.owner, sortable(number), value));
        }
        self.insert(number, node, session);
        if self.entries.len() > KEPT
            && let Some(oldest) = self.entries.keys().next().copied()
        {
            tracing::warn!("a companion is away for so long that the oldest stanza is dropped");
            self.remove(oldest, effects);
        }
        self.pump(effects);
    }

    /// Takes away what `matches` of the stanzas with that id, and sends on. Returns what was taken.
    pub(crate) fn acknowledge(
        &mut self,
        id: &str,
        matches: impl Fn(&Node) -> bool,
        effects: &mut Effects,
    ) -> Vec<Entry> {
        let numbers: Vec<u64> = self
            .by_id
            .get(id)
            .into_iter()
            .flatten()
            .filter(|number| {
                self.entries
                    .get(number)
                    .is_some_and(|entry| matches(&entry.node))
            })
            .copied()
            .collect();
        let taken = numbers
            .into_iter()
            .filter_map(|number| self.remove(number, effects))
            .collect();
        self.pump(effects);
        taken
    }

    /// Takes away only the oldest such stanza: a client that gives up on a message and asks for it
    /// again means the copy that it has, not the one on its way.
    pub(crate) fn acknowledge_first(
        &mut self,
        id: &str,
        matches: impl Fn(&Node) -> bool,
        effects: &mut Effects,
    ) {
        let first = self
            .by_id
            .get(id)
            .into_iter()
            .flatten()
            .copied()
            .find(|number| {
                self.entries
                    .get(number)
                    .is_some_and(|entry| matches(&entry.node))
            });
        if let Some(number) = first {
            self.remove(number, effects);
            self.pump(effects);
        }
    }

    fn remove(&mut self, number: u64, effects: &mut Effects) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        let id = attr(&entry.node, "id").unwrap_or_default().into_owned();
        if let Some(numbers) = self.by_id.get_mut(&id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_id.remove(&id);
            }
        }
        if entry.sent.is_some() {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        effects
            .rows
            .push(Row::forget(Table::Queue, &self.owner, sortable(number)));
        Some(entry)
    }

    /// The first waiting stanza with that id which `matches`.
    pub(crate) fn find(&self, id: &str, matches: impl Fn(&Node) -> bool) -> Option<&Entry> {
        self.by_id
            .get(id)?
            .iter()
            .filter_map(|number| self.entries.get(number))
            .find(|entry| matches(&entry.node))
    }

    /// When the oldest stanza on its way was sent.
    pub(crate) fn oldest_unacknowledged(&self) -> Option<(&Node, Instant)> {
        self.entries
            .range(..self.cursor)
            .find_map(|(_, entry)| Some((&entry.node, entry.sent?)))
    }

    /// How many stanzas wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The companion wants to have what waits: tells it how much there is and starts.
    pub(crate) fn open(&mut self, socket: &Arc<Socket>, quiet_end: bool, effects: &mut Effects) {
        self.leave();
        let announced = self.entries.len();
        effects.send(socket, self.preview());
        self.line = Line::Draining {
            socket: Arc::clone(socket),
            last: self.next.saturating_sub(1),
            allowance: PRIMER,
            announced,
            quiet_end,
        };
        self.pump(effects);
    }

    fn preview(&self) -> Node {
        let count = |tag: &str| {
            self.entries
                .values()
                .filter(|entry| entry.node.tag == tag)
                .count()
        };
        let preview = NodeBuilder::new("offline_preview")
            .attr("count", self.entries.len())
            .attr("message", count("message"))
            .attr("receipt", count("receipt"))
            .attr("notification", count("notification"))
            .attr("call", 0)
            .attr("status", 0)
            .attr("appdata", 0)
            .build();
        from_server("ib").children([preview]).build()
    }

    /// The client asks for `count` more of what waited.
    pub(crate) fn pull(&mut self, count: usize, effects: &mut Effects) {
        if let Line::Draining { allowance, .. } = &mut self.line {
            *allowance = allowance.saturating_add(count);
        }
        self.pump(effects);
    }

    /// The companion is gone: everything has to be sent again.
    pub(crate) fn leave(&mut self) {
        self.line = Line::Away;
        self.in_flight = 0;
        for entry in self
            .entries
            .range_mut(..self.cursor)
            .map(|(_, entry)| entry)
        {
            entry.sent = None;
        }
        self.cursor = 1;
    }

    /// Sends what may be sent now.
    fn pump(&mut self, effects: &mut Effects) {
        self.drain(effects);
        let Line::Live { socket } = &self.line else {
            return;
        };
        let room = WINDOW.saturating_sub(self.in_flight);
        let mut sent = 0;
        for (number, entry) in self.entries.range_mut(self.cursor..).take(room) {
            entry.sent = Some(Instant::now());
            effects.send(socket, entry.node.clone());
            self.cursor = number.saturating_add(1);
            sent += 1;
        }
        self.in_flight += sent;
    }

    fn drain(&mut self, effects: &mut Effects) {
        let Line::Draining {
            socket,
            last,
            allowance,
            announced,
            quiet_end,
        } = &mut self.line
        else {
            return;
        };
        // A client that acknowledged all it got and does not ask still gets the rest.
        if *allowance == 0 && self.in_flight == 0 {
            *allowance = BATCH;
        }
        for (number, entry) in self.entries.range_mut(self.cursor..).take(*allowance) {
            if number > last {
                break;
            }
            let mut node = entry.node.clone();
            node.attrs.insert("offline", "0");
            entry.sent = Some(Instant::now());
            effects.send(socket, node);
            self.cursor = number.saturating_add(1);
            self.in_flight += 1;
            *allowance -= 1;
        }
        let more = self
            .entries
            .range(self.cursor..)
            .next()
            .is_some_and(|(number, _)| number <= last);
        if more {
            return;
        }
        if !*quiet_end {
            let end = NodeBuilder::new("offline")
                .attr("count", *announced)
                .build();
            effects.send(socket, from_server("ib").children([end]).build());
        }
        self.line = Line::Live {
            socket: Arc::clone(socket),
        };
    }
}

fn from_server(tag: &'static str) -> NodeBuilder {
    NodeBuilder::new(tag).attr("from", SERVER_JID)
}
