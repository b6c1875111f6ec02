//! The jobs of the product: one file per kind.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use secrecy::SecretString;
use store::Store;
use switchyard_core::job::Job;

use crate::jobs::recordings::Account;
use crate::options::{Nearby, WorkerOptions};
use crate::outcome::{Assignment, Outcome, Perform};

mod answer_missed_call;
mod apply_receipts;
mod apply_retention;
mod drain_chat;
mod expire_messages;
mod measure_storage;
mod prune;
mod recordings;
mod sweep_chats;
mod sync_receipts;

/// A shard that does not take the connection within this is away.
const CONNECT: Duration = Duration::from_secs(1);
/// A drain answers after 5 s at the latest; the rest is for a slow network and a busy shard.
const ANSWER: Duration = Duration::from_secs(15);

/// What the jobs work with.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) nearby: Option<Nearby>,
    pub(crate) shards: reqwest::Client,
    pub(crate) internal_key: Option<SecretString>,
    /// The account that recordings are fetched with.
    pub(crate) recordings: Option<Account>,
}

impl Context {
    /// Over the store of these options; `denied` shows whether the account of recordings is not taken.
    pub(crate) fn new(options: &WorkerOptions, denied: IntGauge) -> reqwest::Result<Self> {
        crate::options::provide_tls();
        let shards = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            store: options.store.clone(),
            nearby: options.nearby.clone(),
            shards,
            internal_key: options.internal_key.clone(),
            recordings: (options.recordings.clone()).map(|it| Account::new(it, denied)),
        })
    }
}

/// Carries out the product's jobs.
pub(crate) fn performer(context: Context) -> Perform {
    let context = Arc::new(context);
    Arc::new(move |assignment| {
        let context = Arc::clone(&context);
        Box::pin(async move { perform(&context, assignment).await })
    })
}

async fn perform(context: &Context, assignment: Assignment) -> Outcome {
    let attempt = assignment.attempt;
    let done = match &assignment.job {
        Job::DrainChat { session, chat } => drain_chat::drain_chat(context, *session, *chat).await,
        Job::ApplyReceipts { session, receipts } => {
            let Some(business) = assignment.business else {
                return Outcome::Failed {
                    code: "no_business",
                };
            };
            apply_receipts::apply_receipts(context, business, *session, receipts, attempt).await
        }
        Job::AnswerMissedCall { caller, call } => {
            let Some(business) = assignment.business else {
                return Outcome::Failed {
                    code: "no_business",
                };
            };
            answer_missed_call::answer_missed_call(context, business, *caller, call.as_ref()).await
        }
        Job::FetchRecording { recording } | Job::DropRecording { recording } => {
            let Some(business) = assignment.business else {
                return Outcome::Failed {
                    code: "no_business",
                };
            };
            if matches!(assignment.job, Job::FetchRecording { .. }) {
                recordings::fetch(context, business, recording).await
            } else {
                recordings::drop_copy(context, business, recording).await
            }
        }
        Job::SyncReceipts { chat } => sync_receipts::sync_receipts(context, *chat).await,
        Job::ExpireMessages => expire_messages::expire_messages(context).await,
        Job::SweepChats => sweep_chats::sweep_chats(context).await,
        Job::ApplyRetention => apply_retention::apply_retention(context).await,
        Job::Prune => prune::prune(context).await,
        Job::MeasureStorage => measure_storage::measure_storage(context).await,
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(
            job.id = %assignment.id,
            job.kind = assignment.job.kind(),
            %error,
            "the job {} could not be carried out",
            assignment.id
        );
        Outcome::Failed { code: "store" }
    })
}
