//! Receipts: forward only, never doubled, and what they imply; and what the sweeps find.

use std::time::Duration;

use store::inbound::{self, Content, Inbound};
use store::{Held, Store, events, jobs, messages, receipts, sessions, sweeps};
use switchyard_core::event::EventType;
use switchyard_core::job::{Receipt, ReceiptKind};
use switchyard_core::message::MessageStatus;
use switchyard_core::object::MessageObject;
use switchyard_core::queue::Queue;
use switchyard_core::reason::{FailureCode, SessionReason};
use switchyard_core::session::SessionState;
use switchyard_core::{ChatId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, object, phone, waiting};

const LATER: Timestamp = Timestamp(NOON.0 + 1_000);

/// Accepts a message to the one customer of these tests.
async fn accept(store: &Store, held: &Held, text: &str) -> MessageObject {
    let new = new_message(Some(held.session), phone("972501234567"), text);
    object(
        messages::accept(store, NOON, held.business, new)
            .await
            .unwrap(),
    )
}

/// Accepts a message and lets WhatsApp acknowledge it.
async fn sent(store: &Store, held: &Held, text: &str) -> MessageObject {
    let message = accept(store, held, text).await;
    messages::mark_sending(store, NOON, held, message.id)
        .await
        .unwrap();
    messages::mark_sent(store, NOON, held, message.id, NOON)
        .await
        .unwrap();
    message
}

async fn status(store: &Store, held: &Held, message: &MessageObject) -> MessageStatus {
    let stored = messages::get(store, held.business, message.id)
        .await
        .unwrap();
    stored.unwrap().status
}

fn receipt(kind: ReceiptKind, message: &MessageObject) -> Receipt {
    Receipt {
        kind,
        wa_id: message.wa_id.clone(),
        at: LATER,
    }
}

async fn apply(store: &Store, held: &Held, told: Vec<Receipt>) -> Vec<Receipt> {
    receipts::apply(store, LATER, held.business, held.session, &told)
        .await
        .unwrap()
}

async fn sync(store: &Store, chat: ChatId) -> u64 {
    let mut moved = 0;
    loop {
        match receipts::sync(store, LATER, chat).await.unwrap() {
            0 => return moved,
            more => moved += more,
        }
    }
}

async fn reply(store: &Store, held: &Held, wa_id: &str) {
    let inbound = Inbound {
        peer: phone("972501234567"),
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: LATER,
        push_name: None,
        content: Content::Text("thank you".to_owned()),
    };
    inbound::record(store, LATER, held, vec![inbound])
        .await
        .unwrap();
}

/// The statuses that were told of a message, in order.
async fn told(store: &Store, held: &Held, message: &MessageObject) -> Vec<String> {
    let page = events::after(store, held.business, 0, 500).await.unwrap();
    let ours = page.events.into_iter().filter(|it| {
        it.kind == EventType::MessageStatus && it.data["id"] == message.id.to_string()
    });
    ours.map(|it| it.data["status"].as_str().unwrap().to_owned())
        .collect()
}

both_engines! {
    async fn receipts_move_a_message_forward_once_and_never_back(bench: &Bench) {
        let held = bench.held().await;
        let message = sent(&bench.store, &held, "hello").await;
        let read = vec![receipt(ReceiptKind::Read, &message)];
        assert!(apply(&bench.store, &held, read.clone()).await.is_empty());
        let late = vec![receipt(ReceiptKind::Delivered, &message)];
        apply(&bench.store, &held, late).await;
        apply(&bench.store, &held, read).await;
        let stored = messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap();
        assert_eq!(stored.status, MessageStatus::Read);
        assert_eq!((stored.delivered_at, stored.read_at), (Some(LATER), Some(LATER)));
        assert_eq!(told(&bench.store, &held, &message).await, ["queued", "sent", "read"]);
    }

    async fn no_step_of_a_message_is_earlier_than_the_one_before(bench: &Bench) {
        let held = bench.held().await;
        // WhatsApp tells whole seconds: 200 ms after NOON is told as the second before it.
        let told = Timestamp(NOON.0 - 800);
        for kind in [ReceiptKind::Delivered, ReceiptKind::Read] {
            let message = sent(&bench.store, &held, "hello").await;
            apply(&bench.store, &held, vec![Receipt { at: told, ..receipt(kind, &message) }]).await;
            let stored = messages::get(&bench.store, held.business, message.id).await.unwrap().unwrap();
            assert_eq!((stored.sent_at, stored.delivered_at), (Some(NOON), Some(NOON)), "{kind:?}");
            let read_at = (kind == ReceiptKind::Read).then_some(NOON);
            assert_eq!(stored.read_at, read_at, "{kind:?}");
        }
    }

    async fn no_implied_step_is_earlier_than_the_one_before(bench: &Bench) {
        let held = bench.held().await;
        let first = sent(&bench.store, &held, "first").await;
        let second = sent(&bench.store, &held, "second").await;
        apply(&bench.store, &held, vec![receipt(ReceiptKind::Delivered, &first)]).await;
        apply(&bench.store, &held, vec![Receipt { at: NOON, ..receipt(ReceiptKind::Read, &second) }]).await;
        assert_eq!(sync(&bench.store, first.chat_id).await, 1);
        let stored = messages::get(&bench.store, held.business, first.id).await.unwrap().unwrap();
        assert_eq!((stored.status, stored.delivered_at), (MessageStatus::Read, Some(LATER)));
        assert_eq!(stored.read_at, Some(LATER));
    }

    async fn a_batch_of_both_kinds_tells_delivered_then_read(bench: &Bench) {
        let held = bench.held().await;
        let message = sent(&bench.store, &held, "hello").await;
        let both = vec![
            receipt(ReceiptKind::Read, &message),
            receipt(ReceiptKind::Delivered, &message),
            receipt(ReceiptKind::Delivered, &message),
        ];
        apply(&bench.store, &held, both).await;
        assert_eq!(told(&bench.store, &held, &message).await, ["queued", "sent", "delivered", "read"]);
    }

    async fn a_receipt_before_the_acknowledgement_counts_and_a_failure_is_corrected(bench: &Bench) {
        let held = bench.held().await;
        let early = accept(&bench.store, &held, "early").await;
        let failed = accept(&bench.store, &held, "failed").await;
        messages::mark_failed(&bench.store, NOON, &held, failed.id, FailureCode::Rejected).await.unwrap();
        let both = vec![
            receipt(ReceiptKind::Delivered, &early),
            receipt(ReceiptKind::Delivered, &failed),
        ];
        apply(&bench.store, &held, both).await;
        messages::mark_sent(&bench.store, LATER, &held, early.id, LATER).await.unwrap();
        assert_eq!(status(&bench.store, &held, &early).await, MessageStatus::Delivered);
        let stored = messages::get(&bench.store, held.business, failed.id).await.unwrap().unwrap();
        assert_eq!((stored.status, stored.error), (MessageStatus::Delivered, None));
    }

    async fn receipts_of_unknown_messages_and_of_other_sessions_change_nothing(bench: &Bench) {
        let shard = bench.shard(1).await;
        let ours = bench.held_by(shard, bench.business()).await;
        let theirs = bench.held_by(shard, bench.business()).await;
        let message = sent(&bench.store, &ours, "hello").await;
        let strange = vec![receipt(ReceiptKind::Read, &message)];
        assert_eq!(apply(&bench.store, &theirs, strange.clone()).await, strange);
        assert_eq!(status(&bench.store, &ours, &message).await, MessageStatus::Sent);
    }

    async fn a_read_message_implies_those_of_ours_before_it_and_none_after(bench: &Bench) {
        let held = bench.held().await;
        let first = sent(&bench.store, &held, "first").await;
        let failed = accept(&bench.store, &held, "failed").await;
        messages::mark_failed(&bench.store, NOON, &held, failed.id, FailureCode::Rejected).await.unwrap();
        let third = sent(&bench.store, &held, "third").await;
        let last = sent(&bench.store, &held, "last").await;
        let waited = waiting(&bench.store, Queue::ReceiptsSync).await;
        apply(&bench.store, &held, vec![receipt(ReceiptKind::Read, &third)]).await;
        assert_eq!(waiting(&bench.store, Queue::ReceiptsSync).await, waited + 1);
        assert_eq!(sync(&bench.store, first.chat_id).await, 1);
        let stored = messages::get(&bench.store, held.business, first.id).await.unwrap().unwrap();
        assert_eq!((stored.status, stored.read_at), (MessageStatus::Read, Some(LATER)));
        assert_eq!(status(&bench.store, &held, &failed).await, MessageStatus::Failed);
        assert_eq!(status(&bench.store, &held, &last).await, MessageStatus::Sent);
        assert_eq!(told(&bench.store, &held, &first).await, ["queued", "sent", "read"]);
    }

    async fn a_reply_implies_that_what_was_sent_before_it_arrived(bench: &Bench) {
        let held = bench.held().await;
        let before = sent(&bench.store, &held, "before").await;
        let queued = accept(&bench.store, &held, "queued").await;
        reply(&bench.store, &held, "A1").await;
        let after = sent(&bench.store, &held, "after").await;
        assert_eq!(sync(&bench.store, before.chat_id).await, 1);
        assert_eq!(status(&bench.store, &held, &before).await, MessageStatus::Delivered);
        assert_eq!(status(&bench.store, &held, &queued).await, MessageStatus::Queued);
        assert_eq!(status(&bench.store, &held, &after).await, MessageStatus::Sent);
    }

    async fn reading_on_another_device_of_ours_clears_the_unread_mark(bench: &Bench) {
        let held = bench.held().await;
        reply(&bench.store, &held, "A1").await;
        reply(&bench.store, &held, "A2").await;
        let chat = store::chats::list(&bench.store, held.business, store::chats::ChatQuery { limit: 10, ..Default::default() });
        let chat = chat.await.unwrap().data[0].clone();
        assert_eq!(chat.unread, 2);
        let read = Receipt { kind: ReceiptKind::ReadByUs, wa_id: "A1".to_owned(), at: LATER };
        assert!(apply(&bench.store, &held, vec![read]).await.is_empty());
        let chat = store::chats::get(&bench.store, held.business, chat.id).await.unwrap().unwrap();
        assert_eq!(chat.unread, 1);
    }

    async fn receipts_are_handed_over_in_batches_under_the_fence(bench: &Bench) {
        let held = bench.held().await;
        let many = (0..600).map(|n| Receipt {
            kind: ReceiptKind::Read,
            wa_id: format!("3EB0{n}"),
            at: LATER,
        });
        receipts::enqueue(&bench.store, NOON, &held, many.clone().collect()).await.unwrap();
        assert_eq!(waiting(&bench.store, Queue::Receipts).await, 3);
        let stale = Held { epoch: held.epoch - 1, ..held };
        let refused = receipts::enqueue(&bench.store, NOON, &stale, many.collect()).await;
        assert!(matches!(refused, Err(store::Error::Fenced)), "{refused:?}");
    }

    async fn a_lost_drain_is_found_only_where_there_is_something_to_send(bench: &Bench) {
        let held = bench.held().await;
        sessions::set_state(&bench.store, NOON, &held, SessionState::Connected, None, None).await.unwrap();
        let message = accept(&bench.store, &held, "hello").await;
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "its drain waits");
        let ask = jobs::Ask {
            kind: "drain_chat",
            worker: "one".into(),
            slots: 8,
            free: 8,
            running: std::collections::HashMap::new(),
            after: None,
            lease: Duration::from_mins(1),
        };
        let taken = jobs::claim(&bench.store, NOON, ask).await.unwrap();
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "its drain runs");
        let lost = jobs::Finished {
            id: taken.jobs[0].id,
            fence: taken.jobs[0].fence,
            end: jobs::End::Dead { code: "shard_unreachable" },
        };
        jobs::finish(&bench.store, NOON, vec![lost]).await.unwrap();
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 1);
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0);
        jobs::hand_back(&bench.store, NOON, &"one".into()).await.unwrap();
        messages::mark_sent(&bench.store, NOON, &held, message.id, NOON).await.unwrap();
        let (store, soon) = (&bench.store, NOON.plus(Duration::from_hours(1)));
        while jobs::prune(store, soon, 100).await.unwrap() > 0 {}
        assert_eq!(sweeps::drains_missing(store, NOON).await.unwrap(), 0, "nothing is left to send");
    }

    async fn a_restricted_session_is_drained_where_the_person_has_written(bench: &Bench) {
        let held = bench.held().await;
        let until = NOON.plus(Duration::from_hours(1));
        let restricted = |reason| sessions::set_state(&bench.store, NOON, &held, SessionState::Restricted, Some(reason), Some(until));
        restricted(SessionReason::NewChatsRestricted).await.unwrap();
        accept(&bench.store, &held, "held back").await;
        bench.forget_jobs().await;
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "nobody has written");
        let reply = Inbound { peer: phone("972501234567"), from_me: false, wa_id: "IN".to_owned(), at: NOON, push_name: None, content: Content::Text("hi".to_owned()) };
        inbound::record(&bench.store, NOON, &held, vec![reply]).await.unwrap();
        bench.forget_jobs().await;
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 1, "an answer may go");
        bench.forget_jobs().await;
        restricted(SessionReason::TemporaryBan).await.unwrap();
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "nothing goes during a ban");
    }

    async fn a_message_is_given_up_at_its_deadline_and_tells_so(bench: &Bench) {
        let held = bench.held().await;
        let queued = accept(&bench.store, &held, "queued").await;
        let sending = accept(&bench.store, &held, "sending").await;
        messages::mark_sending(&bench.store, NOON, &held, sending.id).await.unwrap();
        assert_eq!(sweeps::expire_messages(&bench.store, LATER).await.unwrap(), 0);
        let deadline = queued.expires_at.unwrap();
        assert_eq!(sweeps::expire_messages(&bench.store, deadline).await.unwrap(), 1);
        assert_eq!(told(&bench.store, &held, &queued).await, ["queued", "failed"]);
        let minute = deadline.plus(Duration::from_mins(1));
        assert_eq!(sweeps::expire_messages(&bench.store, minute).await.unwrap(), 1);
        let stored = messages::get(&bench.store, held.business, sending.id).await.unwrap().unwrap();
        assert_eq!(stored.error.unwrap().code, "expired");
    }

    async fn what_is_spent_is_removed_and_the_rest_stays(bench: &Bench) {
        let held = bench.held().await;
        accept(&bench.store, &held, "hello").await;
        assert_eq!(sweeps::prune(&bench.store, NOON).await.unwrap(), 0);
        let head = events::head(&bench.store, held.business).await.unwrap();
        let week = NOON.plus(Duration::from_hours(8 * 24));
        while sweeps::prune(&bench.store, week).await.unwrap() > 0 {}
        let gone = events::after(&bench.store, held.business, 0, 10).await.unwrap();
        assert!(gone.events.is_empty());
        assert_eq!(events::head(&bench.store, held.business).await.unwrap(), head);
    }
}
