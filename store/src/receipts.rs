//! Receipts: enqueued in batches, applied forward only, and what they imply.

use std::collections::{BTreeSet, HashSet};

use switchyard_core::job::{Job, Receipt, ReceiptKind};
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};
use uuid::Uuid;

use crate::messages::MessageRow;
use crate::messages::row::tell_status;
use crate::run::{fetch_all, fetch_optional};
use crate::statement::Sql;
use crate::{Held, Lane, Result, Store, Tx, chats, jobs};

pub(crate) mod sql;

/// Receipts in one job: each may write a message and an event, in one transaction.
const BATCH: usize = 256;
/// Messages that one call of [`sync`] moves.
const IMPLIED: i64 = 200;

/// Hands receipts of a session to the queue, as they came.
pub async fn enqueue(
    store: &Store,
    now: Timestamp,
    held: &Held,
    receipts: Vec<Receipt>,
) -> Result<()> {
    if receipts.is_empty() {
        return Ok(());
    }
    store
        .write(
            Lane::Messages,
            (now, *held, receipts),
            |tx, (now, held, receipts)| {
                Box::pin(async move {
                    held.check(tx).await?;
                    for batch in receipts.chunks(BATCH) {
                        let job = Job::ApplyReceipts {
                            session: held.session,
                            receipts: batch.to_vec(),
                        };
                        jobs::push_last(tx, *now, held.business, &job)?;
                    }
                    Ok(())
                })
            },
        )
        .await
}

/// Applies receipts that a session of the business heard: messages of ours move forward by rank, never back; what was failed for
/// want of an acknowledgement is delivered when a receipt says so. Applying twice is harmless. Answers those whose
/// message is not here.
pub async fn apply(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    session: SessionId,
    receipts: &[Receipt],
) -> Result<Vec<Receipt>> {
    let input = (now, (business, session), receipts.to_vec());
    store
        .write(Lane::Messages, input, |tx, (now, place, receipts)| {
            Box::pin(apply_in(tx, *now, *place, receipts))
        })
        .await
}

async fn apply_in(
    tx: &mut Tx,
    now: Timestamp,
    place: (BusinessId, SessionId),
    receipts: &[Receipt],
) -> Result<Vec<Receipt>> {
    let (business, session) = place;
    // Chats are locked before messages, here as everywhere.
    for receipt in of_kind(receipts, ReceiptKind::ReadByUs) {
        chats::read_elsewhere(tx, now, business, session, &receipt.wa_id, receipt.at).await?;
    }
    let delivered = ReceiptKind::Delivered;
    let arrived = move_to(tx, now, place, &sql::DELIVERED, receipts, delivered).await?;
    let read = move_to(tx, now, place, &sql::READ, receipts, ReceiptKind::Read).await?;
    let chats: BTreeSet<ChatId> = read.iter().map(|it| it.chat).collect();
    for chat in chats {
        let job = Job::SyncReceipts { chat };
        jobs::push_last(tx, now, business, &job)?;
    }
    let moved: HashSet<String> = arrived.into_iter().chain(read).map(|it| it.wa_id).collect();
    unknown(tx, place, receipts, moved).await
}

/// A message that a receipt moved.
struct Moved {
    chat: ChatId,
    wa_id: String,
}

/// Moves the messages that these receipts name; answers those that were not there yet.
async fn move_to(
    tx: &mut Tx,
    now: Timestamp,
    (business, session): (BusinessId, SessionId),
    statement: &'static Sql,
    receipts: &[Receipt],
    kind: ReceiptKind,
) -> Result<Vec<Moved>> {
    let told: Vec<(&str, i64)> = of_kind(receipts, kind)
        .map(|receipt| (receipt.wa_id.as_str(), receipt.at.ms()))
        .collect();
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let told = serde_json::to_string(&told)?;
    let rows = fetch_all!(
        tx,
        MessageRow,
        statement,
        business.uuid(),
        session.uuid(),
        told.as_str()
    )?;
    let moved = rows.iter().map(|row| Moved {
        chat: row.chat_id.into(),
        wa_id: row.wa_id.clone(),
    });
    let moved = moved.collect();
    tell_status(tx, now, rows)?;
    Ok(moved)
}

/// Receipts of others whose message is not here; `known` are some that are.
async fn unknown(
    tx: &mut Tx,
    (business, session): (BusinessId, SessionId),
    receipts: &[Receipt],
    mut known: HashSet<String>,
) -> Result<Vec<Receipt>> {
    let of_others = |it: &&Receipt| it.kind != ReceiptKind::ReadByUs;
    let named: Vec<&str> = receipts
        .iter()
        .filter(of_others)
        .map(|it| it.wa_id.as_str())
        .filter(|wa_id| !known.contains(*wa_id))
        .collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let named = serde_json::to_string(&named)?;
    let standing = fetch_all!(
        tx,
        (String,),
        sql::KNOWN,
        business.uuid(),
        session.uuid(),
        named.as_str()
    )?;
    known.extend(standing.into_iter().map(|(wa_id,)| wa_id));
    let missing = receipts
        .iter()
        .filter(of_others)
        .filter(|it| !known.contains(&it.wa_id));
    Ok(missing.cloned().collect())
}

fn of_kind(receipts: &[Receipt], kind: ReceiptKind) -> impl Iterator<Item = &Receipt> {
    receipts.iter().filter(move |it| it.kind == kind)
}

/// Applies what is implied in a chat: a message that was read implies that those of ours before it were, and a
/// reply that those before it arrived. Only for messages that WhatsApp acknowledged; nothing is guessed. Answers
/// how many moved; call it again until that is 0.
pub async fn sync(store: &Store, now: Timestamp, chat: ChatId) -> Result<u64> {
    store
        .write(Lane::Messages, (now, chat), |tx, (now, chat)| {
            Box::pin(async move {
                let owner = fetch_optional!(tx, (Uuid,), sql::OWNER_OF_CHAT, chat.uuid())?;
                let Some((business,)) = owner else {
                    return Ok(0);
                };
                let read = fetch_all!(
                    tx,
                    MessageRow,
                    sql::IMPLIED_READ,
                    business,
                    chat.uuid(),
                    IMPLIED
                )?;
                let arrived = fetch_all!(
                    tx,
                    MessageRow,
                    sql::IMPLIED_DELIVERED,
                    business,
                    chat.uuid(),
                    IMPLIED
                )?;
                let moved = tell_status(tx, *now, read)?;
                Ok(moved.saturating_add(tell_status(tx, *now, arrived)?))
            })
        })
        .await
}
