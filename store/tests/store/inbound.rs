//! Inbound messages: one row each, under whichever identity and however often they arrive; and merging.

use std::collections::HashMap;
use std::time::Duration;

use store::inbound::{self, Content, Inbound, Recorded};
use store::jobs::{self, Ask};
use store::messages::{self, NewMessage};
use store::{Error, Held, Store, chats, contacts, events, leases};
use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::message::{Direction, MessageKind, MessageStatus, Source};
use switchyard_core::object::{ChatObject, MessageObject};
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, object, phone, waiting};

const NUMBER: &str = "972501234567";
const LID: &str = "99887766";

fn lid() -> Identity {
    Identity::of_lid(Lid::parse(LID).unwrap())
}

fn both() -> Identity {
    Identity {
        phone: Phone::parse(NUMBER),
        lid: Lid::parse(LID),
    }
}

fn text(peer: Identity, wa_id: &str, text: &str) -> Inbound {
    Inbound {
        peer,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: NOON,
        push_name: Some("Noa".to_owned()),
        content: Content::Text(text.to_owned()),
    }
}

async fn record(bench: &Bench, held: &Held, message: Inbound) -> Recorded {
    inbound::record(&bench.store, NOON, held, vec![message])
        .await
        .unwrap()[0]
}

async fn chats_of(store: &Store, business: BusinessId) -> Vec<ChatObject> {
    let query = chats::ChatQuery {
        limit: 50,
        ..chats::ChatQuery::default()
    };
    chats::list(store, business, query).await.unwrap().data
}

/// The only chat's messages, oldest first.
async fn thread(store: &Store, business: BusinessId) -> Vec<MessageObject> {
    let chats = chats_of(store, business).await;
    assert_eq!(chats.len(), 1, "{chats:?}");
    let mut all = messages::of_chat(store, business, chats[0].id, None, 200)
        .await
        .unwrap();
    all.reverse();
    all
}

fn texts(thread: &[MessageObject]) -> Vec<&str> {
    thread.iter().filter_map(|it| it.text.as_deref()).collect()
}

/// How many syncs of receipts are due then.
async fn claim(store: &Store, now: Timestamp) -> usize {
    let ask = Ask {
        kind: "sync_receipts",
        worker: "w".into(),
        slots: 8,
        free: 8,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    jobs::claim(store, now, ask).await.unwrap().jobs.len()
}

async fn told(bench: &Bench, held: &Held, kind: EventType) -> usize {
    let all = events::after(&bench.store, held.business, 0, 200)
        .await
        .unwrap();
    all.events.iter().filter(|event| event.kind == kind).count()
}

both_engines! {
    async fn a_message_that_arrives_twice_is_one_row_and_one_event(bench: &Bench) {
        let held = bench.held().await;
        assert_eq!(record(bench, &held, text(both(), "A1", "hello")).await, Recorded::New);
        assert_eq!(record(bench, &held, text(both(), "A1", "hello")).await, Recorded::Duplicate);
        assert_eq!(record(bench, &held, text(phone(NUMBER), "A1", "hello")).await, Recorded::Duplicate);
        let thread = thread(&bench.store, held.business).await;
        assert_eq!(texts(&thread), ["hello"]);
        assert_eq!(thread[0].direction, Direction::Inbound);
        assert_eq!(thread[0].status, MessageStatus::Received);
        assert_eq!(thread[0].from.as_deref(), Some("+972501234567"));
        assert_eq!(told(bench, &held, EventType::MessageReceived).await, 1);
        assert_eq!(bench.counter("switchyard_duplicates_total"), 2);
        let chat = &chats_of(&bench.store, held.business).await[0];
        assert_eq!((chat.unread, chat.name.as_deref()), (1, Some("Noa")));
    }

    async fn the_same_message_recorded_by_sixteen_at_once_is_one_row(bench: &Bench) {
        let held = bench.held().await;
        let mut recorders = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = bench.store.clone();
            recorders.spawn(async move {
                let batch = vec![text(both(), "A1", "one"), text(both(), "A2", "two")];
                inbound::record(&store, NOON, &held, batch).await.unwrap()
            });
        }
        let all = recorders.join_all().await.concat();
        let new = all.iter().filter(|it| **it == Recorded::New).count();
        assert_eq!((new, all.len()), (2, 32));
        assert_eq!(texts(&thread(&bench.store, held.business).await), ["one", "two"]);
        assert_eq!(chats_of(&bench.store, held.business).await[0].unread, 2);
    }

    async fn a_waiting_row_is_filled_in_place_by_the_first_real_content_only(bench: &Bench) {
        let held = bench.held().await;
        let empty = Inbound { content: Content::Waiting, ..text(both(), "A1", "") };
        assert_eq!(record(bench, &held, empty.clone()).await, Recorded::New);
        record(bench, &held, text(both(), "A2", "second")).await;
        assert_eq!(record(bench, &held, empty.clone()).await, Recorded::Duplicate);
        assert_eq!(record(bench, &held, text(both(), "A1", "first")).await, Recorded::Replaced);
        assert_eq!(record(bench, &held, text(both(), "A1", "forged")).await, Recorded::Duplicate);
        assert_eq!(record(bench, &held, empty).await, Recorded::Duplicate);
        let thread = thread(&bench.store, held.business).await;
        assert_eq!(texts(&thread), ["first", "second"]);
        assert_eq!(thread[0].kind, MessageKind::Text);
        assert_eq!(told(bench, &held, EventType::MessageWaiting).await, 1);
        assert_eq!(told(bench, &held, EventType::MessageReceived).await, 2);
    }

    async fn a_message_typed_on_the_phone_appears_once_as_sent(bench: &Bench) {
        let held = bench.held().await;
        let own = Inbound { from_me: true, push_name: Some("Us".to_owned()), ..text(both(), "B1", "from the phone") };
        assert_eq!(record(bench, &held, own.clone()).await, Recorded::New);
        assert_eq!(record(bench, &held, own).await, Recorded::Duplicate);
        let thread = thread(&bench.store, held.business).await;
        assert_eq!(thread.len(), 1);
        assert_eq!(thread[0].direction, Direction::Outbound);
        assert_eq!(thread[0].status, MessageStatus::Sent);
        assert_eq!(thread[0].source, Some(Source::Phone));
        let chat = &chats_of(&bench.store, held.business).await[0];
        assert_eq!((chat.unread, chat.name.as_deref()), (0, None), "our own name is not theirs");
    }

    async fn an_echo_of_what_we_sent_is_not_a_second_message(bench: &Bench) {
        let held = bench.held().await;
        let sent = messages::accept(&bench.store, NOON, held.business, new_message(None, phone(NUMBER), "hi")).await;
        let sent = object(sent.unwrap());
        let echo = Inbound { from_me: true, ..text(both(), &sent.wa_id, "hi") };
        assert_eq!(record(bench, &held, echo).await, Recorded::Duplicate);
        assert_eq!(thread(&bench.store, held.business).await.len(), 1);
    }

    async fn a_reply_asks_for_what_it_implies(bench: &Bench) {
        let held = bench.held().await;
        record(bench, &held, text(both(), "A0", "first contact")).await;
        assert_eq!(waiting(&bench.store, Queue::ReceiptsSync).await, 0);
        let sent = messages::accept(&bench.store, NOON, held.business, new_message(None, phone(NUMBER), "hi")).await;
        messages::mark_sent(&bench.store, NOON, &held, object(sent.unwrap()).id, NOON).await.unwrap();
        record(bench, &held, text(both(), "A1", "a reply")).await;
        record(bench, &held, text(both(), "A2", "and another")).await;
        assert_eq!(waiting(&bench.store, Queue::ReceiptsSync).await, 1, "once for both");
        let taken = |seconds| claim(&bench.store, NOON.plus(Duration::from_secs(seconds)));
        assert_eq!(taken(4).await, 0, "its own receipt may still come");
        assert_eq!(taken(5).await, 1);
    }

    async fn a_message_of_the_person_asks_for_what_waits_in_the_chat(bench: &Bench) {
        let held = bench.held().await;
        let new = new_message(None, phone("972501234567"), "held back");
        messages::accept(&bench.store, NOON, held.business, new).await.unwrap();
        bench.forget_jobs().await;
        record(bench, &held, text(phone("972501234567"), "IN1", "hello")).await;
        assert_eq!(waiting(&bench.store, Queue::High).await, 1, "its drain");
        bench.forget_jobs().await;
        record(bench, &held, text(phone("972501234567"), "IN2", "are you there?")).await;
        assert_eq!(waiting(&bench.store, Queue::High).await, 0, "it was asked for");
        record(bench, &held, text(phone("972507654321"), "IN3", "hello")).await;
        assert_eq!(waiting(&bench.store, Queue::High).await, 0, "nothing waits there");
    }

    async fn a_message_is_known_in_its_own_chat_only(bench: &Bench) {
        let held = bench.held().await;
        record(bench, &held, text(both(), "IN1", "hello")).await;
        let known = async |peer: Identity, from_me| {
            inbound::is_known(&bench.store, &held, &peer, from_me, "IN1").await.unwrap()
        };
        assert!(known(phone(NUMBER), false).await && known(lid(), false).await);
        assert!(!known(phone("972507654321"), false).await, "another person may use the same id");
        assert!(!known(lid(), true).await, "so may we");
    }

    async fn two_identities_of_one_person_become_one_contact_and_one_chat(bench: &Bench) {
        let held = bench.held().await;
        let at = |s: i64| Timestamp(NOON.ms() + s * 1_000);
        let say = async |second: i64, peer: Identity, id: &str, words: &str| {
            let batch = vec![text(peer, id, words)];
            inbound::record(&bench.store, at(second), &held, batch).await.unwrap()[0]
        };
        say(1, lid(), "L1", "one").await;
        say(2, phone(NUMBER), "P1", "two").await;
        say(3, lid(), "L2", "three").await;
        say(3, lid(), "X", "both have this").await;
        say(4, phone(NUMBER), "X", "both have this").await;
        say(5, phone(NUMBER), "P2", "four").await;
        assert_eq!(chats_of(&bench.store, held.business).await.len(), 2);
        // The next message names both identities.
        assert_eq!(say(6, both(), "M1", "five").await, Recorded::New);
        let thread = thread(&bench.store, held.business).await;
        assert_eq!(texts(&thread), ["one", "two", "three", "both have this", "four", "five"]);
        assert!(thread.is_sorted_by_key(|it| it.position));
        assert!(thread.iter().all(|it| it.from.as_deref() == Some("+972501234567")));
        let chat = &chats_of(&bench.store, held.business).await[0];
        assert_eq!((chat.unread, chat.lid.as_deref()), (6, Some(LID)));
        assert_eq!(chat.last_message.as_ref().unwrap().text.as_deref(), Some("five"));
        assert_eq!(contacts::list(&bench.store, held.business, None, None, 10).await.unwrap().data.len(), 1);
        let all = events::after(&bench.store, held.business, 0, 200).await.unwrap().events;
        let merged: Vec<_> = all.iter().filter(|event| event.kind == EventType::ContactMerged).collect();
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].data["chat_id"], chat.id.to_string());
        assert!(merged[0].data["merged_chat_id"].is_string());
        assert_eq!(merged[0].data["contact"]["phone"], "+972501234567");
        // What arrived before arrives again, under either identity.
        for (peer, id) in [(lid(), "P1"), (phone(NUMBER), "L1"), (both(), "X")] {
            assert_eq!(say(7, peer, id, "again").await, Recorded::Duplicate);
        }
        contacts::learn(&bench.store, NOON, &held, Phone::parse(NUMBER).unwrap(), Lid::parse(LID).unwrap()).await.unwrap();
        assert_eq!(told(bench, &held, EventType::ContactMerged).await, 1, "merging again does nothing");
    }

    async fn what_waits_in_a_merged_chat_is_still_sent_in_order(bench: &Bench) {
        let held = bench.held().await;
        let now = Timestamp::now();
        let ask = async |to: Identity, words: &str| {
            let new = NewMessage { source: Source::Dashboard, ..new_message(None, to, words) };
            object(messages::accept(&bench.store, now, held.business, new).await.unwrap())
        };
        let first = ask(phone(NUMBER), "1").await;
        ask(phone(NUMBER), "2").await;
        let third = ask(lid(), "3").await;
        let (known_phone, known_lid) = (Phone::parse(NUMBER).unwrap(), Lid::parse(LID).unwrap());
        contacts::learn(&bench.store, now, &held, known_phone, known_lid).await.unwrap();
        assert_eq!(told(bench, &held, EventType::ContactMerged).await, 1);
        let chat = chats_of(&bench.store, held.business).await[0].id;
        assert_eq!(chat, first.chat_id, "the older chat stays");
        let unsent = messages::queued(&bench.store, &held, chat, 10).await.unwrap();
        let texts: Vec<_> = unsent.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["1", "2", "3"]);
        assert!(unsent.iter().all(|it| it.to == both()));
        assert_eq!(unsent[2].wa_id, third.wa_id, "the id on WhatsApp never changes");
        let later = ask(lid(), "4").await;
        assert_eq!((later.chat_id, later.position), (chat, unsent[2].position + 1));
    }

    async fn a_waiting_row_is_filled_by_its_twin_when_chats_are_merged(bench: &Bench) {
        let held = bench.held().await;
        let empty = Inbound { content: Content::Waiting, ..text(lid(), "W", "") };
        record(bench, &held, empty).await;
        record(bench, &held, text(phone(NUMBER), "W", "words")).await;
        record(bench, &held, text(both(), "N", "next")).await;
        let thread = thread(&bench.store, held.business).await;
        assert_eq!(texts(&thread), ["words", "next"]);
        assert_eq!(thread[0].kind, MessageKind::Text);
    }

    async fn learning_makes_nobody_a_contact_and_completes_a_known_one(bench: &Bench) {
        let held = bench.held().await;
        let (number, other) = (Phone::parse(NUMBER).unwrap(), Lid::parse(LID).unwrap());
        contacts::learn(&bench.store, NOON, &held, number.clone(), other.clone()).await.unwrap();
        let all = contacts::list(&bench.store, held.business, None, None, 10).await.unwrap();
        assert!(all.data.is_empty());
        record(bench, &held, text(lid(), "A1", "hello")).await;
        contacts::learn(&bench.store, NOON, &held, number, other).await.unwrap();
        let all = contacts::list(&bench.store, held.business, Some("50123"), None, 10).await.unwrap();
        assert_eq!(all.data[0].phone.as_deref(), Some("+972501234567"));
        assert_eq!(told(bench, &held, EventType::ContactMerged).await, 0);
    }

    async fn a_number_that_went_to_another_person_takes_no_history_along(bench: &Bench) {
        let held = bench.held().await;
        record(bench, &held, text(both(), "A1", "from the first owner")).await;
        let next_owner = Identity { phone: Phone::parse(NUMBER), lid: Lid::parse("555") };
        record(bench, &held, text(next_owner, "A2", "from the second")).await;
        let chats = chats_of(&bench.store, held.business).await;
        assert_eq!(chats.len(), 2);
        assert!(chats.iter().any(|it| it.lid.as_deref() == Some(LID) && it.phone.is_none()));
    }

    async fn a_fenced_shard_records_nothing(bench: &Bench) {
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let refused = inbound::record(&bench.store, NOON, &old, vec![text(both(), "A1", "late")]).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        assert!(chats_of(&bench.store, old.business).await.is_empty());
        let (number, other) = (Phone::parse(NUMBER).unwrap(), Lid::parse(LID).unwrap());
        let refused = contacts::learn(&bench.store, NOON, &old, number, other).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }
}
