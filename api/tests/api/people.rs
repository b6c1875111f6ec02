//! People of a business: invited, given other roles, removed; and the same person in several businesses.

use serde_json::{Value, json};

use crate::app::{Answer, Client, PASSWORD, TestApp};

/// Invites somebody and answers the token of the link.
async fn invite(owner: &Client, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role});
    let invited = owner.post("/v1/members", &body).await;
    assert_eq!(invited.status, 201, "{:?}", invited.body);
    assert!(invited.body["id"].as_str().unwrap().starts_with("inv_"));
    let url = invited.body["invite_url"].as_str().unwrap();
    url.split_once("/invitation#token=").unwrap().1.to_owned()
}

async fn accept(client: &Client, token: &str, name: &str, password: &str) -> Answer {
    let body = json!({"token": token, "name": name, "password": password});
    client.post("/v1/auth/invitation", &body).await
}

fn ids(list: &Value, state: &str) -> Vec<String> {
    let rows = list["data"].as_array().unwrap().iter();
    rows.filter(|row| row["state"] == state)
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_makes_a_member_once() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let first = invite(&owner, "Bob@Example.com ", "agent").await;
    let token = invite(&owner, "bob@example.com", "admin").await;
    let anonymous = app.anonymous();
    let replaced = accept(&anonymous, &first, "Bob", PASSWORD).await;
    assert_eq!(replaced.status, 401, "a second invitation ends the first");

    let shown = anonymous
        .post("/v1/auth/invitation/show", &json!({"token": token}))
        .await;
    assert_eq!(shown.status, 200, "{:?}", shown.body);
    assert_eq!(shown.body["email"], "bob@example.com");
    assert_eq!(
        (&shown.body["role"], &shown.body["has_account"]),
        (&json!("admin"), &json!(false))
    );
    let common = accept(&anonymous, &token, "Bob", "password1234").await;
    assert_eq!(common.code(), "invalid_request");

    let tries = (0..8).map(|_| {
        let (client, token) = (anonymous.clone(), token.clone());
        tokio::spawn(async move { accept(&client, &token, "Bob", PASSWORD).await })
    });
    let mut joined = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        joined.push(one.await.unwrap());
    }
    let won: Vec<&Answer> = joined.iter().filter(|it| it.status == 201).collect();
    assert_eq!(won.len(), 1, "{joined:?}");
    let bob = anonymous.with(won[0].body["access_token"].as_str().unwrap());
    let me = bob.get("/v1/me").await.body;
    assert_eq!(
        (&me["role"], &me["user"]["name"]),
        (&json!("admin"), &json!("Bob"))
    );
    let members = owner.get("/v1/members").await.body;
    assert_eq!(
        (
            ids(&members, "active").len(),
            ids(&members, "invited").len()
        ),
        (2, 0)
    );
    let again = owner
        .post(
            "/v1/members",
            &json!({"email": "bob@example.com", "role": "owner"}),
        )
        .await;
    assert_eq!((again.status, again.code()), (409, "already_a_member"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_with_an_account_joins_by_password_or_signed_in_and_switches() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let owner = app.user(&ada.user).await;
    let signed_in = app.sign_in(&eve.user).await;
    let her = app
        .anonymous()
        .with(signed_in["access_token"].as_str().unwrap());

    let token = invite(&owner, "eve@example.com", "agent").await;
    let thief = accept(&app.anonymous(), &token, "Mallory", PASSWORD).await;
    assert_eq!(thief.status, 401, "the link alone is not the person");
    let other = app.user(&app.agent(ada.business).await).await;
    assert_eq!(
        accept(&other, &token, "Mallory", PASSWORD).await.status,
        401
    );
    let joined = her
        .post("/v1/auth/invitation", &json!({"token": token}))
        .await;
    assert_eq!(joined.status, 201, "{:?}", joined.body);

    let me = her.get("/v1/me").await.body;
    assert_eq!(me["businesses"].as_array().unwrap().len(), 2);
    assert_eq!(me["business"]["id"], eve.business.to_string());
    let there = json!({"business_id": ada.business.to_string()});
    let switched = her.post("/v1/me/business", &there).await;
    assert_eq!(switched.status, 200, "{:?}", switched.body);
    assert_eq!(switched.body["refresh_token"], Value::Null);
    let agent = her.with(switched.body["access_token"].as_str().unwrap());
    let me = agent.get("/v1/me").await.body;
    assert_eq!(
        (&me["role"], &me["business"]["id"]),
        (&json!("agent"), &there["business_id"])
    );
    assert_eq!(agent.get("/v1/members").await.status, 403);
    assert_eq!(
        her.get("/v1/me").await.body["role"],
        "owner",
        "a token goes on naming the business that it was made for"
    );
    let refreshed = json!({"refresh_token": signed_in["refresh_token"]});
    let refreshed = her.post("/v1/auth/refresh", &refreshed).await;
    assert_eq!(
        refreshed.body["business"]["id"], there["business_id"],
        "the switch is kept"
    );

    let nowhere = json!({"business_id": switchyard_core::BusinessId::generate().to_string()});
    assert_eq!(her.post("/v1/me/business", &nowhere).await.status, 404);
    let gone = format!("/v1/members/{}", eve.user.id);
    assert_eq!(owner.send("DELETE", &gone, &json!({})).await.status, 204);
    assert_eq!(
        agent.get("/v1/me").await.status,
        401,
        "at once in this process"
    );
    assert_eq!(
        her.get("/v1/me").await.status,
        200,
        "her own business is still hers"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_owner_cannot_leave_and_of_two_who_leave_at_once_one_stays() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let bob = app.agent(ada.business).await;
    let owner = app.user(&ada.user).await;
    let (hers, his) = (
        format!("/v1/members/{}", ada.user.id),
        format!("/v1/members/{}", bob.id),
    );
    for answer in [
        owner.send("DELETE", &hers, &json!({})).await,
        owner.send("PATCH", &hers, &json!({"role": "agent"})).await,
    ] {
        assert_eq!((answer.status, answer.code()), (409, "last_owner"));
    }
    let raised = owner.send("PATCH", &his, &json!({"role": "owner"})).await;
    assert_eq!(
        (raised.status, &raised.body["role"]),
        (200, &json!("owner"))
    );
    let second = app.user(&bob).await;
    let (one, other) = tokio::join!(
        async { owner.send("DELETE", &hers, &json!({})).await.status },
        async { second.send("DELETE", &his, &json!({})).await.status },
    );
    assert_eq!(
        [one, other].iter().filter(|status| **status == 204).count(),
        1,
        "{one} {other}"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_does_what_it_names_and_ends() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let past =
        json!({"name": "x", "scopes": ["events:read"], "expires_at": "2020-01-01T00:00:00Z"});
    for refused in [
        json!({"name": "x", "scopes": []}),
        json!({"name": "x", "scopes": ["members:manage"]}),
        past,
    ] {
        let answer = owner.post("/v1/api-keys", &refused).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_request"),
            "{refused}"
        );
    }
    let body = json!({"name": "Shop", "scopes": ["sessions:read", "sessions:read"]});
    let made = owner.post("/v1/api-keys", &body).await;
    assert_eq!(
        (made.status, made.header("cache-control")),
        (201, "no-store")
    );
    let secret = made.body["secret"].as_str().unwrap();
    let key = app.anonymous().with(secret);
    assert_eq!(key.get("/v1/sessions").await.status, 200);
    assert_eq!(key.get("/v1/chats").await.status, 403);
    let listed = owner.get("/v1/api-keys").await.body;
    assert!(!listed.to_string().contains(secret));
    assert_eq!(listed["data"][0]["scopes"], json!(["sessions:read"]));
    let path = format!("/v1/api-keys/{}", made.body["id"].as_str().unwrap());
    assert_eq!(owner.send("DELETE", &path, &json!({})).await.status, 204);
    assert_eq!(key.get("/v1/sessions").await.status, 401);
    assert_eq!(owner.send("DELETE", &path, &json!({})).await.status, 404);
    assert_eq!(owner.get("/v1/api-keys").await.body["data"], json!([]));
    app.end().await;
}
