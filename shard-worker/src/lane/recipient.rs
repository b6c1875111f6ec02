//! What WhatsApp knows of the recipient of a message.

use std::sync::Arc;

use store::contacts;
use store::messages::Outgoing;
use switchyard_core::Timestamp;
use switchyard_core::address::{Lid, Phone};

use crate::identity::address;
use crate::live::Live;

/// Whether WhatsApp says that it does not know the recipient of a message that could not be handed over.
pub(super) async fn is_not_on_whatsapp(live: &Arc<Live>, message: &Outgoing) -> bool {
    let Some(to) = address(&message.to) else {
        return false;
    };
    let recipients = [to];
    let contacts = live.client.contacts();
    let asking = contacts.is_on_whatsapp(&recipients);
    let answers = asking.await.unwrap_or_default();
    !answers.is_empty() && answers.iter().all(|it| !it.is_registered)
}

/// By now the client has asked WhatsApp for the recipient's other identity.
pub(super) async fn learn(live: &Arc<Live>, message: &Outgoing) -> store::Result<()> {
    if message.to.phone.is_some() && message.to.lid.is_some() {
        return Ok(());
    }
    let Some(to) = address(&message.to) else {
        return Ok(());
    };
    let Ok(Some(entry)) = live.client.get_lid_pn_entry(&to).await else {
        return Ok(());
    };
    match (Phone::parse(&entry.phone_number), Lid::parse(&entry.lid)) {
        (Some(phone), Some(lid)) => {
            contacts::learn(&live.store, Timestamp::now(), &live.held, phone, lid).await
        }
        _ => Ok(()),
    }
}
