//! Background jobs: their payloads, which carry ids and never text.

use serde::{Deserialize, Serialize};

use crate::call::CallSid;
use crate::queue::Queue;
use crate::{CallerId, ChatId, SessionId, Timestamp};

/// What a receipt says of a message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// It reached the recipient.
    Delivered,
    /// The recipient read it.
    Read,
    /// We read it, on another device of ours: moves the chat's unread mark, never a message of ours.
    ReadByUs,
}

/// One receipt as it came: the message is named by its WhatsApp id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What it says.
    pub kind: ReceiptKind,
    /// The message's id on WhatsApp.
    pub wa_id: String,
    /// When it happened, by WhatsApp's clock.
    pub at: Timestamp,
}

/// The payload of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Ask the shard that holds the session to send this chat's queued messages, in order.
    DrainChat {
        /// The session that sends.
        session: SessionId,
        /// The chat to drain.
        chat: ChatId,
    },
    /// Apply a batch of receipts of one session (at most 256).
    ApplyReceipts {
        /// The session that heard them.
        session: SessionId,
        /// The receipts.
        receipts: Vec<Receipt>,
    },
    /// Apply what the newest receipts and replies of a chat imply for earlier messages.
    SyncReceipts {
        /// The chat.
        chat: ChatId,
    },
    /// Give up queued messages, and calls that wait to be placed, whose deadline has passed.
    ExpireMessages,
    /// Enqueue a drain for every chat that has queued messages, a live session and no drain.
    SweepChats,
    /// Remove what businesses do not keep any longer.
    ApplyRetention,
    /// Write to somebody whose call was missed.
    AnswerMissedCall {
        /// Who.
        caller: CallerId,
        /// The call; none where it was turned away before it began.
        call: Option<CallSid>,
    },
    /// Fetch what a caller recorded.
    FetchRecording {
        /// The provider's id of it.
        recording: CallSid,
    },
    /// Remove the provider's copy of a recording that we keep.
    DropRecording {
        /// The provider's id of it.
        recording: CallSid,
    },
    /// Remove finished jobs, old events, spent idempotency keys, expired links and tokens.
    Prune,
    /// Add up what businesses with a limit of storage keep.
    MeasureStorage,
}

impl Job {
    /// Every kind with the queue that it waits in; a worker has its slots per kind.
    pub const KINDS: [(&'static str, Queue); 11] = [
        ("drain_chat", Queue::High),
        ("apply_receipts", Queue::Receipts),
        ("sync_receipts", Queue::ReceiptsSync),
        ("expire_messages", Queue::Maintenance),
        ("sweep_chats", Queue::Maintenance),
        ("apply_retention", Queue::Maintenance),
        ("answer_missed_call", Queue::Default),
        ("fetch_recording", Queue::Recordings),
        ("drop_recording", Queue::Recordings),
        ("prune", Queue::Maintenance),
        ("measure_storage", Queue::Maintenance),
    ];

    /// The stored name of the kind; metrics and limits use it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DrainChat { .. } => "drain_chat",
            Self::ApplyReceipts { .. } => "apply_receipts",
            Self::SyncReceipts { .. } => "sync_receipts",
            Self::ExpireMessages => "expire_messages",
            Self::SweepChats => "sweep_chats",
            Self::ApplyRetention => "apply_retention",
            Self::AnswerMissedCall { .. } => "answer_missed_call",
            Self::FetchRecording { .. } => "fetch_recording",
            Self::DropRecording { .. } => "drop_recording",
            Self::Prune => "prune",
            Self::MeasureStorage => "measure_storage",
        }
    }

    /// The queue that it waits in.
    pub const fn queue(&self) -> Queue {
        match self {
            Self::DrainChat { .. } => Queue::High,
            Self::ApplyReceipts { .. } => Queue::Receipts,
            Self::SyncReceipts { .. } => Queue::ReceiptsSync,
            Self::AnswerMissedCall { .. } => Queue::Default,
            Self::FetchRecording { .. } | Self::DropRecording { .. } => Queue::Recordings,
            Self::ExpireMessages
            | Self::SweepChats
            | Self::ApplyRetention
            | Self::Prune
            | Self::MeasureStorage => Queue::Maintenance,
        }
    }

    /// At most one waiting job has this key; a running one does not count. None: as many as asked.
    pub fn unique_key(&self) -> Option<String> {
        match self {
            Self::DrainChat { chat, .. } => Some(format!("drain_chat:{chat}")),
            Self::SyncReceipts { chat } => Some(format!("sync_receipts:{chat}")),
            Self::AnswerMissedCall { caller, .. } => Some(format!("answer_missed_call:{caller}")),
            Self::FetchRecording { recording } => Some(format!("fetch_recording:{recording}")),
            Self::DropRecording { recording } => Some(format!("drop_recording:{recording}")),
            Self::ApplyReceipts { .. } => None,
            Self::ExpireMessages
            | Self::SweepChats
            | Self::ApplyRetention
            | Self::Prune
            | Self::MeasureStorage => Some(self.kind().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_kinds_agrees_with_every_job() {
        let session = SessionId::generate();
        let chat = ChatId::generate();
        let jobs = [
            Job::DrainChat { session, chat },
            Job::ApplyReceipts {
                session,
                receipts: Vec::new(),
            },
            Job::SyncReceipts { chat },
            Job::ExpireMessages,
            Job::SweepChats,
            Job::ApplyRetention,
            Job::AnswerMissedCall {
                caller: CallerId::generate(),
                call: None,
            },
            Job::FetchRecording {
                recording: "RE1".parse().unwrap(),
            },
            Job::DropRecording {
                recording: "RE1".parse().unwrap(),
            },
            Job::Prune,
            Job::MeasureStorage,
        ];
        let told: Vec<_> = jobs.iter().map(|job| (job.kind(), job.queue())).collect();
        assert_eq!(told, Job::KINDS);
    }

    #[test]
    fn a_payload_reads_back() {
        let job = Job::DrainChat {
            session: SessionId::generate(),
            chat: ChatId::generate(),
        };
        let text = serde_json::to_string(&job).unwrap();
        assert!(text.contains(r#""kind":"drain_chat""#));
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
    }
}
