//! The door: each way in which a provider asks is let in when it is signed, and refused when one byte is another.

use reqwest::{Client, Method};
use sha2::{Digest as _, Sha256};

use crate::caller::sign;
use crate::stage::{ACCOUNT, Replica, SHOP, Stage, TOKEN};

/// Sends it as it stands, and answers the status.
async fn asks(method: Method, url: &str, signature: &str, body: Option<&str>) -> u16 {
    let mut request = Client::new()
        .request(method, url)
        .header("X-Twilio-Signature", signature);
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_owned());
    }
    request.send().await.unwrap().status().as_u16()
}

fn voice(replica: &Replica, stage: &Stage) -> String {
    format!("{}/twilio/{}/voice", replica.url, stage.business)
}

fn hash_of(body: &str) -> String {
    let digits: Vec<String> = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.concat()
}

#[actix_web::test]
async fn a_webhook_that_asks_by_get_is_signed_with_its_query() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let number = SHOP.replace('+', "%2B");
    let url = |sid: &str| {
        let at = voice(&replica, &stage);
        format!(
            "{at}?AccountSid={ACCOUNT}&CallSid={sid}&CallStatus=ringing&To={number}&From=%2B15550002222"
        )
    };
    let signature = sign(TOKEN, &url("CA1"), &[]);
    assert_eq!(asks(Method::GET, &url("CA2"), &signature, None).await, 403);
    assert!(stage.row("CA2").await.is_none());
    assert_eq!(asks(Method::GET, &url("CA1"), &signature, None).await, 200);
    assert_eq!(
        stage.row("CA1").await.unwrap().from.as_deref(),
        Some("+15550002222")
    );
}

#[actix_web::test]
async fn a_webhook_whose_body_is_json_is_signed_with_the_hash_of_it() {
    let stage = Stage::new().await;
    let replica = stage.replica();
    let body = |sid: &str| {
        format!(
            r#"{{"AccountSid":"{ACCOUNT}","CallSid":"{sid}","CallStatus":"ringing","To":"{SHOP}","From":"+15550002222"}}"#
        )
    };
    let hash = hash_of(&body("CA1"));
    let url = format!("{}?bodySHA256={hash}", voice(&replica, &stage));
    let signature = sign(TOKEN, &url, &[]);
    let posted =
        async |url: &str, body: &str| asks(Method::POST, url, &signature, Some(body)).await;
    assert_eq!(posted(&url, &body("CA2")).await, 403, "another body");
    let other = url.replace(&hash, &hash_of(&body("CA2")));
    assert_eq!(posted(&other, &body("CA1")).await, 403, "another hash");
    let none = voice(&replica, &stage);
    assert_eq!(posted(&none, &body("CA1")).await, 403, "no hash");
    let unhashed = sign(TOKEN, &none, &[]);
    let answer = asks(Method::POST, &none, &unhashed, Some(&body("CA1"))).await;
    assert_eq!(answer, 403, "a body that nothing vouches for");
    assert!(stage.row("CA1").await.is_none());
    assert_eq!(posted(&url, &body("CA1")).await, 200);
    assert!(stage.row("CA1").await.is_some());
}
