//! The phone numbers that take calls.

use serde_json::json;

use crate::app::TestApp;
use crate::calls::key;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_takes_calls_for_one_business_until_it_is_removed() {
    let app = TestApp::start().await;
    let (business, ada) = key(&app, "ada@example.com").await;
    let (_, eve) = key(&app, "eve@example.com").await;
    let number = json!({"phone": "+972 3-111-0000", "name": "Front desk"});
    let made = ada.post("/v1/call-numbers", &number).await;
    assert_eq!(
        (made.status, &made.body["phone"]),
        (201, &json!("+97231110000"))
    );
    let at = |route: &str| format!("https://calls.example.com/twilio/{business}/{route}");
    let webhooks = json!({
        "voice": at("voice"), "fallback": at("fallback"),
        "status": at("status#rc=5&rp=all&ct=2000&rt=3000"),
    });
    assert_eq!(made.body["webhooks"], webhooks);
    assert_eq!(ada.get("/v1/call-numbers").await.body["data"][0], made.body);
    let taken = eve.post("/v1/call-numbers", &number).await;
    assert_eq!((taken.status, taken.code()), (409, "number_taken"));
    for phone in ["0501234567", "97231110001", "+1"] {
        let number = json!({"phone": phone, "name": "Front desk"});
        let refused = ada.post("/v1/call-numbers", &number).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "invalid_phone"),
            "{phone}"
        );
    }
    let path = format!("/v1/call-numbers/{}", made.body["id"].as_str().unwrap());
    assert_eq!(eve.send("delete", &path, &json!({})).await.status, 404);
    assert_eq!(ada.send("delete", &path, &json!({})).await.status, 204);
    assert_eq!(eve.post("/v1/call-numbers", &number).await.status, 201);
    app.end().await;
}
