//! What a phone shows: one entry for each message, sent and received, in the order of its arrival.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::effects::{Row, Table, sortable};

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
    entries: Vec<Entry>,
    index: HashMap<Key, usize>,
    by_id: HashMap<String, Vec<usize>>,
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
        let place = self.entries.len();
        let key = (entry.chat.clone(), entry.from.clone(), entry.id.clone());
        self.by_id.entry(entry.id.clone()).or_default().push(place);
        self.index.insert(key, place);
        self.entries.push(entry);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries after the place `after`.
    pub(crate) fn after(&self, after: u64) -> &[Entry] {
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        self.entries.get(start..).unwrap_or_default()
    }

    /// Notes an arrival. Returns the row to keep.
    pub(crate) fn note(&mut self, owner: &str, arrival: &Arrival<'_>) -> Row {
        let key = (
            arrival.chat.to_owned(),
            arrival.from.to_owned(),
            arrival.id.to_owned(),
        );
        let place = self
            .index
            .get(&key)
            .copied()
            .unwrap_or_else(|| self.append(arrival));
        let Some(entry) = self.entries.get_mut(place) else {
            return Row::forget(Table::Ledger, owner, sortable(0));
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
        Row::json(Table::Ledger, owner, sortable(entry.n), entry)
    }

    fn append(&mut self, arrival: &Arrival<'_>) -> usize {
        let place = self.entries.len();
        self.restore(Entry {
            n: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
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
        place
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
        for place in self.by_id.get(id).into_iter().flatten() {
            let Some(entry) = self.entries.get_mut(*place) else {
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
            .filter_map(|place| self.entries.get(*place))
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
