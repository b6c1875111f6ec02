//! Link attempts: the present code, sealed, of the present holder only.

use secrecy::{ExposeSecret, SecretString};
use store::links::{self, LinkAttempt, Method};
use store::seal::{Keys, MasterKey};
use store::{Error, Hint, leases};
use switchyard_core::Timestamp;
use switchyard_core::session::SessionState;

use crate::bench::{Bench, NOON, both_engines};

fn attempt(code: &str, codes_left: u32) -> LinkAttempt {
    LinkAttempt {
        method: Method::Qr,
        state: SessionState::AwaitingScan,
        payload: SecretString::from(code.to_owned()),
        expires_at: Timestamp(NOON.ms() + 60_000),
        codes_left,
    }
}

both_engines! {
    async fn the_newest_code_is_shown_until_the_attempt_ends(bench: &Bench) {
        let keys = Keys::new(bench.store.clone(), MasterKey::generate());
        let held = bench.held().await;
        let mut hints = bench.store.hints().subscribe();
        links::put(&keys, &held, attempt("2@first", 5)).await.unwrap();
        assert_eq!(hints.recv().await.unwrap(), Hint::Session(held.session));
        links::put(&keys, &held, attempt("2@second", 4)).await.unwrap();
        let shown = links::get(&keys, held.business, held.session).await.unwrap().unwrap();
        assert_eq!(shown.payload.expose_secret(), "2@second");
        assert_eq!(shown.codes_left, 4);
        assert!(links::get(&keys, bench.business(), held.session).await.unwrap().is_none());
        links::end(&bench.store, &held).await.unwrap();
        assert!(links::get(&keys, held.business, held.session).await.unwrap().is_none());
    }

    async fn a_code_of_an_earlier_holder_is_not_shown(bench: &Bench) {
        let keys = Keys::new(bench.store.clone(), MasterKey::generate());
        let shard = bench.shard(1).await;
        let old = bench.held_by(shard, bench.business()).await;
        links::put(&keys, &old, attempt("2@first", 5)).await.unwrap();
        leases::take(&bench.store, shard, old.session).await.unwrap().unwrap();
        assert!(links::get(&keys, old.business, old.session).await.unwrap().is_none());
        let refused = links::put(&keys, &old, attempt("2@late", 4)).await;
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
        assert!(matches!(links::end(&bench.store, &old).await, Err(Error::Fenced)));
    }
}
