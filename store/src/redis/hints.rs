//! Hints over Redis: classic publish and subscribe, one channel per kind.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{ErrorKind, RedisResult, Value};
use tokio::time::timeout;

use super::{Away, Redis};
use crate::hints::relay::{Kind, Message};

/// How long the server may take to answer the one who listens.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without a hint the server is asked whether it is there: nobody tells of a connection that died without
/// a word.
const QUIET: Duration = Duration::from_secs(10);

/// The channel of a kind.
fn channel(kind: Kind) -> String {
    format!("sy:hints:{}", kind.name())
}

impl Redis {
    /// Sends to every process that listens.
    pub(crate) async fn publish(&self, messages: &[Message]) -> Result<(), Away> {
        let mut commands = redis::pipe();
        for message in messages {
            commands
                .publish(channel(message.kind), message.text.as_str())
                .ignore();
        }
        self.pipeline(&commands).await
    }

    /// Hands over what is published until the connection, which is one of its own, breaks or falls silent.
    pub(crate) async fn hear(&self, heard: impl Fn(Kind, &str)) -> Result<Infallible, Away> {
        let (mut asking, mut messages) = in_time(self.client().get_async_pubsub()).await?.split();
        for kind in Kind::ALL {
            in_time(asking.subscribe(channel(kind))).await?;
        }
        loop {
            let Ok(message) = timeout(QUIET, messages.next()).await else {
                in_time(asking.ping::<Value>()).await?;
                continue;
            };
            let Some(message) = message else {
                return Err(Away::Failed((ErrorKind::Io, "the connection ended").into()));
            };
            let on = message.get_channel_name();
            let kind = Kind::ALL.into_iter().find(|it| channel(*it) == on);
            let text: Result<String, _> = message.get_payload();
            if let (Some(kind), Ok(text)) = (kind, text) {
                heard(kind, &text);
            }
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = RedisResult<T>>) -> Result<T, Away> {
    match timeout(CONNECT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(Away::Late),
    }
}
