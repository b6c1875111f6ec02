//! What happened on the network: logins, endings, codes. Tests read it.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::effects::{Effects, Row, Table, sortable};
use crate::noise::Pattern;

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
    lines: Mutex<Vec<Line>>,
}

impl Log {
    /// Puts a kept line back; they come in order.
    pub(crate) fn restore(&self, line: Line) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// Adds a line.
    pub(crate) fn note(&self, disk: &Disk, note: Note) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Line {
            n: u64::try_from(lines.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
            at: jiff::Timestamp::now().to_string(),
            kind: note.kind,
            phone: note.phone,
            device: note.device,
            socket: note.socket,
            code: note.code,
            kicked_by: note.kicked_by,
            handshake: note.handshake,
        };
        let mut effects = Effects::default();
        effects
            .rows
            .push(Row::json(Table::Log, "", sortable(line.n), &line));
        disk.commit(effects);
        lines.push(line);
    }

    /// The lines after the place `after`, of one kind or of all.
    pub(crate) fn after(&self, after: u64, kind: Option<Happening>) -> Vec<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        let rest = lines.get(start..).unwrap_or_default().iter();
        rest.filter(|line| kind.is_none_or(|kind| kind == line.kind))
            .cloned()
            .collect()
    }

    /// The highest number of a connection so far.
    pub(crate) fn last_socket(&self) -> u64 {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .map(|line| line.socket)
            .max()
            .unwrap_or_default()
    }
}
