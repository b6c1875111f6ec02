//! Accounts: the first owner, passwords, sessions and their refresh tokens, sign-in links, API keys.

use std::time::Duration;

use secrecy::ExposeSecret;
use store::accounts::{
    self, NewApiKey, NewBusiness, NewMember, NewUserSession, Rotate, Rotation, User,
};
use store::audit::Actor;
use store::members::NewInvitation;
use store::{Engine, Error, Store, members, sweeps};
use switchyard_core::permission::{Role, Scope};
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::bench::{Bench, NOON, both_engines};

const DAY: Duration = Duration::from_hours(24);
const GRACE: Duration = Duration::from_secs(10);

fn new_business(email: &str) -> NewBusiness {
    NewBusiness {
        name: "Café".to_owned(),
        owner_name: "Ada".to_owned(),
        owner_email: email.to_owned(),
        password_hash: Some("hash".to_owned()),
        operator: false,
    }
}

async fn owner(store: &Store, email: &str) -> (BusinessId, User) {
    let made = accounts::create_business_with_owner(store, NOON, new_business(email));
    let (business, user) = made.await.unwrap();
    (business.id, user)
}

fn hash(text: &str) -> [u8; 32] {
    accounts::hash(text)
}

async fn signed_in(store: &Store, user: &User, refresh: &str) -> Uuid {
    let new = NewUserSession {
        id: Uuid::now_v7(),
        user: user.id,
        business: None,
        refresh_hash: hash(refresh),
        client_hash: hash("browser"),
        expires_at: NOON.plus(DAY),
    };
    accounts::open_user_session(store, NOON, new)
        .await
        .unwrap()
        .unwrap()
        .id
}

/// How many keys and how many invitations are stored, whatever became of them.
async fn stored(store: &Store) -> (i64, i64) {
    const COUNT: &str =
        "select (select count(*) from api_keys), (select count(*) from invitations)";
    let mut conn = store.read().await.unwrap();
    let counts = match conn.engine() {
        Engine::Sqlite(connection) => sqlx::query_as(COUNT).fetch_one(connection).await,
        Engine::Postgres(connection) => sqlx::query_as(COUNT).fetch_one(connection).await,
    };
    counts.unwrap()
}

/// Presents a token whose successor is named after it.
async fn present(
    store: &Store,
    now: Timestamp,
    session: Uuid,
    token: &str,
    client: &str,
) -> Rotation {
    let rotate = Rotate {
        session,
        presented_hash: hash(token),
        next_hash: hash(&format!("{token}+")),
        client_hash: hash(client),
        grace: Some(GRACE),
        expires_at: now.plus(DAY),
    };
    accounts::rotate(store, now, rotate).await.unwrap()
}

both_engines! {
    async fn of_many_first_runs_at_once_one_makes_an_owner(bench: &Bench) {
        assert!(!accounts::is_set_up(&bench.store).await.unwrap());
        let runs = (0..16).map(|n| {
            let store = bench.store.clone();
            tokio::spawn(async move {
                accounts::set_up(&store, NOON, new_business(&format!("{n}@example.com"))).await
            })
        });
        let mut made = 0;
        for run in runs.collect::<Vec<_>>() {
            match run.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert!(matches!(error, Error::Conflict("already_set_up")), "{error}"),
            }
        }
        assert_eq!(made, 1);
        assert!(accounts::is_set_up(&bench.store).await.unwrap());
    }

    async fn an_address_has_one_account(bench: &Bench) {
        let (business, user) = owner(&bench.store, "ada@example.com").await;
        let found = accounts::password(&bench.store, "ada@example.com").await.unwrap().unwrap();
        assert_eq!((found.user, found.hash.as_deref()), (user.id, Some("hash")));
        assert!(accounts::password(&bench.store, "bob@example.com").await.unwrap().is_none());
        let again = accounts::create_business_with_owner(&bench.store, NOON, new_business("ada@example.com"));
        assert!(matches!(again.await, Err(Error::Conflict("email_taken"))));
        assert_eq!(accounts::business(&bench.store, business).await.unwrap().unwrap().name, "Café");
    }

    async fn a_session_has_the_role_that_the_member_has_now(bench: &Bench) {
        let (business, _) = owner(&bench.store, "ada@example.com").await;
        let new = NewMember {
            name: "Bob".to_owned(),
            email: "bob@example.com".to_owned(),
            password_hash: None,
            role: Role::Agent,
        };
        let bob = accounts::create_member(&bench.store, NOON, business, new).await.unwrap();
        let id = signed_in(&bench.store, &bob, "one").await;
        let session = accounts::user_session(&bench.store, NOON, id, business).await.unwrap().unwrap();
        assert_eq!((session.role, session.business.id), (Role::Agent, business));
        let by = Actor::system();
        let changed = members::change_role(&bench.store, NOON, by, business, bob.id, Role::Admin).await.unwrap();
        assert_eq!(changed.unwrap().role, Role::Admin);
        let session = accounts::user_session(&bench.store, NOON, id, business).await.unwrap().unwrap();
        assert_eq!(session.role, Role::Admin);
        let late = NOON.plus(DAY);
        assert!(accounts::user_session(&bench.store, late, id, business).await.unwrap().is_none());
        accounts::close_user_session(&bench.store, NOON, id).await.unwrap();
        assert!(accounts::user_session(&bench.store, NOON, id, business).await.unwrap().is_none());
    }

    async fn somebody_without_a_business_has_no_session(bench: &Bench) {
        let new = NewUserSession {
            id: Uuid::now_v7(),
            user: switchyard_core::UserId::generate(),
            business: None,
            refresh_hash: hash("one"),
            client_hash: hash("browser"),
            expires_at: NOON.plus(DAY),
        };
        assert!(accounts::open_user_session(&bench.store, NOON, new).await.unwrap().is_none());
    }

    async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session(bench: &Bench) {
        let (business, user) = owner(&bench.store, "ada@example.com").await;
        let id = signed_in(&bench.store, &user, "one").await;
        assert!(matches!(present(&bench.store, NOON, id, "one", "browser").await, Rotation::Renewed(_)));
        assert!(matches!(present(&bench.store, NOON, id, "one+", "browser").await, Rotation::Renewed(_)));
        let old = present(&bench.store, NOON, id, "one", "browser").await;
        assert!(matches!(old, Rotation::Reused), "{old:?}");
        assert!(accounts::user_session(&bench.store, NOON, id, business).await.unwrap().is_none());
        let newest = present(&bench.store, NOON, id, "one++", "browser").await;
        assert!(matches!(newest, Rotation::Unknown), "{newest:?}");
    }

    async fn the_same_client_may_ask_again_within_the_grace(bench: &Bench) {
        let (_, user) = owner(&bench.store, "ada@example.com").await;
        let id = signed_in(&bench.store, &user, "one").await;
        let tabs = (0..8).map(|_| {
            let store = bench.store.clone();
            tokio::spawn(async move { present(&store, NOON, id, "one", "browser").await })
        });
        for tab in tabs.collect::<Vec<_>>() {
            assert!(matches!(tab.await.unwrap(), Rotation::Renewed(_)));
        }
        let in_time = NOON.plus(GRACE);
        assert!(matches!(present(&bench.store, in_time, id, "one", "browser").await, Rotation::Renewed(_)));
        let other = signed_in(&bench.store, &user, "two").await;
        present(&bench.store, NOON, other, "two", "browser").await;
        assert!(matches!(present(&bench.store, NOON, other, "two", "thief").await, Rotation::Reused));
        let late = in_time.plus(Duration::from_millis(1));
        assert!(matches!(present(&bench.store, late, id, "one", "browser").await, Rotation::Reused));
    }

    async fn a_sign_in_link_is_good_once_and_for_a_while(bench: &Bench) {
        let (_, user) = owner(&bench.store, "ada@example.com").await;
        let ttl = Duration::from_mins(10);
        let link = accounts::create_sign_in_link(&bench.store, NOON, user.id, ttl).await.unwrap();
        let tries = (0..16).map(|_| {
            let (store, token) = (bench.store.clone(), link.expose_secret().to_owned());
            tokio::spawn(async move { accounts::use_sign_in_link(&store, NOON, &token).await.unwrap() })
        });
        let mut winners = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            winners.extend(one.await.unwrap());
        }
        assert_eq!(winners, [user.id]);
        let link = accounts::create_sign_in_link(&bench.store, NOON, user.id, ttl).await.unwrap();
        let late = accounts::use_sign_in_link(&bench.store, NOON.plus(ttl), link.expose_secret());
        assert_eq!(late.await.unwrap(), None);
    }

    async fn a_key_is_found_by_its_secret_until_it_is_revoked_or_ends(bench: &Bench) {
        let (business, _) = owner(&bench.store, "ada@example.com").await;
        let new = NewApiKey {
            name: "robot".to_owned(),
            scopes: vec![Scope::MessagesWrite, Scope::EventsRead],
            per_second: 100,
            burst: 200,
            expires_at: Some(NOON.plus(DAY)),
            by: Actor::system(),
        };
        let (id, secret) = accounts::create_api_key(&bench.store, NOON, business, new).await.unwrap();
        let secret = secret.expose_secret();
        assert!(secret.starts_with("sk_") && secret.len() == 46, "{secret}");
        let key = accounts::api_key(&bench.store, NOON, secret).await.unwrap().unwrap();
        assert_eq!((key.id, key.business, key.burst), (id, business, 200));
        assert_eq!(key.scopes, [Scope::MessagesWrite, Scope::EventsRead]);
        assert!(accounts::api_key(&bench.store, NOON, "sk_other").await.unwrap().is_none());
        assert!(accounts::api_key(&bench.store, NOON.plus(DAY), secret).await.unwrap().is_none());
        let theirs = BusinessId::generate();
        assert!(!accounts::revoke_api_key(&bench.store, NOON, Actor::system(), theirs, id).await.unwrap());
        assert!(accounts::api_key_by_id(&bench.store, NOON, business, id).await.unwrap().is_some());
        assert!(accounts::revoke_api_key(&bench.store, NOON, Actor::system(), business, id).await.unwrap());
        assert!(accounts::api_key(&bench.store, NOON, secret).await.unwrap().is_none());
        assert!(accounts::api_key_by_id(&bench.store, NOON, business, id).await.unwrap().is_none());
    }

    async fn the_last_use_of_a_key_is_noted_once_a_minute(bench: &Bench) {
        let (business, _) = owner(&bench.store, "ada@example.com").await;
        let new = NewApiKey {
            name: "robot".to_owned(),
            scopes: vec![Scope::EventsRead],
            per_second: 100,
            burst: 200,
            expires_at: None,
            by: Actor::system(),
        };
        let (id, _) = accounts::create_api_key(&bench.store, NOON, business, new).await.unwrap();
        let soon = NOON.plus(Duration::from_secs(59));
        let later = NOON.plus(Duration::from_secs(61));
        for (used_at, noted) in [(NOON, NOON), (soon, NOON), (later, later)] {
            accounts::key_used(&bench.store, used_at, business, id).await.unwrap();
            let keys = accounts::api_keys(&bench.store, business, None, 50).await.unwrap();
            assert_eq!(keys.data[0].last_used_at, Some(noted));
        }
    }

    async fn a_business_has_so_many_keys_at_most_and_room_again_when_one_is_revoked(bench: &Bench) {
        let (business, _) = owner(&bench.store, "ada@example.com").await;
        let (another, _) = owner(&bench.store, "eve@example.com").await;
        let new = || NewApiKey {
            name: "one of many".to_owned(),
            scopes: vec![Scope::EventsRead],
            per_second: 1,
            burst: 1,
            expires_at: None,
            by: Actor::system(),
        };
        let make = async || accounts::create_api_key(&bench.store, NOON, business, new()).await;
        let (first, _) = make().await.unwrap();
        for _ in 1..accounts::MOST_KEYS {
            make().await.unwrap();
        }
        assert!(matches!(make().await, Err(Error::QuotaExceeded("api_keys"))));
        let other = accounts::create_api_key(&bench.store, NOON, another, new()).await;
        assert!(other.is_ok());
        let revoked = accounts::revoke_api_key(&bench.store, NOON, Actor::system(), business, first).await;
        assert!(revoked.unwrap());
        make().await.unwrap();
    }

    async fn keys_and_invitations_are_removed_thirty_days_after_their_end_and_no_sooner(bench: &Bench) {
        let (store, by) = (&bench.store, Actor::system());
        let (business, _) = owner(store, "ada@example.com").await;
        let make = async |expires_at| {
            let new = NewApiKey {
                name: "robot".to_owned(),
                scopes: vec![Scope::EventsRead],
                per_second: 1,
                burst: 1,
                expires_at,
                by: Actor::system(),
            };
            accounts::create_api_key(store, NOON, business, new).await.unwrap().0
        };
        let lasting = make(None).await;
        make(Some(NOON.plus(DAY))).await;
        let later = make(Some(NOON.plus(DAY * 40))).await;
        let revoked = make(None).await;
        accounts::revoke_api_key(store, NOON.plus(DAY * 2), by.clone(), business, revoked).await.unwrap();
        for (email, life) in [("bob@example.com", DAY), ("eve@example.com", DAY * 40)] {
            let invitation = NewInvitation { email: email.to_owned(), role: Role::Agent, life };
            members::invite(store, NOON, by.clone(), business, invitation).await.unwrap();
        }
        assert_eq!(stored(store).await, (4, 2));
        for (days, moment, kept) in [
            (31, 0, (4, 2)),
            (31, 1, (3, 1)),
            (32, 0, (3, 1)),
            (32, 1, (2, 1)),
            (70, 0, (2, 1)),
            (70, 1, (1, 0)),
        ] {
            let then = NOON.plus(DAY * days).plus(Duration::from_millis(moment));
            while sweeps::prune(store, then).await.unwrap() > 0 {}
            assert_eq!(stored(store).await, kept, "{days} days, {moment} ms");
            let listed = accounts::api_keys(store, business, None, 50).await.unwrap();
            let ids: Vec<_> = listed.data.iter().map(|it| it.id).collect();
            assert!(ids.contains(&lasting));
            assert_eq!(ids.contains(&later), kept.0 > 1);
        }
    }
}
