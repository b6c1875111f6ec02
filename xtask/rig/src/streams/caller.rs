//! The provider's requests for a call: signed as Twilio signs them, and no more of them than a stream needs.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Client;
use sha1::Sha1;

use super::Wish;

/// How long a provider waits for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Who asks.
pub(super) struct Provider<'a> {
    http: Client,
    wish: &'a Wish,
    /// Calls of one run are not those of another.
    run: u32,
}

/// A call that waits for its socket.
pub(super) struct Call {
    pub(super) sid: String,
    /// Where the socket is opened.
    pub(super) url: String,
    /// What the document says about it, by name.
    pub(super) parameters: Vec<(String, String)>,
}

impl<'a> Provider<'a> {
    pub(super) fn new(wish: &'a Wish) -> Result<Self> {
        Ok(Self {
            http: Client::builder().no_proxy().timeout(ANSWER).build()?,
            wish,
            run: rand::random(),
        })
    }

    /// Whose calls they are.
    pub(super) fn account(&self) -> &str {
        &self.wish.account
    }

    /// Somebody calls; the answer must be a bridge.
    pub(super) async fn places(&self, number: u32) -> Result<Call> {
        let sid = format!("CA{:016x}{number:016x}", self.run);
        let document = self.asks(&sid, "voice", "ringing").await?;
        let (_, stream) = document
            .split_once("<Stream ")
            .with_context(|| format!("no stream: {document}"))?;
        let url = attribute(stream, "url").context("a stream without an address")?;
        let parameters = stream.split("<Parameter ").skip(1);
        let parameters = parameters
            .filter_map(|text| Some((attribute(text, "name")?, attribute(text, "value")?)));
        Ok(Call {
            sid,
            url,
            parameters: parameters.collect(),
        })
    }

    /// The call is over.
    pub(super) async fn ends(&self, sid: &str) -> Result<()> {
        self.asks(sid, "status", "completed").await.map(drop)
    }

    async fn asks(&self, sid: &str, route: &str, status: &str) -> Result<String> {
        let Wish {
            calls, business, ..
        } = self.wish;
        let url = format!("{calls}/twilio/{business}/{route}");
        let form = [
            ("AccountSid", self.account()),
            ("ApiVersion", "2010-04-01"),
            ("CallDuration", "1"),
            ("CallSid", sid),
            ("CallStatus", status),
            ("Direction", "inbound"),
            ("From", "+19995550000"),
            ("To", &self.wish.number),
        ];
        let request = self.http.post(&url).form(&form);
        let request = request.header("X-Twilio-Signature", self.signature(&url, &form));
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{route}: {status} {text}");
        Ok(text)
    }

    /// Base64 of HMAC-SHA1 over the address and the form, which is in the order of its names.
    pub(super) fn signature(&self, url: &str, form: &[(&str, &str)]) -> String {
        // A key of any length is taken.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.wish.token.as_bytes()) else {
            return String::new();
        };
        mac.update(url.as_bytes());
        for (name, value) in form {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// The value of an attribute of the element that the text begins with; our documents escape nothing in these.
fn attribute(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
