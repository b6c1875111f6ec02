//! What is written down of the socket of a call.

use actix_web::web::Data;
use store::calls::Step;
use switchyard_core::BusinessId;
use switchyard_core::call::{CallSid, StepKind};

use crate::desk::Desk;
use crate::webhooks;

/// The socket of a call, as its steps name it.
#[derive(Debug, Clone)]
pub(super) struct Diary {
    pub(super) desk: Data<Desk>,
    pub(super) business: BusinessId,
    pub(super) sid: CallSid,
    /// The node of the flow.
    pub(super) node: String,
    /// The provider's id of the stream.
    pub(super) stream: String,
}

impl Diary {
    /// Writes a step down. The call goes on where that does not work.
    pub(super) async fn note(&self, kind: StepKind, detail: Option<&str>) {
        let step = Step {
            told: format!("{}:{}", kind.name(), self.stream),
            kind,
            node: Some(self.node.clone()),
            detail: detail.map(str::to_owned),
            state: None,
        };
        if let Err(error) = webhooks::note(&self.desk, self.business, &self.sid, step).await {
            tracing::warn!(%error, "a step of a bridge is not written down");
        }
    }
}
