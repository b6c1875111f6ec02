//! Single messages, one after the other: how long each waits for its 202, and how long from there to the wire.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::chats::Chat;
use super::clock::Moment;
use super::http::{Http, text};
use super::network::Network;

/// How far apart the messages are.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Milliseconds of each message.
pub(super) struct Times {
    /// From the request to the 202.
    pub(super) accept: Vec<f64>,
    /// From the 202 until the customer's phone had opened it.
    pub(super) wire: Vec<f64>,
}

impl Times {
    /// Sends so many messages, to the chats in turn; `settled` waits until all of them have gone out.
    pub(super) fn of(
        api: &Http,
        network: &Network,
        chats: &[Chat],
        messages: usize,
        settled: impl FnOnce(usize) -> Result<()>,
    ) -> Result<Self> {
        let mut sent = Vec::with_capacity(messages);
        for chat in chats.iter().cycle().take(messages) {
            let asked = Moment::now();
            let message = chat.send(api, "Thank you")?;
            let accepted = Moment::now();
            sent.push((chat, text(&message, "wa_id")?.to_owned(), asked, accepted));
            thread::sleep(PAUSE);
        }
        settled(sent.len())?;
        let mut times = Self {
            accept: Vec::with_capacity(messages),
            wire: Vec::with_capacity(messages),
        };
        for (chat, id, asked, accepted) in sent {
            times.accept.push(accepted.since(asked));
            times.wire.push(opened(network, chat, &id)?.since(accepted));
        }
        Ok(times)
    }
}

/// When the customer's phone opened the message, or wrote it.
pub(super) fn opened(network: &Network, chat: &Chat, id: &str) -> Result<Moment> {
    let shown = chat.on_the_phone(network)?;
    let entry = shown.get(id).context("the phone does not show it")?;
    Moment::parse(text(entry, "at")?)
}
