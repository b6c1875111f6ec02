//! Messages that a process decrypted and did not live to write down: their ratchets moved on without them,
//! so the sender is asked to send them again.
//!
//! The client takes what it cannot decrypt twice for a duplicate and would acknowledge it. While a message is
//! nowhere to be found here, the acknowledgement is withheld, and WhatsApp keeps it until the new copy has come.

use std::sync::{Arc, Weak};

use store::inbound;
use tokio::sync::{mpsc, oneshot};
use wacore::runtime::Runtime;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use whatsapp_rust::RetryRequestOptions;
use whatsapp_rust::client::Client;

use crate::identity::identity;
use crate::inbound::Inbox;
use crate::runtime::ClientRuntime;

/// So many questions may wait; whoever asks waits for the answer, so they are few.
pub(crate) const WAITING: usize = 64;

/// A message that came again and of which the vault has no copy.
#[derive(Debug)]
pub(crate) struct Absent {
    /// Whose chat.
    pub(crate) chat: String,
    /// Which device sent it.
    pub(crate) sender: String,
    /// Its id.
    pub(crate) id: String,
    /// Hears whether the message is written down, so that it may be acknowledged.
    pub(crate) known: oneshot::Sender<bool>,
}

/// Answers until the vault is gone.
pub(crate) async fn answer(
    mut asked: mpsc::Receiver<Absent>,
    inbox: Arc<Inbox>,
    client: Weak<Client>,
    runtime: ClientRuntime,
) {
    while let Some(absent) = asked.recv().await {
        let known = match client.upgrade() {
            Some(client) => Box::pin(is_known(&inbox, &client, &absent)).await,
            None => false,
        };
        let stanza = (!known).then(|| stanza(&absent)).flatten();
        if absent.known.send(known).is_err() {
            tracing::debug!("nobody waits for the answer any more");
        }
        if let (Some(stanza), Some(client)) = (stanza, client.upgrade()) {
            tracing::info!(session = %inbox.held.session, "asking for a message that was not written down");
            // On its own: it may wait for a permit that whoever asks next holds.
            runtime.spawn_detached(Box::pin(ask(client, stanza)));
        }
    }
}

/// Whether the message is written down in its chat: others may use the same id.
async fn is_known(inbox: &Inbox, client: &Client, absent: &Absent) -> bool {
    let (Ok(chat), Ok(sender)) = (absent.chat.parse::<Jid>(), absent.sender.parse::<Jid>()) else {
        return false;
    };
    let own = [client.pn(), client.lid()];
    let from_me = own.iter().flatten().any(|own| own.user == sender.user);
    let peer = Inbox::complete(client, identity([Some(&chat)])).await;
    let known = inbound::is_known(&inbox.store, &inbox.held, &peer, from_me, &absent.id).await;
    known.unwrap_or_else(|error| {
        tracing::warn!(session = %inbox.held.session, %error, "cannot look for a message that came again");
        false
    })
}

async fn ask(client: Arc<Client>, stanza: Node) {
    let options = RetryRequestOptions::new();
    if let Err(error) = client
        .request_message_retry(&stanza.as_node_ref(), options)
        .await
    {
        tracing::warn!(%error, "could not ask for a message again");
    }
}

/// As much of the message as tells where it came from.
fn stanza(absent: &Absent) -> Option<Node> {
    let (chat, sender): (Jid, Jid) = (absent.chat.parse().ok()?, absent.sender.parse().ok()?);
    let stanza = NodeBuilder::new("message")
        .attr("id", absent.id.as_str())
        .attr("type", "text")
        .attr(
            "t",
            (switchyard_core::Timestamp::now().ms() / 1_000).to_string(),
        );
    let stanza = if chat.user == sender.user {
        stanza.attr("from", absent.sender.as_str())
    } else {
        // Typed on the account's own phone.
        stanza
            .attr("from", absent.sender.as_str())
            .attr("recipient", absent.chat.as_str())
    };
    Some(stanza.build())
}
