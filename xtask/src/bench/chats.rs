//! The chats of a load: each session writes to its customers once, so that what follows is about open chats.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::say;

use super::clock::{Moment, count};
use super::http::{Http, rows, text};
use super::many::side_by_side;
use super::network::Network;
use super::sessions::{link, link_theirs};
use super::stage::{CUSTOMERS, Shop, Stage, TALKING, THREADS, customer, their_customer};

/// Acknowledged messages, as the product counts them.
pub(super) const ACKNOWLEDGED: &str = r#"switchyard_acks_total{outcome="sent"}"#;

/// Opening all its chats takes Baileys less, even on a busy machine.
const LIMIT_MS: u32 = 300_000;

/// The most rows that the API gives at once.
const PAGE: usize = 200;

/// An open chat of the product.
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) session: String,
    pub(super) shop: String,
    pub(super) customer: String,
}

impl Chat {
    /// Accepts a message to the customer; its row.
    pub(super) fn send(&self, api: &Http, text: &str) -> Result<Value> {
        post(api, &self.session, &self.customer, text)
    }

    /// The newest rows of the chat, oldest first.
    pub(super) fn messages(&self, stage: &Stage, newest: usize) -> Result<Vec<Value>> {
        ensure!(newest <= PAGE, "a chat is read by one page of {PAGE}");
        let path = format!("/v1/chats/{}/messages?limit={newest}", self.id);
        let mut found = rows(&stage.api.get(&path)?)?.clone();
        found.reverse();
        Ok(found)
    }

    /// What the customer's phone shows of this chat, by the ids of the messages.
    pub(super) fn on_the_phone(&self, network: &Network) -> Result<HashMap<String, Value>> {
        let path = format!("/phones/{}/messages", self.customer);
        let ledger = network.http.get(&path)?;
        let shown = rows(&ledger)?
            .iter()
            .filter(|row| text(row, "chat").is_ok_and(|chat| chat == self.shop));
        shown
            .map(|row| Ok((text(row, "id")?.to_owned(), row.clone())))
            .collect()
    }
}

fn post(api: &Http, session: &str, to: &str, text: &str) -> Result<Value> {
    let message = json!({ "session_id": session, "to": format!("+{to}"), "text": text });
    api.post("/v1/messages", &message)
}

/// Makes so many customers of each session and writes to each once; the messages are on their way then.
pub(super) fn begin(
    api: &Http,
    network: &Network,
    shops: &[Shop],
    customers: usize,
) -> Result<Vec<Chat>> {
    let pairs: Vec<(&Shop, String)> = shops
        .iter()
        .enumerate()
        .flat_map(|(session, shop)| {
            (0..customers).map(move |number| (shop, customer(session, number)))
        })
        .collect();
    let names: Vec<String> = pairs.iter().map(|(_, name)| name.clone()).collect();
    network.make_phones(&names)?;
    side_by_side(THREADS, &pairs, |(shop, name)| {
        let accepted = post(api, &shop.id, name, "Welcome")?;
        Ok(Chat {
            id: text(&accepted, "chat_id")?.to_owned(),
            session: shop.id.clone(),
            shop: shop.phone.clone(),
            customer: name.clone(),
        })
    })
}

/// Makes the customers and writes to each once, unless that is done.
pub(super) fn open(stage: &mut Stage) -> Result<()> {
    if !stage.chats.is_empty() {
        return Ok(());
    }
    if stage.shops.len() < TALKING {
        link(stage, TALKING)?;
    }
    let start = Moment::now();
    let before = stage.counter(ACKNOWLEDGED)?;
    let shops = stage.shops.get(..TALKING).context("a session is missing")?;
    let made = begin(&stage.api, &stage.network, shops, CUSTOMERS)?;
    stage.wait_for(ACKNOWLEDGED, before, count(made.len()))?;
    stage.chats = made;
    let seconds = Moment::now().since(start) / 1_000.0;
    say(&format!(
        "  switchyard: {} chats opened in {seconds:.1} s",
        stage.chats.len()
    ));
    Ok(())
}

/// The customers of each client of Baileys; each is written to once, unless that is done.
pub(super) fn open_theirs(stage: &mut Stage) -> Result<Vec<Vec<String>>> {
    let chats: Vec<Vec<String>> = (0..TALKING)
        .map(|session| {
            (0..CUSTOMERS)
                .map(|it| their_customer(session, it))
                .collect()
        })
        .collect();
    if stage.strangers_talk {
        return Ok(chats);
    }
    if stage.strangers.len() < TALKING {
        link_theirs(stage, TALKING)?;
    }
    stage.network.make_phones(&chats.concat())?;
    let Some(baileys) = &mut stage.baileys else {
        return Ok(chats);
    };
    let start = Moment::now();
    baileys.ask(&json!({ "do": "send", "chats": &chats, "messages": 1, "at_once": THREADS, "limit_ms": LIMIT_MS }))?;
    stage.strangers_talk = true;
    let seconds = Moment::now().since(start) / 1_000.0;
    say(&format!(
        "  Baileys: {} chats opened in {seconds:.1} s",
        chats.concat().len()
    ));
    Ok(chats)
}
