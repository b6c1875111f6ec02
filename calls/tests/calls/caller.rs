//! A call as the provider asks about it: every request signed, as its documentation says.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use switchyard_core::BusinessId;

use crate::stage::{SHOP, TOKEN};

/// Somebody who calls the shop.
pub(crate) const FROM: &str = "+15550002222";

/// One call.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    /// Where requests go.
    at: String,
    /// What the provider thinks it asks.
    public: String,
    pub(crate) business: BusinessId,
    pub(crate) sid: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) reason: Option<String>,
    pub(crate) retry_after: Option<String>,
}

impl Caller {
    pub(crate) fn new(at: &str, public: &str, business: BusinessId, sid: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            at: at.to_owned(),
            public: public.to_owned(),
            business,
            sid: sid.to_owned(),
        }
    }

    /// The same call, asked at another replica.
    pub(crate) fn at(&self, replica: &str) -> Self {
        Self {
            at: replica.to_owned(),
            ..self.clone()
        }
    }

    fn form(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = [
            ("AccountSid", crate::stage::ACCOUNT),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", &self.sid),
            ("Direction", "inbound"),
            ("From", FROM),
            ("To", SHOP),
            ("FromCity", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in more {
            form.retain(|(known, _)| known != name);
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        form
    }

    /// Asks a path with its query, or a whole public address; `token` signs.
    pub(crate) async fn asks_as(&self, token: &str, url: &str, more: &[(&str, &str)]) -> Answer {
        let url = url.split('#').next().unwrap();
        let path = url.strip_prefix(&self.public).unwrap_or(url);
        let form = self.form(more);
        let signature = sign(token, &format!("{}{path}", self.public), &form);
        let request = self
            .http
            .post(format!("{}{path}", self.at))
            .header("X-Twilio-Signature", signature)
            .form(&form);
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (reason, retry_after) = (header("x-switchyard-reason"), header("retry-after"));
        Answer {
            status: answer.status().as_u16(),
            reason,
            retry_after,
            body: answer.text().await.unwrap(),
        }
    }

    /// Asks one of the routes.
    pub(crate) async fn asks(&self, route: &str, more: &[(&str, &str)]) -> Answer {
        let path = format!("/twilio/{}/{route}", self.business);
        self.asks_as(TOKEN, &path, more).await
    }

    /// The call begins.
    pub(crate) async fn rings(&self) -> Answer {
        self.asks("voice", &[("CallStatus", "ringing")]).await
    }

    /// Goes where a document points.
    pub(crate) async fn goes(&self, url: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("CallStatus", "in-progress")];
        form.extend_from_slice(more);
        self.asks_as(TOKEN, &url.replace("&amp;", "&"), &form).await
    }

    /// The provider tells how the call ended.
    pub(crate) async fn ends(&self, status: &str) -> Answer {
        let form = [
            ("CallStatus", status),
            ("CallDuration", "42"),
            ("SequenceNumber", "0"),
        ];
        self.asks("status", &form).await
    }
}

impl Answer {
    /// The value of an attribute, or the text of an element, after the first mention of `name`.
    pub(crate) fn attribute(&self, name: &str) -> String {
        let (_, rest) = self
            .body
            .split_once(&format!("{name}=\""))
            .expect(&self.body);
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// The parameters of its stream.
    pub(crate) fn parameters(&self) -> BTreeMap<String, String> {
        let parts = self.body.split("<Parameter name=\"").skip(1);
        let pairs = parts.map(|part| {
            let (name, rest) = part.split_once("\" value=\"").expect(&self.body);
            let (value, _) = rest.split_once('"').expect(&self.body);
            (name.to_owned(), value.to_owned())
        });
        pairs.collect()
    }

    pub(crate) fn text(&self, element: &str) -> String {
        let (_, rest) = self
            .body
            .split_once(&format!("<{element}"))
            .expect(&self.body);
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    }
}

/// What `X-Twilio-Signature` says.
pub(crate) fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut pairs = form.to_vec();
    pairs.sort();
    pairs.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
