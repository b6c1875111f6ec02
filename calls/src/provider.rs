//! What is asked of the provider: Twilio's REST API of 2010-04-01, as far as calls need it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use switchyard_core::call::CallState;
use switchyard_core::provider::Account;

use crate::breaker::Breaker;

mod refusal;

pub(crate) use refusal::ProviderError;
use refusal::refusal;

/// Nothing that is asked takes longer.
const LIMIT: Duration = Duration::from_secs(8);
/// Nor the way there.
const CONNECT: Duration = Duration::from_secs(3);
/// Calls on a page of the list; the most that Twilio gives.
const PAGE: &str = "1000";
/// Pages that are read: more live calls than any limit of ours.
const PAGES_MAX: usize = 5;
/// The most bytes of an answer.
const ANSWER_MAX: usize = 4 << 20;

/// An account at the provider.
#[derive(Debug)]
pub(crate) struct Provider {
    client: Client,
    /// `…/2010-04-01/Accounts/{account}`.
    account_url: String,
    origin: String,
    account: String,
    token: SecretString,
    breaker: Breaker,
    /// It does not take the account.
    denied: AtomicBool,
}

/// A call as the provider shows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) sid: String,
    /// How it stands, in the provider's words.
    pub(crate) status: String,
    /// Who calls.
    #[serde(default)]
    pub(crate) from: String,
    /// Who is called.
    #[serde(default)]
    pub(crate) to: String,
    /// Which way, in the provider's words.
    #[serde(default)]
    pub(crate) direction: String,
    /// The call that this is a leg of.
    #[serde(default)]
    pub(crate) parent_call_sid: Option<String>,
    /// How long it took, in seconds, as a text.
    #[serde(default)]
    pub(crate) duration: Option<String>,
}

impl Listed {
    /// Where it stands; `None` for a word that is not known.
    pub(crate) fn state(&self) -> Option<CallState> {
        CallState::of_status(&self.status)
    }

    /// How long it took.
    pub(crate) fn duration_s(&self) -> Option<i64> {
        self.duration.as_deref()?.parse().ok()
    }

    /// Which of its numbers is ours.
    pub(crate) fn ours(&self) -> &str {
        if self.direction.starts_with("outbound") {
            &self.from
        } else {
            &self.to
        }
    }
}

/// A call that it is to place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The number that calls.
    pub(crate) from: &'a str,
    /// Who is called.
    pub(crate) to: &'a str,
    /// Where the first page is asked for.
    pub(crate) voice: &'a str,
    /// And where, when that fails.
    pub(crate) fallback: &'a str,
    /// Where it is told how the call stands.
    pub(crate) status: &'a str,
    /// For how long it rings.
    pub(crate) ring: Duration,
    /// The longest that it may take.
    pub(crate) longest: Duration,
}

/// A call that it placed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Placed {
    /// Its id.
    pub(crate) sid: String,
    /// For how long it waits for its turn there, in milliseconds, as a text.
    #[serde(default)]
    queue_time: Option<String>,
}

impl Placed {
    /// For how long it waits for its turn there.
    pub(crate) fn waits(&self) -> Duration {
        let ms = self.queue_time.as_deref().and_then(|it| it.parse().ok());
        Duration::from_millis(ms.unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct List {
    calls: Vec<Listed>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

impl Provider {
    /// An account at that address, `https://api.twilio.com` or another one of its kind.
    ///
    /// # Errors
    /// The client cannot be built.
    pub(crate) fn new(
        origin: &str,
        account: &str,
        token: SecretString,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(LIMIT)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let origin = origin.trim_end_matches('/').to_owned();
        Ok(Self {
            client,
            account_url: format!("{origin}/2010-04-01/Accounts/{account}"),
            origin,
            account: account.to_owned(),
            token,
            breaker: Breaker::default(),
            denied: AtomicBool::new(false),
        })
    }

    /// Whether it would not be asked now, because it failed several times.
    pub(crate) fn rests(&self) -> bool {
        self.breaker.rests(Instant::now())
    }

    /// Whether it takes the account no more: then nothing is asked of it but [`Provider::probe`].
    pub(crate) fn is_denied(&self) -> bool {
        self.denied.load(Ordering::Relaxed)
    }

    /// Asks how the account stands; where it may be used, everything is asked again.
    ///
    /// # Errors
    /// The provider does not say.
    pub(crate) async fn probe(&self) -> Result<(), ProviderError> {
        let request = self.client.get(format!("{}.json", self.account_url));
        let account: Account = self.ask_anyway(request).await?;
        self.denied.store(!account.is_active(), Ordering::Relaxed);
        Ok(())
    }

    /// How a call stands.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] when there is none.
    pub(crate) async fn get(&self, sid: &str) -> Result<Listed, ProviderError> {
        self.ask(self.client.get(self.of_call(sid))).await
    }

    /// Places a call. Asked twice it places two: of [`ProviderError::Silent`] and of a refusal with a status of 500 and
    /// above nobody knows whether it did.
    ///
    /// # Errors
    /// It did not, or nobody knows.
    pub(crate) async fn place(&self, wanted: Wanted<'_>) -> Result<Placed, ProviderError> {
        let url = format!("{}/Calls.json", self.account_url);
        let (ring, longest) = (
            wanted.ring.as_secs().to_string(),
            wanted.longest.as_secs().to_string(),
        );
        let form = [
            ("To", wanted.to),
            ("From", wanted.from),
            ("Url", wanted.voice),
            ("Method", "POST"),
            ("FallbackUrl", wanted.fallback),
            ("FallbackMethod", "POST"),
            ("StatusCallback", wanted.status),
            ("StatusCallbackMethod", "POST"),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
            ("Timeout", ring.as_str()),
            ("TimeLimit", longest.as_str()),
        ];
        self.ask(self.client.post(url).form(&form)).await
    }

    /// Ends a call, whether it rings or goes on; answers how it stands, which may be as before for a moment.
    ///
    /// # Errors
    /// The provider did not.
    pub(crate) async fn hang_up(&self, sid: &str) -> Result<Listed, ProviderError> {
        self.change(sid, &[("Status", "completed")]).await
    }

    /// Gives a live call another page.
    ///
    /// # Errors
    /// The provider did not.
    pub(crate) async fn redirect(&self, sid: &str, document: &str) -> Result<(), ProviderError> {
        let changed = self.change(sid, &[("Twiml", document)]).await;
        changed.map(|_as_it_stands| ())
    }

    async fn change(&self, sid: &str, form: &[(&str, &str)]) -> Result<Listed, ProviderError> {
        self.ask(self.client.post(self.of_call(sid)).form(form))
            .await
    }

    /// Every call that is not over; the list may lag behind by some seconds.
    ///
    /// # Errors
    /// The provider did not answer: nothing is known of any call.
    pub(crate) async fn live(&self) -> Result<Vec<Listed>, ProviderError> {
        let mut calls = Vec::new();
        for status in ["in-progress", "ringing", "queued"] {
            let url = format!("{}/Calls.json", self.account_url);
            let query = [("Status", status), ("PageSize", PAGE)];
            let mut list: List = self.ask(self.client.get(url).query(&query)).await?;
            for _ in 1..PAGES_MAX {
                calls.append(&mut list.calls);
                // A path, or the whole address: only ours is followed.
                let Some(path) = list.next_page_uri.take().filter(|it| it.starts_with('/')) else {
                    break;
                };
                let url = format!("{}{path}", self.origin);
                list = self.ask(self.client.get(url)).await?;
            }
            calls.append(&mut list.calls);
        }
        Ok(calls)
    }

    fn of_call(&self, sid: &str) -> String {
        format!("{}/Calls/{sid}.json", self.account_url)
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, ProviderError> {
        if self.is_denied() {
            return Err(ProviderError::Denied);
        }
        self.ask_anyway(request).await
    }

    async fn ask_anyway<T: for<'de> Deserialize<'de>>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, ProviderError> {
        if !self.breaker.may_ask(Instant::now()) {
            return Err(ProviderError::Resting);
        }
        let request = request.basic_auth(&self.account, Some(self.token.expose_secret()));
        let answer = Self::answered(request).await;
        let went_well = !matches!(
            answer,
            Err(ProviderError::Unreachable(_)
                | ProviderError::Silent(_)
                | ProviderError::Refused { status: 500.., .. })
        );
        self.breaker.note(went_well, Instant::now());
        if matches!(answer, Err(ProviderError::Denied)) {
            self.denied.store(true, Ordering::Relaxed);
        }
        answer
    }

    async fn answered<T: for<'de> Deserialize<'de>>(
        request: RequestBuilder,
    ) -> Result<T, ProviderError> {
        // Without the address, which holds the id of the account.
        let silent = |error: reqwest::Error| ProviderError::Silent(error.without_url().to_string());
        let mut answer = request.send().await.map_err(|error| {
            if error.is_connect() {
                ProviderError::Unreachable(error.without_url().to_string())
            } else {
                silent(error)
            }
        })?;
        let status = answer.status();
        let after = answer.headers().get("retry-after").cloned();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(silent)? {
            if body.len().saturating_add(part.len()) > ANSWER_MAX {
                return Err(ProviderError::Silent("its answer is too long".to_owned()));
            }
            body.extend_from_slice(&part);
        }
        if status.is_success() {
            let unreadable = |_| ProviderError::Silent("its answer cannot be read".to_owned());
            return serde_json::from_slice(&body).map_err(unreadable);
        }
        Err(refusal(status, after.as_ref(), &body))
    }
}
