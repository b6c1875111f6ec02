//! The account that recordings are fetched with. One that the provider does not take is asked about seldom, and nothing
//! else is asked with it: no recording burns its attempts on it, and each goes on once it is taken again.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use prometheus::IntGauge;
use reqwest::{Method, Response};
use switchyard_core::provider::{self, Fault};

use crate::options::Recordings;
use crate::outcome::Outcome;

/// The most bytes that are read of an answer which is no recording.
const ANSWER_MAX: usize = 64 << 10;

/// The account of this process; a clone is the same.
#[derive(Clone)]
pub(crate) struct Account(Arc<Inner>);

struct Inner {
    company: Recordings,
    denied: AtomicBool,
    shown: IntGauge,
}

impl Account {
    /// Taken, until an answer says otherwise; `shown` is 1 as long as one has.
    pub(crate) fn new(company: Recordings, shown: IntGauge) -> Self {
        Self(Arc::new(Inner {
            company,
            denied: AtomicBool::new(false),
            shown,
        }))
    }

    /// Who is asked, and how.
    pub(super) fn company(&self) -> &Recordings {
        &self.0.company
    }

    /// Whether it is not taken: then nothing is to be asked with it.
    pub(super) fn is_denied(&self) -> bool {
        self.0.denied.load(Ordering::Relaxed)
    }

    /// How a job ends that cannot do anything before the account is taken: it comes again, uncounted.
    pub(super) fn waits(&self) -> Outcome {
        Outcome::Again {
            after: self.0.company.probe_every,
            code: "account_denied",
        }
    }

    /// Whether the provider's refusal says that it does not take the account. Then it is asked about until it does.
    pub(super) async fn hears(&self, refusal: Response) -> bool {
        let status = refusal.status().as_u16();
        let body = beginning(refusal).await.unwrap_or_default();
        let denies = Fault::read(&body).denies_account(status);
        if denies && !self.0.denied.swap(true, Ordering::Relaxed) {
            self.0.shown.set(1);
            tracing::error!(status, "the account at the provider cannot be used");
            tokio::spawn(asks_until_taken(Arc::downgrade(&self.0)));
        }
        denies
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({:?})", self.0.company)
    }
}

/// Ends with the workers, too: nobody else keeps the account.
async fn asks_until_taken(account: Weak<Inner>) {
    loop {
        let Some(every) = account.upgrade().map(|it| it.company.probe_every) else {
            return;
        };
        tokio::time::sleep(every).await;
        let Some(inner) = account.upgrade() else {
            return;
        };
        match stands(&inner.company).await {
            Ok(Some(standing)) if standing.is_active() => {
                inner.denied.store(false, Ordering::Relaxed);
                inner.shown.set(0);
                tracing::info!("the provider takes the account again");
                return;
            }
            Ok(answer) => tracing::error!(?answer, "the account at the provider cannot be used"),
            Err(error) => {
                let error = error.without_url();
                tracing::error!(%error, "the provider does not say how its account stands");
            }
        }
    }
}

/// How it stands; `None`: the provider does not say.
async fn stands(company: &Recordings) -> reqwest::Result<Option<provider::Account>> {
    let answer = company.request(Method::GET, ".json").send().await?;
    if !answer.status().is_success() {
        return Ok(None);
    }
    Ok(provider::Account::read(&beginning(answer).await?))
}

async fn beginning(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            break;
        }
    }
    Ok(body)
}
