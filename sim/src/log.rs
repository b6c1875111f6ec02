//! What happened on the network: logins, endings, codes. Tests read it. Past [`KEPT`] lines the oldest is
//! forgotten; the places of the others stay as they are.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::effects::{Effects, Row, Table, sortable};
use crate::noise::Pattern;

/// How many lines are remembered: some 50 MB, a day in which three sockets a second come and go.
const KEPT: usize = 250_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Happening {
    /// A linked device logged in.
    Login,
    /// A connection was put out by another one of the same device, or was told so.
    Replaced,
    /// A connection ended.
    Ended,
    /// A connection without a phone was offered codes.
    QrOffered,
    /// A device was linked.
    Paired,
}

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Its place: 1 for the first.
    pub(crate) n: u64,
    /// When, RFC 3339.
    pub(crate) at: String,
    /// What.
    pub(crate) kind: Happening,
    /// Digits of the phone, where it is known.
    pub(crate) phone: Option<String>,
    /// The device, where it is known.
    pub(crate) device: Option<u16>,
    /// The connection.
    pub(crate) socket: u64,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) code: Option<String>,
    /// The connection that put this one out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) kicked_by: Option<u64>,
    /// How a login shook hands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) handshake: Option<Pattern>,
    /// When the last bytes came over a connection that ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) heard_at: Option<String>,
}

/// Something to note.
pub(crate) struct Note {
    /// What.
    pub(crate) kind: Happening,
    /// Digits of the phone, where it is known.
    pub(crate) phone: Option<String>,
    /// The device, where it is known.
    pub(crate) device: Option<u16>,
    /// The connection.
    pub(crate) socket: u64,
    /// Why it ended.
    pub(crate) code: Option<String>,
    /// The connection that put this one out.
    pub(crate) kicked_by: Option<u64>,
    /// How a login shook hands.
    pub(crate) handshake: Option<Pattern>,
    /// When the last bytes came over a connection that ended.
    pub(crate) heard_at: Option<jiff::Timestamp>,
}

impl Note {
    /// With nothing but what and which connection.
    pub(crate) fn new(kind: Happening, socket: u64) -> Self {
        Self {
            kind,
            phone: None,
            device: None,
            socket,
            code: None,
            kicked_by: None,
            handshake: None,
            heard_at: None,
        }
    }

    /// Adds the device that it is about.
    pub(crate) fn of(self, phone: &str, device: u16) -> Self {
        Self {
            phone: Some(phone.to_owned()),
            device: Some(device),
            ..self
        }
    }
}

/// All lines.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<VecDeque<Line>>,
}

impl Log {
    /// Puts a kept line back; they come in order.
    pub(crate) fn restore(&self, line: Line) {
        self.lock().push_back(line);
    }

    /// Adds a line.
    pub(crate) fn note(&self, disk: &Disk, note: Note) {
        let mut lines = self.lock();
        let line = Line {
            n: lines.back().map_or(0, |last| last.n) + 1,
            at: jiff::Timestamp::now().to_string(),
            kind: note.kind,
            phone: note.phone,
            device: note.device,
            socket: note.socket,
            code: note.code,
            kicked_by: note.kicked_by,
            handshake: note.handshake,
            heard_at: note.heard_at.map(|at| at.to_string()),
        };
        let mut effects = Effects::default();
        effects
            .rows
            .push(Row::json(Table::Log, "", sortable(line.n), &line));
        if lines.len() >= KEPT
            && let Some(oldest) = lines.pop_front()
        {
            let row = Row::forget(Table::Log, "", sortable(oldest.n));
            effects.rows.push(row);
        }
        disk.commit(effects);
        lines.push_back(line);
    }

    /// The lines after the place `after` that are remembered, of one kind or of all.
    pub(crate) fn after(&self, after: u64, kind: Option<Happening>) -> Vec<Line> {
        let lines = self.lock();
        let start = lines.partition_point(|line| line.n <= after);
        lines
            .range(start..)
            .filter(|line| kind.is_none_or(|kind| kind == line.kind))
            .cloned()
            .collect()
    }

    /// The highest number of a connection so far.
    pub(crate) fn last_socket(&self) -> u64 {
        let lines = self.lock();
        let sockets = lines.iter().map(|line| line.socket);
        sockets.max().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_line_is_forgotten_and_the_others_keep_their_places() {
        let (log, disk) = (Log::default(), Disk::memory());
        let count = u64::try_from(KEPT).unwrap() + 2;
        for socket in 1..=count {
            log.note(&disk, Note::new(Happening::Login, socket));
        }
        let places = |after| -> Vec<u64> { log.after(after, None).iter().map(|it| it.n).collect() };
        assert_eq!(places(0).len(), KEPT);
        assert_eq!(places(0).first(), Some(&3));
        assert_eq!(places(count - 1), [count]);
        assert_eq!(log.last_socket(), count);
    }
}
