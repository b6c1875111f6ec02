//! Contacts: people on WhatsApp, as one business knows them.

use switchyard_core::address::{Lid, Phone};
use switchyard_core::object::ContactObject;
use switchyard_core::{BusinessId, ContactId, Timestamp};
use uuid::Uuid;

use crate::page::{Cursor, pattern};
use crate::run::{fetch_all, fetch_optional};
use crate::{Error, Held, Lane, Page, Result, Store, Tx};

pub(crate) mod identity;
mod merge;
pub(crate) mod sql;

/// The contacts of a business, newest first; with `q`, those whose name or number holds it.
pub async fn list(
    store: &Store,
    business: BusinessId,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<ContactObject>> {
    let after = cursor.map(Cursor::parse).transpose()?;
    let mut conn = match q {
        Some(_) => store.of(business).search().await?,
        None => store.of(business).read().await?,
    };
    let found = fetch_all!(
        conn,
        ContactRow,
        sql::LIST,
        business.uuid(),
        q.map(pattern),
        after.map(|cursor| cursor.id),
        i64::from(limit).saturating_add(1)
    );
    let mut rows = store.searched(found)?;
    let next_cursor = Cursor::next(&mut rows, limit, |row| Cursor { at: 0, id: row.id });
    let data = rows
        .into_iter()
        .map(ContactRow::into_object)
        .collect::<Result<_>>()?;
    Ok(Page { data, next_cursor })
}

/// One contact of a business.
pub async fn get(
    store: &Store,
    business: BusinessId,
    id: ContactId,
) -> Result<Option<ContactObject>> {
    let mut conn = store.of(business).read().await?;
    fetch_optional!(conn, ContactRow, sql::GET, business.uuid(), id.uuid())?
        .map(ContactRow::into_object)
        .transpose()
}

/// One contact inside a transaction.
async fn get_in(tx: &mut Tx, business: BusinessId, id: ContactId) -> Result<Option<ContactObject>> {
    fetch_optional!(tx, ContactRow, sql::GET, business.uuid(), id.uuid())?
        .map(ContactRow::into_object)
        .transpose()
}

/// A phone number and a LID turned out to be one person. Where either is a contact, it gets both; where both
/// are, they and their chats become one. Nobody is made a contact by this.
pub async fn learn(
    store: &Store,
    now: Timestamp,
    held: &Held,
    phone: Phone,
    lid: Lid,
) -> Result<()> {
    let both = switchyard_core::address::Identity {
        phone: Some(phone),
        lid: Some(lid),
    };
    store
        .write(Lane::Rest, (now, *held, both), |tx, (now, held, both)| {
            Box::pin(async move {
                held.check(tx).await?;
                identity::find(tx, *now, held.business, both).await?;
                Ok(())
            })
        })
        .await
}

#[derive(sqlx::FromRow)]
struct ContactRow {
    id: Uuid,
    phone: Option<String>,
    lid: Option<String>,
    name: Option<String>,
    push_name: Option<String>,
    labels: String,
    opted_out_at: Option<i64>,
}

impl ContactRow {
    fn into_object(self) -> Result<ContactObject> {
        let id = ContactId::from(self.id);
        let labels = serde_json::from_str(&self.labels).map_err(|_not_json| Error::Corrupt {
            table: "contacts",
            column: "labels",
            id: id.to_string(),
        })?;
        Ok(ContactObject {
            id,
            phone: self.phone.map(|digits| format!("+{digits}")),
            lid: self.lid,
            name: self.name.or(self.push_name),
            labels,
            opted_out_at: self.opted_out_at.map(Timestamp),
        })
    }
}
