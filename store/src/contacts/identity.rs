//! From a phone number, a LID or both to the one contact: found, completed, merged or made.

use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::{BusinessId, ContactId, SessionId, Timestamp};
use uuid::Uuid;

use crate::contacts::{merge, sql};
use crate::messages::row::identity;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Result, Tx};

/// A contact, as far as writing a message needs it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: ContactId,
    pub(crate) identity: Identity,
    pub(crate) push_name: Option<String>,
}

/// The contact of an identity, made if there is none. `session`: whose knowledge of pairs may complete a new one.
pub(crate) async fn resolve(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    session: Option<SessionId>,
    who: &Identity,
) -> Result<Known> {
    if let Some(known) = find(tx, now, business, who).await? {
        return Ok(known);
    }
    let who = complete(tx, session, who).await?;
    // Somebody else may make the same contact at the same time, or the other half may be one already.
    execute!(
        tx,
        sql::INSERT,
        ContactId::generate().uuid(),
        business.uuid(),
        phone_of(&who),
        lid_of(&who),
        now.ms()
    )?;
    find(tx, now, business, &who)
        .await?
        .ok_or(Error::Conflict("contact"))
}

/// The contact of an identity, if there is one; what it lacked is completed, and two that turn out to be one
/// person are merged.
pub(crate) async fn find(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    who: &Identity,
) -> Result<Option<Known>> {
    let mut rows = found(tx, business, who).await?;
    match (rows.pop(), rows.pop()) {
        (None, _) => Ok(None),
        (Some(one), None) => identify(tx, now, business, one, who).await.map(Some),
        (Some(one), Some(other)) => unite(tx, now, business, [other, one], who).await.map(Some),
    }
}

async fn found(tx: &mut Tx, business: BusinessId, who: &Identity) -> Result<Vec<Known>> {
    let rows = fetch_all!(
        tx,
        (Uuid, Option<String>, Option<String>, Option<String>),
        sql::FIND,
        business.uuid(),
        phone_of(who),
        lid_of(who)
    )?;
    Ok(rows
        .into_iter()
        .map(|(id, phone, lid, push_name)| Known {
            id: id.into(),
            identity: identity(phone.as_deref(), lid.as_deref()),
            push_name,
        })
        .collect())
}

/// One contact has one half of the identity: it gets the other.
async fn identify(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    known: Known,
    who: &Identity,
) -> Result<Known> {
    let same_person = match (&known.identity.lid, &who.lid) {
        (Some(theirs), Some(given)) => theirs == given,
        _ => true,
    };
    if !same_person {
        return number_moved(tx, now, business, known, who).await;
    }
    let complete = Identity {
        phone: who.phone.clone().or_else(|| known.identity.phone.clone()),
        lid: who.lid.clone().or_else(|| known.identity.lid.clone()),
    };
    if complete == known.identity {
        return Ok(known);
    }
    set_identity(tx, now, business, known.id, &complete).await?;
    Ok(Known {
        identity: complete,
        ..known
    })
}

/// The number belongs to another LID now: WhatsApp gave it to another person. The old contact keeps its LID.
async fn number_moved(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    old: Known,
    who: &Identity,
) -> Result<Known> {
    let without_number = Identity {
        phone: None,
        lid: old.identity.lid,
    };
    set_identity(tx, now, business, old.id, &without_number).await?;
    let id = ContactId::generate();
    execute!(
        tx,
        sql::INSERT,
        id.uuid(),
        business.uuid(),
        phone_of(who),
        lid_of(who),
        now.ms()
    )?;
    Ok(Known {
        id,
        identity: who.clone(),
        push_name: None,
    })
}

/// One contact has the number, another the LID.
async fn unite(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    both: [Known; 2],
    who: &Identity,
) -> Result<Known> {
    let [first, second] = both;
    let (by_lid, by_phone) = if first.identity.lid == who.lid {
        (first, second)
    } else {
        (second, first)
    };
    if by_phone.identity.lid.is_some() {
        // The number's contact is known to be another person: only the number moves.
        let without_number = Identity {
            phone: None,
            lid: by_phone.identity.lid,
        };
        set_identity(tx, now, business, by_phone.id, &without_number).await?;
        set_identity(tx, now, business, by_lid.id, who).await?;
        return Ok(Known {
            identity: who.clone(),
            ..by_lid
        });
    }
    let (kept, gone) = if by_lid.id < by_phone.id {
        (by_lid, by_phone)
    } else {
        (by_phone, by_lid)
    };
    let folded = merge::merge(tx, now, business, kept.id, gone.id).await?;
    set_identity(tx, now, business, kept.id, who).await?;
    merge::tell(tx, now, business, kept.id, gone.id, folded).await?;
    Ok(Known {
        id: kept.id,
        identity: who.clone(),
        push_name: kept.push_name.or(gone.push_name),
    })
}

async fn set_identity(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    contact: ContactId,
    who: &Identity,
) -> Result<()> {
    execute!(
        tx,
        sql::IDENTIFY,
        business.uuid(),
        contact.uuid(),
        phone_of(who),
        lid_of(who),
        now.ms()
    )?;
    Ok(())
}

/// The other half of an identity, where the session has learnt it.
async fn complete(tx: &mut Tx, session: Option<SessionId>, who: &Identity) -> Result<Identity> {
    let Some(session) = session.filter(|_| who.phone.is_none() || who.lid.is_none()) else {
        return Ok(who.clone());
    };
    let pair = fetch_optional!(
        tx,
        (String, String),
        sql::OTHER_HALF,
        session.uuid(),
        phone_of(who),
        lid_of(who)
    )?;
    Ok(match pair {
        Some((phone, lid)) => {
            let learnt = identity(Some(&phone), Some(&lid));
            Identity {
                phone: who.phone.clone().or(learnt.phone),
                lid: who.lid.clone().or(learnt.lid),
            }
        }
        None => who.clone(),
    })
}

pub(crate) fn phone_of(who: &Identity) -> Option<&str> {
    who.phone.as_ref().map(Phone::digits)
}

pub(crate) fn lid_of(who: &Identity) -> Option<&str> {
    who.lid.as_ref().map(Lid::digits)
}
