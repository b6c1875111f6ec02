//! What a phone shows: one entry for each message, sent and received, in the order of its arrival. Past
//! [`KEPT`] entries the oldest is forgotten; the places of the others stay as they are.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::effects::{Row, Table, sortable};

/// How many entries a phone remembers: some 100 MB, more than any test or measurement of ours makes.
const KEPT: usize = 250_000;

/// How far a message that this phone sent has come, in the words of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tick {
    /// The network has it.
    Sent,
    /// A device of the recipient has it.
    Delivered,
    /// The recipient has seen it.
    Read,
}

/// One message as this phone shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its place: 1 for the first.
    pub(crate) n: u64,
    /// The message's id on the wire.
    pub(crate) id: String,
    /// Digits of the other side.
    pub(crate) chat: String,
    /// Digits of the sender.
    pub(crate) from: String,
    /// Digits of the recipient.
    pub(crate) to: String,
    /// The text; empty while it could not be opened.
    pub(crate) text: String,
    /// When it arrived first, RFC 3339.
    pub(crate) at: String,
    /// How many copies were opened.
    pub(crate) arrivals: u32,
    /// How often it stands in the chat: 1, or 0 while it could not be opened.
    pub(crate) shown: u32,
    /// How many copies could not be opened.
    pub(crate) undecryptable: u32,
    /// How far a sent one has come; how far we told the sender of a received one.
    pub(crate) tick: Tick,
}

/// Which message: ids are unique only for one chat and sender.
type Key = (String, String, String);

/// The ledger of one phone.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: VecDeque<Entry>,
    /// Places by message.
    index: HashMap<Key, u64>,
    by_id: HashMap<String, Vec<u64>>,
}

/// What arrived.
pub(crate) struct Arrival<'a> {
    /// The message's id.
    pub(crate) id: &'a str,
    /// Digits of the other side.
    pub(crate) chat: &'a str,
    /// Digits of the sender.
    pub(crate) from: &'a str,
    /// Digits of the recipient.
    pub(crate) to: &'a str,
    /// The text; nothing when it could not be opened.
    pub(crate) text: Option<&'a str>,
}

impl Ledger {
    /// Puts a kept entry back; they come in order.
    pub(crate) fn restore(&mut self, entry: Entry) {
        self.by_id
            .entry(entry.id.clone())
            .or_default()
            .push(entry.n);
        self.index.insert(key(&entry), entry.n);
        self.entries.push_back(entry);
    }

    /// Where the entry of a place stands; too far when it is forgotten.
    fn position(&self, n: u64) -> usize {
        let first = self.entries.front().map_or(1, |entry| entry.n);
        n.checked_sub(first)
            .and_then(|position| usize::try_from(position).ok())
            .unwrap_or(usize::MAX)
    }

    fn get(&self, n: u64) -> Option<&Entry> {
        self.entries.get(self.position(n))
    }

    fn get_mut(&mut self, n: u64) -> Option<&mut Entry> {
        let position = self.position(n);
        self.entries.get_mut(position)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries after the place `after` that are remembered.
    pub(crate) fn after(&self, after: u64) -> Vec<Entry> {
        let start = self.entries.partition_point(|entry| entry.n <= after);
        self.entries.range(start..).cloned().collect()
    }

    /// Notes an arrival.
    pub(crate) fn note(&mut self, owner: &str, arrival: &Arrival<'_>, rows: &mut Vec<Row>) {
        let key = (
            arrival.chat.to_owned(),
            arrival.from.to_owned(),
            arrival.id.to_owned(),
        );
        let known = self.index.get(&key).copied();
        let n = known.unwrap_or_else(|| self.append(owner, arrival, rows));
        let Some(entry) = self.get_mut(n) else {
            return;
        };
        match arrival.text {
            Some(text) => {
                entry.arrivals = entry.arrivals.saturating_add(1);
                if entry.shown == 0 {
                    entry.shown = 1;
                    text.clone_into(&mut entry.text);
                }
            }
            None => entry.undecryptable = entry.undecryptable.saturating_add(1),
        }
        rows.push(Row::json(Table::Ledger, owner, sortable(entry.n), entry));
    }

    fn append(&mut self, owner: &str, arrival: &Arrival<'_>, rows: &mut Vec<Row>) -> u64 {
        if self.entries.len() >= KEPT {
            self.forget_oldest(owner, rows);
        }
        let n = self.entries.back().map_or(0, |entry| entry.n) + 1;
        self.restore(Entry {
            n,
            id: arrival.id.to_owned(),
            chat: arrival.chat.to_owned(),
            from: arrival.from.to_owned(),
            to: arrival.to.to_owned(),
            text: String::new(),
            at: jiff::Timestamp::now().to_string(),
            arrivals: 0,
            shown: 0,
            undecryptable: 0,
            tick: Tick::Sent,
        });
        n
    }

    fn forget_oldest(&mut self, owner: &str, rows: &mut Vec<Row>) {
        let Some(oldest) = self.entries.pop_front() else {
            return;
        };
        self.index.remove(&key(&oldest));
        if let Some(places) = self.by_id.get_mut(&oldest.id) {
            places.retain(|n| *n != oldest.n);
            if places.is_empty() {
                self.by_id.remove(&oldest.id);
            }
        }
        rows.push(Row::forget(Table::Ledger, owner, sortable(oldest.n)));
    }

    /// Notes that the message with that id, sent by `from`, came as far as `tick`. Ticks never go
    /// back.
    pub(crate) fn advance(
        &mut self,
        owner: &str,
        from: &str,
        id: &str,
        tick: Tick,
        rows: &mut Vec<Row>,
    ) {
        let places = self.by_id.get(id).cloned().unwrap_or_default();
        for n in places {
            let Some(entry) = self.get_mut(n) else {
                continue;
            };
            if entry.from == from && entry.tick < tick {
                entry.tick = tick;
                rows.push(Row::json(Table::Ledger, owner, sortable(entry.n), entry));
            }
        }
    }

    /// The text of a message that this phone sent, and where to.
    pub(crate) fn sent(&self, from: &str, id: &str) -> Option<&Entry> {
        self.by_id
            .get(id)?
            .iter()
            .filter_map(|n| self.get(*n))
            .find(|entry| entry.from == from)
    }

    /// Digits of everybody with whom there is a chat.
    pub(crate) fn chats(&self) -> HashSet<String> {
        self.entries
            .iter()
            .map(|entry| entry.chat.clone())
            .collect()
    }

    /// Ids of the shown messages of `chat` from somebody else that are not read yet.
    pub(crate) fn unread(&self, owner: &str, chat: &str) -> Vec<String> {
        self.entries
            .iter()
            .filter(|entry| entry.chat == chat && entry.from != owner)
            .filter(|entry| entry.shown > 0 && entry.tick < Tick::Read)
            .map(|entry| entry.id.clone())
            .collect()
    }
}

fn key(entry: &Entry) -> Key {
    (entry.chat.clone(), entry.from.clone(), entry.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrive(ledger: &mut Ledger, id: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        let arrival = Arrival {
            id,
            chat: "2",
            from: "2",
            to: "1",
            text: Some(id),
        };
        ledger.note("1", &arrival, &mut rows);
        rows
    }

    #[test]
    fn the_oldest_entry_is_forgotten_and_the_others_keep_their_places() {
        let mut ledger = Ledger::default();
        let count = u64::try_from(KEPT).unwrap() + 3;
        let mut forgotten = Vec::new();
        for n in 1..=count {
            let rows = arrive(&mut ledger, &n.to_string());
            forgotten.extend(rows.into_iter().filter(|row| row.value.is_none()));
        }
        assert_eq!(ledger.len(), KEPT);
        let names: Vec<_> = forgotten.iter().map(|row| row.key.clone()).collect();
        assert_eq!(names, [sortable(1), sortable(2), sortable(3)]);
        let places = |after| -> Vec<u64> { ledger.after(after).iter().map(|it| it.n).collect() };
        assert_eq!(places(count - 2), [count - 1, count]);
        assert_eq!(places(0).first(), Some(&4));
        assert!(places(count).is_empty() && places(u64::MAX).is_empty());
        assert!(ledger.sent("2", "3").is_none());
        assert_eq!(ledger.sent("2", "4").unwrap().n, 4);

        // A known one is counted where it stands; put back from a file, the places go on.
        arrive(&mut ledger, "4");
        assert_eq!(ledger.after(0).first().unwrap().arrivals, 2);
        let mut restored = Ledger::default();
        for entry in ledger.after(0) {
            restored.restore(entry);
        }
        arrive(&mut restored, "new");
        assert_eq!(restored.after(count).first().unwrap().n, count + 1);
    }
}
