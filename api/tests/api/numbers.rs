//! Numbers: made, renamed, steered, removed.

use serde_json::json;
use store::sessions;
use switchyard_core::session::Wanted;

use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_made_renamed_steered_and_removed() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let made = client
        .post("/v1/sessions", &json!({"name": " Front desk "}))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(
        (made.body["name"].as_str(), made.body["state"].as_str()),
        (Some("Front desk"), Some("created"))
    );
    let id = made.body["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{id}");

    let renamed = client
        .send("PATCH", &path, &json!({"name": "Kitchen"}))
        .await;
    assert_eq!(
        (renamed.status, renamed.body["name"].as_str()),
        (200, Some("Kitchen"))
    );
    assert_eq!(client.get(&path).await.body["name"], "Kitchen");
    for name in ["", "   ", &"x".repeat(101)] {
        let refused = client.send("PATCH", &path, &json!({"name": name})).await;
        assert_eq!(refused.code(), "invalid_request");
    }

    let full = client.post(&format!("{path}/connect"), &json!({})).await;
    assert_eq!((full.status, full.code()), (503, "shard_unavailable"));
    assert_eq!(full.header("retry-after"), "5");
    app.shard(1).await;
    for (verb, wanted) in [
        ("connect", Wanted::Connected),
        ("restart", Wanted::Restarted),
        ("disconnect", Wanted::Disconnected),
    ] {
        let noted = client.post(&format!("{path}/{verb}"), &json!({})).await;
        assert_eq!(noted.status, 202, "{:?}", noted.body);
        let session = sessions::get(&app.store, ada.business, id.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(session.wanted, wanted);
    }
    assert_eq!(client.send("DELETE", &path, &json!({})).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_read_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    for name in ["a", "b", "c", "d", "e"] {
        client.post("/v1/sessions", &json!({"name": name})).await;
    }
    let (mut names, mut path) = (Vec::new(), "/v1/sessions?limit=2".to_owned());
    loop {
        let page = client.get(&path).await.body;
        let rows = page["data"].as_array().unwrap();
        names.extend(
            rows.iter()
                .map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "nonsense=1"] {
        let refused = client.get(&format!("/v1/sessions?{query}")).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "invalid_request"),
            "{query}"
        );
    }
    app.end().await;
}
