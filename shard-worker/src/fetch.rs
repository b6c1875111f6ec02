//! The one thing that a client fetches outside its socket: the version that WhatsApp expects of it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use wacore::net::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::anyhow;

use crate::dialler::Line;

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most bytes of an answer that are read; WhatsApp's service worker has about 1 MB.
const LARGEST_ANSWER: u64 = 8 << 20;

/// Fetches small documents over the same TLS set-up as the socket.
#[derive(Debug)]
pub(crate) struct Fetcher(pub(crate) Arc<Line>);

#[async_trait]
impl HttpClient for Fetcher {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        if request.method != "GET" || request.body.is_some() {
            anyhow::bail!("only documents are fetched");
        }
        timeout(PATIENCE, self.get(&request)).await?
    }
}

impl Fetcher {
    async fn get(&self, request: &HttpRequest) -> anyhow::Result<HttpResponse> {
        let rest = request
            .url
            .strip_prefix("https://")
            .ok_or_else(|| anyhow::anyhow!("only https is fetched"))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        // HTTP/1.0: the answer is not chunked and ends with the connection.
        let mut head = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n");
        for (name, value) in &request.headers {
            if name.contains(['\r', '\n']) || value.contains(['\r', '\n']) {
                anyhow::bail!("a header has a line break");
            }
            write!(head, "{name}: {value}\r\n")?;
        }
        head.push_str("\r\n");
        let mut stream = self.0.secure_stream(host, 443).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        stream.take(LARGEST_ANSWER).read_to_end(&mut answer).await?;
        read_answer(&answer)
    }
}

fn read_answer(answer: &[u8]) -> anyhow::Result<HttpResponse> {
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| anyhow::anyhow!("the answer has no head"))?;
    let (head, body) = answer.split_at(end);
    let status = std::str::from_utf8(head)?
        .split(' ')
        .nth(1)
        .ok_or_else(|| anyhow::anyhow!("the answer has no status"))?
        .parse()?;
    Ok(HttpResponse {
        status_code: status,
        body: body.get(4..).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_a_broken_one_refused() {
        let answer = read_answer(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody").unwrap();
        assert_eq!(
            (answer.status_code, answer.body.as_slice()),
            (200, &b"body"[..])
        );
        assert!(read_answer(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(read_answer(b"nonsense\r\n\r\n").is_err());
    }
}
