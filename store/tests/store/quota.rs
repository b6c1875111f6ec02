//! What a business keeps, counted where it is written, and refused when it is too much.

use std::time::Duration;

use store::audit::Actor;
use store::businesses::NewTenant;
use store::inbound::{self, Content, Inbound, Recorded};
use store::quota::{self, Limits};
use store::{Error, Held, businesses, contacts, messages};
use switchyard_core::BusinessId;
use switchyard_core::address::{Identity, Lid, Phone};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, phone};

const NUMBER: &str = "972501234567";
const LID: &str = "99887766";

fn arrived(peer: Identity, wa_id: &str, content: Content) -> Inbound {
    Inbound {
        peer,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: NOON,
        push_name: None,
        content,
    }
}

async fn record(bench: &Bench, held: &Held, message: Inbound) -> Recorded {
    let recorded = inbound::record(&bench.store, NOON, held, vec![message]).await;
    recorded.unwrap()[0]
}

/// A business with a row of its own, which limits stand in.
async fn named(bench: &Bench) -> BusinessId {
    let new = NewTenant {
        name: "Corner Café".to_owned(),
        shard: None,
        limits: Limits::default(),
        owner_email: None,
        invitation_life: Duration::from_mins(1),
    };
    let made = businesses::create(&bench.store, NOON, Actor::system(), new).await;
    made.unwrap().0.id
}

async fn limit(bench: &Bench, held: &Held, storage_bytes: Option<u64>) {
    let change = businesses::TenantChange {
        limits: Some(Limits {
            storage_bytes,
            ..Limits::default()
        }),
        ..businesses::TenantChange::default()
    };
    let by = Actor::system();
    let changed = businesses::change(&bench.store, NOON, by, held.business, change).await;
    assert_eq!(
        changed.unwrap().unwrap().limits.storage_bytes,
        storage_bytes
    );
}

both_engines! {
    async fn every_text_counts_its_bytes_once_through_filling_and_merging(bench: &Bench) {
        let held = bench.held().await;
        let kept = async || quota::storage(&bench.store, held.business).await.unwrap();
        assert_eq!(kept().await, 0);
        let sent = new_message(Some(held.session), phone(NUMBER), "שלום");
        messages::accept(&bench.store, NOON, held.business, sent).await.unwrap();
        assert_eq!(kept().await, 8, "four letters of two bytes");
        record(bench, &held, arrived(phone(NUMBER), "A1", Content::Waiting)).await;
        assert_eq!(kept().await, 8);
        for (times, outcome) in [(0, Recorded::Replaced), (1, Recorded::Duplicate)] {
            let again = arrived(phone(NUMBER), "A1", Content::Text("hello".to_owned()));
            assert_eq!(record(bench, &held, again).await, outcome, "{times}");
            assert_eq!(kept().await, 13);
        }
        let lid = Identity::of_lid(Lid::parse(LID).unwrap());
        for wa_id in ["A1", "A2"] {
            record(bench, &held, arrived(lid.clone(), wa_id, Content::Text("hello".to_owned()))).await;
        }
        assert_eq!(kept().await, 23);
        let (number, other) = (Phone::parse(NUMBER).unwrap(), Lid::parse(LID).unwrap());
        contacts::learn(&bench.store, NOON, &held, number, other).await.unwrap();
        assert_eq!(kept().await, 18, "the message that stood in both chats is one");
    }

    async fn a_business_that_keeps_all_it_may_sends_nothing_and_still_hears(bench: &Bench) {
        let business = named(bench).await;
        let held = bench.held_by(bench.shard(1).await, business).await;
        let send = async || {
            let message = new_message(Some(held.session), phone(NUMBER), "12345");
            messages::accept(&bench.store, NOON, held.business, message).await
        };
        let refused = |outcome: store::Result<_>| matches!(outcome, Err(Error::QuotaExceeded(quota::STORAGE)));
        send().await.unwrap();
        limit(bench, &held, Some(5)).await;
        assert!(refused(send().await), "it is measured when the limit is set");
        limit(bench, &held, Some(10)).await;
        send().await.unwrap();
        send().await.unwrap();
        let mut after = None;
        let mut rounds = 0;
        loop {
            after = quota::measure_storage(&bench.store, after).await.unwrap();
            rounds += 1;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(rounds, 2, "one business has a limit, and then there is none");
        assert!(refused(send().await));
        let customer = arrived(phone(NUMBER), "A1", Content::Text("hello".to_owned()));
        assert_eq!(record(bench, &held, customer).await, Recorded::New);
        assert_eq!(quota::storage(&bench.store, held.business).await.unwrap(), 20);
        limit(bench, &held, None).await;
        send().await.unwrap();
    }
}
