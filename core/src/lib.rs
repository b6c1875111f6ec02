//! The domain of Switchyard: ids, states, queues, codes, routing and permissions. Pure: no IO, nothing that waits.

pub mod account;
pub mod address;
pub mod adoption;
pub mod audit;
pub mod call;
pub mod code;
pub mod drain;
pub mod event;
pub mod fail;
pub mod flow;
pub mod id;
pub mod job;
pub mod message;
mod named;
pub mod object;
pub mod permission;
pub mod provider;
pub mod queue;
pub mod reason;
pub mod routing;
pub mod session;
pub mod shard;
pub mod time;
pub mod trace;

pub use id::{
    AuditId, BusinessId, CallNumberId, CallerId, ChatId, ContactId, EventId, InvitationId, JobId,
    KeyId, MessageId, SessionId, UserId,
};
pub use time::Timestamp;
pub use trace::Trace;
