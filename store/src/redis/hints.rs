//! Hints over Redis: classic publish and subscribe, one channel per kind.

use std::convert::Infallible;

use futures_util::StreamExt;
use redis::ErrorKind;

use super::{Away, Redis};
use crate::hints::relay::{Kind, Message};

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

    /// Hands over what is published until the connection, which is one of its own, breaks.
    pub(crate) async fn hear(&self, heard: impl Fn(Kind, &str)) -> Result<Infallible, Away> {
        let mut listener = self.client().get_async_pubsub().await?;
        for kind in Kind::ALL {
            listener.subscribe(channel(kind)).await?;
        }
        let mut messages = listener.into_on_message();
        while let Some(message) = messages.next().await {
            let on = message.get_channel_name();
            let kind = Kind::ALL.into_iter().find(|it| channel(*it) == on);
            let text: Result<String, _> = message.get_payload();
            if let (Some(kind), Ok(text)) = (kind, text) {
                heard(kind, &text);
            }
        }
        Err(Away::Failed((ErrorKind::Io, "the connection ended").into()))
    }
}
