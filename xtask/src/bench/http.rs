//! JSON over HTTP, from many threads over kept connections.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::typestate::WithBody;
use ureq::{Agent, RequestBuilder};

/// Nothing that is asked for takes longer, a long poll included.
const PATIENCE: Duration = Duration::from_mins(1);

/// One connection for each thread of a load.
pub(super) const CONNECTIONS: usize = 64;

/// A connection that nobody used for so long is not used again: servers close theirs after a few seconds more.
const IDLE: Duration = Duration::from_secs(3);

/// A server, and how to act there.
#[derive(Clone)]
pub(crate) struct Http {
    agent: Agent,
    base: String,
    bearer: Option<String>,
}

impl Http {
    /// The server at `base`; `key` is shown with every request.
    pub(crate) fn new(base: &str, key: Option<&str>) -> Self {
        Self::patient(base, key, PATIENCE)
    }

    /// The same for whoever does not wait so long.
    pub(crate) fn patient(base: &str, key: Option<&str>, patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(patience))
            .max_idle_connections(CONNECTIONS)
            .max_idle_connections_per_host(CONNECTIONS)
            .max_idle_age(IDLE)
            .proxy(None)
            .build()
            .into();
        Self {
            agent,
            base: base.to_owned(),
            bearer: key.map(|key| format!("Bearer {key}")),
        }
    }

    /// The same server, over the same connections, with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            bearer: Some(format!("Bearer {key}")),
            ..self.clone()
        }
    }

    /// The answer to a GET.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.tagged(path).map(|(_, answer)| answer)
    }

    /// The answer to a GET and its `ETag`, without quotes.
    pub(crate) fn tagged(&self, path: &str) -> Result<(String, Value)> {
        let (tag, text) = self.asked(path)?;
        let answer =
            serde_json::from_str(&text).with_context(|| format!("GET {path}: not JSON"))?;
        Ok((tag, answer))
    }

    /// Reads the answer to a GET and looks at its status alone.
    pub(super) fn read(&self, path: &str) -> Result<()> {
        self.asked(path).map(drop)
    }

    fn asked(&self, path: &str) -> Result<(String, String)> {
        let request = self.agent.get(self.at(path));
        let request = match &self.bearer {
            Some(bearer) => request.header("Authorization", bearer),
            None => request,
        };
        let mut response = request.call().with_context(|| format!("GET {path}"))?;
        let tag = response.headers().get("etag");
        let tag = tag.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let tag = tag.trim_matches('"').to_owned();
        let status = response.status();
        let text = response.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        Ok((tag, text))
    }

    /// The status and the JSON of an answer, whatever the status.
    pub(crate) fn answer(&self, path: &str) -> Result<(u16, Value)> {
        let mut response = self.agent.get(self.at(path)).call()?;
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok((response.status().as_u16(), body))
    }

    /// The text that a GET is answered with.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        let mut response = self.agent.get(self.at(path)).call()?;
        Ok(response.body_mut().read_to_string()?)
    }

    /// The answer to a POST.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.told("POST", path, self.agent.post(self.at(path)), body)
    }

    /// The answer to a PUT.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.told("PUT", path, self.agent.put(self.at(path)), body)
    }

    /// Deletes something, and looks at the status alone.
    pub(crate) fn delete(&self, path: &str) -> Result<()> {
        let request = self.agent.delete(self.at(path));
        let response = request.call().with_context(|| format!("DELETE {path}"))?;
        let status = response.status();
        ensure!(status.is_success(), "DELETE {path}: {status}");
        Ok(())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn told(
        &self,
        method: &str,
        path: &str,
        request: RequestBuilder<WithBody>,
        body: &Value,
    ) -> Result<Value> {
        let request = match &self.bearer {
            Some(bearer) => request.header("Authorization", bearer),
            None => request,
        };
        let response = request.send_json(body);
        let mut response = response.with_context(|| format!("{method} {path}"))?;
        let status = response.status();
        let text = response.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("{method} {path}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: not JSON"))
    }
}

/// A text of an answer.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| format!("an answer without `{field}`"))
}

/// The rows of a list.
pub(crate) fn rows(value: &Value) -> Result<&Vec<Value>> {
    value
        .get("data")
        .and_then(Value::as_array)
        .context("a list without `data`")
}
