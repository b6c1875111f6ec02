//! Chats and contacts: lists, searches, reading.

use store::chats::{self, ChatQuery};
use store::inbound::{self, Content, Inbound};
use store::{Error, contacts, events, leases, sessions, sweeps};
use switchyard_core::Timestamp;
use switchyard_core::event::EventType;
use switchyard_core::message::MessageStatus;
use switchyard_core::object::ChatObject;
use switchyard_core::queue::Queue;
use switchyard_core::session::SessionState;

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{phone, waiting};

fn from(n: i64, name: &str, words: &str) -> Inbound {
    Inbound {
        peer: phone(&format!("97250000000{n}")),
        from_me: false,
        wa_id: format!("{name}-{words}"),
        at: NOON,
        push_name: Some(name.to_owned()),
        content: Content::Text(words.to_owned()),
    }
}

fn query(limit: u32) -> ChatQuery {
    ChatQuery {
        limit,
        ..ChatQuery::default()
    }
}

both_engines! {
    async fn the_chat_with_the_newest_message_comes_first_page_by_page(bench: &Bench) {
        let held = bench.held().await;
        for n in 0..5 {
            let at = Timestamp(NOON.ms() + n);
            inbound::record(&bench.store, at, &held, vec![from(n, "Noa", "hi")]).await.unwrap();
        }
        let again = vec![from(1, "Noa", "me again")];
        inbound::record(&bench.store, Timestamp(NOON.ms() + 9), &held, again).await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = ChatQuery { cursor, ..query(2) };
            let page = chats::list(&bench.store, held.business, page).await.unwrap();
            seen.extend(page.data.into_iter().map(|chat| chat.phone.unwrap()));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let digits: Vec<&str> = seen.iter().map(|it| &it[it.len() - 1..]).collect();
        assert_eq!(digits, ["1", "4", "3", "2", "0"]);
        let rubbish = ChatQuery { cursor: Some("rubbish".to_owned()), ..query(2) };
        let refused = chats::list(&bench.store, held.business, rubbish).await;
        assert!(matches!(refused, Err(Error::InvalidCursor)), "{refused:?}");
    }

    async fn a_search_finds_names_numbers_and_words_as_they_stand(bench: &Bench) {
        let held = bench.held().await;
        let batch = vec![from(1, "Noa Levi", "shalom"), from(2, "דוד", "100% sure"), from(3, "Eve", "100 times")];
        inbound::record(&bench.store, NOON, &held, batch).await.unwrap();
        for (q, found) in [("LEVI", 1), ("דוד", 1), ("0000002", 1), ("Shalom", 1), ("100%", 1), ("100", 2), ("nobody", 0)] {
            let page = ChatQuery { q: Some(q.to_owned()), ..query(10) };
            let page = chats::list(&bench.store, held.business, page).await.unwrap();
            assert_eq!(page.data.len(), found, "{q}");
        }
        let later = vec![from(1, "Noa Levi", "SHALOM again"), from(1, "Noa Levi", "and good-bye")];
        inbound::record(&bench.store, NOON, &held, later).await.unwrap();
        let shown = |chat: &ChatObject| chat.found.clone().and_then(|message| message.text);
        for (q, text) in [("shalom", Some("SHALOM again")), ("levi", None)] {
            let page = ChatQuery { q: Some(q.to_owned()), ..query(10) };
            let page = chats::list(&bench.store, held.business, page).await.unwrap();
            assert_eq!(shown(&page.data[0]).as_deref(), text, "{q}");
            assert_eq!(page.data[0].last_message.clone().unwrap().text.as_deref(), Some("and good-bye"));
        }
        let found = contacts::list(&bench.store, held.business, Some("noa"), None, 10).await.unwrap();
        let contact = contacts::get(&bench.store, held.business, found.data[0].id).await.unwrap();
        assert_eq!(contact.unwrap().name.as_deref(), Some("Noa Levi"));
        let other = contacts::get(&bench.store, bench.business(), found.data[0].id).await.unwrap();
        assert!(other.is_none());
    }

    async fn contacts_come_page_by_page(bench: &Bench) {
        let held = bench.held().await;
        let batch = (0..5).map(|n| from(n, "Noa", "hi")).collect();
        inbound::record(&bench.store, NOON, &held, batch).await.unwrap();
        let first = contacts::list(&bench.store, held.business, None, None, 3).await.unwrap();
        let rest = contacts::list(&bench.store, held.business, None, first.next_cursor.as_deref(), 3).await.unwrap();
        assert_eq!((first.data.len(), rest.data.len(), rest.next_cursor), (3, 2, None));
    }

    async fn reading_a_chat_is_told_here_and_then_to_whatsapp_once(bench: &Bench) {
        let held = bench.held().await;
        let batch = vec![from(1, "Noa", "one"), from(1, "Noa", "two")];
        inbound::record(&bench.store, NOON, &held, batch).await.unwrap();
        let chat = chats::list(&bench.store, held.business, query(1)).await.unwrap().data.remove(0);
        assert_eq!(chat.unread, 2);
        assert!(chats::is_answered(&bench.store, &held, chat.id).await.unwrap());
        let foreign = chats::mark_read(&bench.store, NOON, bench.business(), chat.id).await.unwrap();
        assert!(foreign.is_none());
        let cursor = events::head(&bench.store, held.business).await.unwrap();
        for _ in 0..2 {
            let read = chats::mark_read(&bench.store, NOON, held.business, chat.id).await.unwrap().unwrap();
            assert_eq!(read.unread, 0);
            assert_eq!(read.last_message.unwrap().status, MessageStatus::Read);
        }
        let told = events::after(&bench.store, held.business, cursor, 10).await.unwrap().events;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].kind, EventType::ChatUpdated);
        assert_eq!(waiting(&bench.store, Queue::High).await, 1);
        let unread = ChatQuery { unread: true, ..query(10) };
        assert!(chats::list(&bench.store, held.business, unread).await.unwrap().data.is_empty());
        let to_send = chats::reads_to_send(&bench.store, &held, chat.id).await.unwrap();
        assert_eq!(to_send.len(), 2);
        chats::reads_sent(&bench.store, &held, chat.id, to_send[0].position).await.unwrap();
        let rest = chats::reads_to_send(&bench.store, &held, chat.id).await.unwrap();
        assert_eq!(rest, to_send[1..]);
    }

    async fn reads_that_whatsapp_does_not_know_of_are_told_on_connecting_and_by_the_sweep(bench: &Bench) {
        let held = bench.held().await;
        inbound::record(&bench.store, NOON, &held, vec![from(1, "Noa", "one")]).await.unwrap();
        let chat = chats::list(&bench.store, held.business, query(1)).await.unwrap().data.remove(0);
        chats::mark_read(&bench.store, NOON, held.business, chat.id).await.unwrap();
        bench.forget_jobs().await;
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "it is not connected");
        sessions::set_state(&bench.store, NOON, &held, SessionState::Connected, None, None).await.unwrap();
        assert_eq!(waiting(&bench.store, Queue::High).await, 1, "on connecting");
        bench.forget_jobs().await;
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 1, "by the sweep");
        bench.forget_jobs().await;
        chats::reads_sent(&bench.store, &held, chat.id, i64::MAX).await.unwrap();
        assert_eq!(sweeps::drains_missing(&bench.store, NOON).await.unwrap(), 0, "it knows");
    }

    async fn a_fenced_shard_cannot_say_that_whatsapp_knows(bench: &Bench) {
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        inbound::record(&bench.store, NOON, &old, vec![from(1, "Noa", "one")]).await.unwrap();
        let chat = chats::list(&bench.store, old.business, query(1)).await.unwrap().data.remove(0);
        chats::mark_read(&bench.store, NOON, old.business, chat.id).await.unwrap();
        leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        let refused = chats::reads_sent(&bench.store, &old, chat.id, i64::MAX).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }
}
