//! Operators and the queues: seen, paused and resumed; dead letters found and given another life.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use store::Lane;
use store::jobs::{self, Ask, End, Finished};
use switchyard_core::job::Job;
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};

use crate::app::TestApp;
use crate::operating::operator;

/// Pushes drains of a business and lets all of them die of `code`.
async fn kill(app: &TestApp, business: BusinessId, count: usize, code: &'static str) {
    let now = Timestamp::now();
    let pushed = app.store.write(
        Lane::Rest,
        (business, count),
        move |tx, (business, count)| {
            Box::pin(async move {
                for _ in 0..*count {
                    let job = Job::DrainChat {
                        session: SessionId::generate(),
                        chat: ChatId::generate(),
                    };
                    jobs::push(tx, now, Some(*business), &job, now).await?;
                }
                Ok(())
            })
        },
    );
    pushed.await.unwrap();
    let ask = Ask {
        kind: "drain_chat",
        worker: "of the test".into(),
        slots: 100,
        free: 100,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    let claimed = jobs::claim(&app.store, now, ask).await.unwrap().jobs;
    assert_eq!(claimed.len(), count);
    let end = |it: &jobs::Claimed| Finished {
        id: it.id,
        fence: it.fence,
        end: End::Dead { code },
    };
    let ends = claimed.iter().map(end).collect();
    jobs::finish(&app.store, now, ends).await.unwrap();
}

fn queue<'a>(page: &'a Value, name: &str) -> &'a Value {
    let rows = page["data"].as_array().unwrap();
    rows.iter().find(|it| it["queue"] == name).unwrap()
}

fn count(page: &Value) -> usize {
    page["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_is_paused_and_goes_on_and_the_operators_audit_log_says_so() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let before = operator.get("/v1/admin/queues").await;
    assert_eq!(before.status, 200, "{:?}", before.body);
    assert_eq!(count(&before.body), 9);
    let media = queue(&before.body, "recordings");
    assert_eq!(
        (&media["group"], &media["paused"]),
        (&json!("media"), &json!(false))
    );
    for (word, paused) in [("pause", true), ("resume", false)] {
        let path = format!("/v1/admin/queues/recordings/{word}");
        for _again in 0..2 {
            let answer = operator.post(&path, &json!({})).await;
            assert_eq!(
                (answer.status, &answer.body["paused"]),
                (200, &json!(paused))
            );
            assert_eq!(answer.body["paused_at"].is_null(), !paused);
        }
    }
    let audit = operator.get("/v1/audit?limit=3").await.body;
    let acts: Vec<_> = audit["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["action"])
        .collect();
    assert_eq!(acts[..2], ["queue.resumed", "queue.paused"], "each once");
    let unknown = operator
        .post("/v1/admin/queues/swift/pause", &json!({}))
        .await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_found_and_retried_by_one_by_filter_and_all() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let ada = app.business("ada@example.com").await.business;
    let ben = app.business("ben@example.com").await.business;
    kill(&app, ada, 3, "shard_unreachable").await;
    kill(&app, ben, 2, "panicked").await;
    let all = operator.get("/v1/admin/dead-letters").await;
    assert_eq!((all.status, count(&all.body)), (200, 5), "{:?}", all.body);
    for (filter, found) in [
        (format!("business_id={ada}"), 3),
        ("error=panicked".to_owned(), 2),
        ("queue=high&kind=drain_chat".to_owned(), 5),
        ("queue=low".to_owned(), 0),
        ("since=2100-01-01T00:00:00Z".to_owned(), 0),
        ("error=%00".to_owned(), 0),
    ] {
        let path = format!("/v1/admin/dead-letters?{filter}");
        let page = operator.get(&path).await;
        assert_eq!((page.status, count(&page.body)), (200, found), "{filter}");
    }
    let letter = &all.body["data"][4];
    assert_eq!(letter["payload"]["kind"], "drain_chat");
    assert!(
        letter["payload"]["chat"]
            .as_str()
            .unwrap()
            .starts_with("chat_")
    );
    let id = letter["id"].as_str().unwrap();
    let path = format!("/v1/admin/dead-letters/{id}/retry");
    assert_eq!(operator.post(&path, &json!({})).await.status, 200);
    assert_eq!(
        operator.post(&path, &json!({})).await.status,
        404,
        "it lives"
    );
    let path = "/v1/admin/dead-letters/retry";
    let some = operator.post(path, &json!({"error": "panicked"})).await;
    assert_eq!(some.body, json!({"retried": 2, "left": false}));
    let rest = operator.post(path, &json!({})).await;
    assert_eq!(rest.body, json!({"retried": 2, "left": false}));
    assert_eq!(count(&operator.get("/v1/admin/dead-letters").await.body), 0);
    let audit = operator
        .get("/v1/audit?action=dead_letters.retried")
        .await
        .body;
    assert_eq!(count(&audit), 3);
    assert_eq!(audit["data"][1]["detail"]["filter"]["error"], "panicked");
    app.end().await;
}
