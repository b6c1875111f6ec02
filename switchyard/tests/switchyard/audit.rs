//! `switchyard audit verify`: what somebody does to the log by SQL is seen, and the entry named.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use store::accounts::{self, NewBusiness};
use store::audit::Actor;
use store::businesses::{self, TenantChange};
use store::{Store, StoreOptions};
use switchyard_core::fail::FailPoints;
use switchyard_core::{BusinessId, Timestamp};

use crate::outside::cluster::settings;
use crate::outside::postgres::Postgres;
use crate::outside::process::{program, run};
use crate::outside::rows::change;

/// The database file in a data folder.
const ROWS: &str = "switchyard.db";

/// Where the log is.
enum Place<'a> {
    Folder(&'a Path),
    Server(&'a Postgres),
}

impl Place<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        match self {
            Self::Folder(folder) => {
                command.arg("--data-dir").arg(folder);
            }
            Self::Server(postgres) => {
                command.envs(settings(&postgres.url()));
            }
        }
        command
    }

    /// The rows, to write entries as the program does.
    async fn store(&self) -> Store {
        let options = StoreOptions {
            fail: Arc::new(FailPoints::none()),
            registry: prometheus::Registry::new(),
            hints: false,
            answer: store::ANSWER,
        };
        match self {
            Self::Folder(folder) => Store::open_sqlite(&folder.join(ROWS), options).await,
            Self::Server(postgres) => Store::connect_postgres(&postgres.url(), 2, options).await,
        }
        .unwrap()
    }

    /// Statements behind the program's back.
    async fn sql(&self, statements: &[&str]) {
        for sql in statements {
            match self {
                Self::Folder(folder) => drop(change(&folder.join(ROWS), sql).await),
                Self::Server(postgres) => drop(postgres.sql(sql)),
            }
        }
    }

    /// The exit code of the check, and its one sentence.
    fn verified(&self) -> (Option<i32>, String) {
        let ended = run(self.command(&["audit", "verify"]));
        let said = if ended.code == Some(0) {
            ended.stdout
        } else {
            ended.stderr
        };
        (
            ended.code,
            said.lines().last().unwrap_or_default().to_owned(),
        )
    }
}

/// A business with four entries.
async fn business(store: &Store) -> BusinessId {
    let new = NewBusiness {
        name: "Café".to_owned(),
        owner_name: "Noa".to_owned(),
        owner_email: "noa@example.com".to_owned(),
        password_hash: None,
        operator: false,
    };
    let now = Timestamp::now();
    let made = accounts::create_business_with_owner(store, now, new).await;
    let business = made.unwrap().0.id;
    for name in ["Bar", "Inn", "Pub"] {
        let change = TenantChange {
            name: Some(name.to_owned()),
            ..TenantChange::default()
        };
        let changed = businesses::change(store, now, Actor::system(), business, change).await;
        changed.unwrap().unwrap();
    }
    business
}

/// What is done to the log, the first entry that then does not fit, and how it is undone.
const TAMPERED: [(&[&str], i64, &[&str]); 6] = [
    (
        &["update audit set detail = replace(detail, 'Bar', 'Spa') where seq = 2"],
        2,
        &["update audit set detail = replace(detail, 'Spa', 'Bar') where seq = 2"],
    ),
    (
        &["update audit set at = at + 1 where seq = 4"],
        4,
        &["update audit set at = at - 1 where seq = 4"],
    ),
    (
        &[
            "create table kept as select * from audit",
            "delete from audit where seq = 3",
        ],
        3,
        &["insert into audit select * from kept where seq = 3"],
    ),
    // The newest entries.
    (
        &["delete from audit where seq > 2"],
        3,
        &["insert into audit select * from kept where seq > 2"],
    ),
    (
        &["update audit_heads set seq = 3"],
        3,
        &["update audit_heads set seq = 4"],
    ),
    (
        &[
            "create table kept_heads as select * from audit_heads",
            "delete from audit_heads",
        ],
        1,
        &["insert into audit_heads select * from kept_heads"],
    ),
];

async fn is_seen(place: &Place<'_>) {
    assert_eq!(run(place.command(&["migrate"])).code, Some(0));
    let store = place.store().await;
    let business = business(&store).await;
    store.close().await;
    let whole = "the audit log is whole: 4 entries of 1 businesses";
    assert_eq!(place.verified(), (Some(0), whole.to_owned()));
    for (tamper, entry, undo) in TAMPERED {
        place.sql(tamper).await;
        let named = format!("switchyard: the audit log of {business} was changed at entry {entry}");
        assert_eq!(place.verified(), (Some(1), named), "after {tamper:?}");
        place.sql(undo).await;
        assert_eq!(
            place.verified(),
            (Some(0), whole.to_owned()),
            "after {undo:?}"
        );
    }
}

#[tokio::test]
async fn an_entry_that_was_changed_or_taken_out_is_named_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    is_seen(&Place::Folder(folder.path())).await;
}

#[tokio::test]
async fn an_entry_that_was_changed_or_taken_out_is_named_on_postgres() {
    let postgres = Postgres::start().await;
    is_seen(&Place::Server(&postgres)).await;
}
