//! Each process with the login of its role: the owner migrates and is no superuser, `api` is `sy_api`, `shard` and
//! `worker` are `sy_platform`.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::faults::traffic::Traffic;
use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, Logins, ROLES, settings};
use crate::outside::postgres::Postgres;
use crate::outside::process::{Ended, program, run};
use crate::outside::until;
use crate::roles::link;
use crate::story::CUSTOMERS;

/// The passwords, as an operator sets them: ARCHITECTURE prints the same statements.
const PASSWORDS: &str =
    "alter role sy_api password 'of the api'; alter role sy_platform password 'of the platform'";

const LOGGED_IN: &str = "select distinct usename from pg_stat_activity
    where application_name like 'switchyard %' order by 1";

/// A server on which an owner without any special right has the database.
async fn server() -> (Postgres, String) {
    let postgres = Postgres::start().await;
    postgres.sql("create role keeper login password 'of the keeper'; alter database postgres owner to keeper");
    postgres.ask_for_passwords();
    let url = postgres.url_of("keeper", "of%20the%20keeper");
    (postgres, url)
}

fn on(url: &str, arguments: &[&str]) -> Ended {
    let mut command = program(arguments);
    command.envs(settings(url));
    run(command)
}

/// Makes the roles as the refusal of `migrate` says, and gives them passwords.
fn make_roles(postgres: &Postgres, keeper: &str) -> Logins {
    let refused = on(keeper, &["migrate"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let (_, statements) = refused.stderr.trim().rsplit_once("run: ").unwrap();
    assert!(statements.contains("create role sy_api"), "{statements}");
    postgres.sql(statements);
    postgres.sql(PASSWORDS);
    let platform = postgres.url_of("sy_platform", "of%20the%20platform");
    Logins {
        command: keeper.to_owned(),
        roles: [
            postgres.url_of("sy_api", "of%20the%20api"),
            platform.clone(),
            platform,
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_with_the_logins_of_their_roles_do_the_main_job() {
    let (postgres, keeper) = server().await;
    let logins = make_roles(&postgres, &keeper);
    let [api_url, platform_url, _] = logins.roles.clone();
    let mut cluster = Box::pin(Cluster::on(postgres, logins, &[])).await;
    // The test itself has made a key as the superuser; its connection ends a moment after it was closed.
    until("the processes alone are connected", || {
        let names = cluster.postgres.sql(LOGGED_IN);
        async move { (names == "sy_api\nsy_platform").then_some(()) }
    })
    .await;
    let session = link(&cluster).await;
    let traffic = Traffic::paced(&cluster.api, &cluster.network, Duration::from_millis(50));
    let last = format!("to {}, number 30", CUSTOMERS[0]);
    cluster.network.shows(CUSTOMERS[0], &last).await;
    let promised = traffic.end().await;
    let report = promised.compared(&cluster.api, &cluster.network).await;
    report.judged();
    signed_in_people_do_their_work(&cluster).await;

    for (role, url) in [(0, &platform_url), (1, &api_url), (2, &api_url)] {
        let refused = on(url, ROLES[role].1);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("logs in as"), "{}", refused.stderr);
    }
    for (url, told) in [
        (&api_url, "ok    login          is sy_api"),
        (&platform_url, "ok    login          is sy_platform"),
        (&keeper, "warn  login          keeper owns the tables"),
        (
            &cluster.postgres.url(),
            "warn  login          postgres is a superuser",
        ),
    ] {
        let well = on(url, &["doctor"]);
        assert_eq!(well.code, Some(0), "{}", well.stdout);
        assert!(well.stdout.contains(told), "{told}: {}", well.stdout);
    }
    let whole = cluster.run(&["audit", "verify"]);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);

    cluster.stop();
    for index in 0..ROLES.len() {
        cluster.again(index).await;
    }
    cluster.api.session_in(&session, "connected").await;
    let forbidden = ["permission denied", "row-level security"];
    let log = cluster.log();
    let refused = log
        .lines()
        .find(|line| forbidden.iter().any(|it| line.contains(it)));
    assert_eq!(refused, None);
}

/// Signing in, and what a person does in the pages of the business.
async fn signed_in_people_do_their_work(cluster: &Cluster) {
    let anonymous = cluster.roles[0].public(String::new());
    let login = json!({ "email": "owner@example.com", "password": "a long password of the tests" });
    let signed_in = anonymous.post("/v1/auth/login", login).await;
    let token = |answer: &serde_json::Value| answer["access_token"].as_str().unwrap().to_owned();
    let owner = cluster.roles[0].public(token(&signed_in));
    let guest = owner
        .post(
            "/v1/members",
            json!({ "email": "dana@example.com", "role": "agent" }),
        )
        .await;
    let invitation = guest["invite_url"].as_str().unwrap();
    let invitation = invitation.split_once("#token=").unwrap().1;
    let joined = anonymous
        .post(
            "/v1/auth/invitation",
            json!({ "token": invitation, "name": "Dana", "password": "another long password" }),
        )
        .await;
    let guest = cluster.roles[0].public(token(&joined));
    assert_eq!(guest.get("/v1/me").await["user"]["name"], "Dana");
    let people = owner.get("/v1/members").await;
    assert_eq!(people["data"].as_array().unwrap().len(), 2, "{people}");
    let key = json!({ "name": "Till", "scopes": ["messages:read"] });
    let key = owner.post("/v1/api-keys", key).await;
    let till = cluster.roles[0].public(key["secret"].as_str().unwrap().to_owned());
    let chats = till.get("/v1/chats?q=number").await;
    assert!(!chats["data"].as_array().unwrap().is_empty(), "{chats}");
    let id = key["id"].as_str().unwrap();
    must_end(&owner, &format!("/v1/api-keys/{id}")).await;
    let member = joined["user"]["id"].as_str().unwrap();
    must_end(&owner, &format!("/v1/members/{member}")).await;
    let audit = owner.get("/v1/audit").await;
    let removed = &audit["data"][0];
    assert_eq!(removed["action"], "member.removed", "{audit}");
    assert_eq!(removed["actor_name"], "Noa", "{audit}");
    // Whoever has left is still named where something was done.
    let entries = audit["data"].as_array().unwrap();
    assert!(
        entries.iter().any(|entry| entry["actor_name"] == "Dana"),
        "{audit}"
    );
}

async fn must_end(api: &Api, path: &str) {
    let (status, body) = api.attempt(Method::DELETE, path, None, None).await.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT, "DELETE {path}: {body}");
}

#[tokio::test]
async fn an_owner_who_may_make_roles_needs_no_administrator_and_sees_the_rows_it_migrates() {
    let (postgres, keeper) = server().await;
    postgres.sql("alter role keeper createrole");
    for _ in 0..2 {
        let migrated = on(&keeper, &["migrate"]);
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
    }
    postgres.sql(
        "insert into businesses (id, name, status, created_at) values (gen_random_uuid(), 'Café', 'active', 1)",
    );
    // A migration that changes rows runs as the owner, whom row-level security is forced on.
    let seen = "set role keeper; select count(*) from businesses";
    assert_eq!(postgres.sql(seen), "1");
    let roles = "select rolname, rolsuper or rolbypassrls or rolinherit and rolname = 'sy_api'
        from pg_roles where rolname like 'sy\\_%' order by 1";
    assert_eq!(postgres.sql(roles), "sy_api|f\nsy_platform|f");
}
