//! The process dies at the moment in which the phone begins to believe that it is linked.

use std::time::Instant;

use super::report::Report;
use super::{Stage, rounds};
use crate::outside::LONG;
use crate::story::BUSINESS;

#[tokio::test]
async fn a_number_that_was_linked_at_the_moment_of_death_is_linked_afterwards() {
    let mut codes = 0;
    for round in 0..rounds() {
        let stage = Stage::new().await;
        let mut demo = stage
            .place
            .start_with(&[("SWITCHYARD_FAIL", "after_pair_sign:1")])
            .await;
        let session = demo.api.new_session("Front desk").await;
        let qr = demo.api.qr(&session).await;
        stage.network.scan(BUSINESS, &qr).await;
        assert!(
            demo.process.wait(LONG).code().is_none(),
            "it did not die at the point"
        );
        let offered = stage.network.log("qr_offered").await.len();

        let start = Instant::now();
        let demo = stage.place.start().await;
        demo.api.session_in(&session, "connected").await;
        println!(
            "after_pair_sign, round {round}: connected {:?} after the start",
            start.elapsed()
        );
        codes += stage.network.log("qr_offered").await.len() - offered;
        assert_eq!(stage.network.log("paired").await.len(), 1);
    }
    Report {
        fault: "after_pair_sign".to_owned(),
        rounds: rounds(),
        codes,
        ..Report::default()
    }
    .judged();
}
