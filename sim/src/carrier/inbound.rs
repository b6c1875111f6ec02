//! Somebody calls a number of the carrier.

use std::sync::Arc;

use anyhow::Context as _;
use reqwest::Method;

use super::Carrier;
use super::address::Address;
use super::call::{Call, Direction, Parties, Status};
use super::conversation::{Conversation, Goto};
use super::exchange::is_e164;
use super::notices::{Notices, Subscription};
use super::people::{Script, follow};

/// Places the call; it goes on by itself.
pub(super) fn dial(
    carrier: &Arc<Carrier>,
    from: &str,
    to: &str,
    script: Script,
) -> anyhow::Result<Arc<Call>> {
    anyhow::ensure!(
        is_e164(from) || from == "anonymous",
        "a caller is + and up to fifteen digits, or anonymous"
    );
    let number = carrier
        .exchange
        .number(to)
        .context("nobody has that number")?;
    let account = carrier
        .exchange
        .account(&number.account)
        .context("the number has no account")?;
    let parse = |url: &Option<String>| {
        url.as_deref()
            .map(Address::parse)
            .transpose()
            .map_err(anyhow::Error::msg)
    };
    let voice = parse(&number.voice_url)?.context("the number has no voice address")?;
    let fallback = parse(&number.fallback_url)?;
    let told = parse(&number.status_url)?.map(|address| Subscription {
        address,
        method: Method::POST,
        events: vec!["completed".to_owned()],
    });
    let parties = Parties {
        account,
        from: from.to_owned(),
        to: to.to_owned(),
        direction: Direction::Inbound,
        parent: None,
    };
    let (call, heard) = Call::new(parties, Status::Ringing);
    carrier.calls.add(&call)?;
    carrier.admissions.placed();
    call.expect(script.callees);
    let notices = Notices::start(carrier, &call, told);
    let talk = Conversation::new(carrier, &call, heard, notices, fallback);
    carrier.spawn(talk.run(Goto::voice(voice)));
    if !script.steps.is_empty() {
        let (person, call) = (Arc::clone(carrier), Arc::clone(&call));
        carrier.spawn(async move { follow(&person, &call, script.steps).await });
    }
    Ok(call)
}
