//! A job carries the trace of whoever pushed it to whoever runs it.

use std::collections::HashMap;
use std::time::Duration;

use store::jobs::{self, Ask, Claimed};
use store::trace;
use store::{Lane, Store, messages};
use switchyard_core::job::Job;
use switchyard_core::{BusinessId, ChatId, SessionId, Trace};

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::{new_message, phone};

async fn claim(store: &Store) -> Vec<Claimed> {
    let ask = Ask {
        kind: "drain_chat",
        worker: "tests".into(),
        slots: 64,
        free: 64,
        running: HashMap::new(),
        after: None,
        lease: Duration::from_mins(1),
    };
    jobs::claim(store, NOON, ask).await.unwrap().jobs
}

async fn push(store: &Store, business: BusinessId, job: &Job) {
    let input = (business, job.clone());
    let pushing = store.write(Lane::Rest, input, |tx, (business, job)| {
        Box::pin(jobs::push(tx, NOON, Some(*business), job, NOON))
    });
    pushing.await.unwrap();
}

both_engines! {
    async fn messages_that_share_a_transaction_keep_their_own_traces(bench: &Bench) {
        let held = bench.held().await;
        let mut accepting = Vec::new();
        let mut expected = Vec::new();
        for number in 0..20 {
            let request = format!("request-{number}");
            let trace = Trace::begin().of_request(Some(&request));
            expected.push(trace.to_string());
            let to = phone(&format!("9725012345{number:02}"));
            let message = new_message(Some(held.session), to, "hello");
            let accepted = messages::accept(&bench.store, NOON, held.business, message);
            accepting.push(trace::within(trace, accepted));
        }
        for accepted in futures_util::future::join_all(accepting).await {
            accepted.unwrap();
        }
        let claimed = claim(&bench.store).await;
        let mut found: Vec<String> =
            claimed.iter().map(|job| job.trace.as_ref().unwrap().to_string()).collect();
        found.sort();
        expected.sort();
        // Of one business a worker claims a share.
        assert!(!found.is_empty());
        assert!(found.iter().all(|trace| expected.contains(trace)), "{found:?}");
        found.dedup();
        assert_eq!(found.len(), claimed.len());
    }

    async fn a_job_that_waits_keeps_the_trace_that_it_has(bench: &Bench) {
        let held = bench.held().await;
        let (first, second) = (Trace::begin(), Trace::begin());
        let job = Job::DrainChat { session: SessionId::generate(), chat: ChatId::generate() };
        push(&bench.store, held.business, &job).await;
        trace::within(first.clone(), push(&bench.store, held.business, &job)).await;
        trace::within(second, push(&bench.store, held.business, &job)).await;
        let claimed = claim(&bench.store).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].trace.as_ref(), Some(&first));
    }

    async fn what_nobody_traces_has_no_trace(bench: &Bench) {
        let held = bench.held().await;
        let job = Job::DrainChat { session: SessionId::generate(), chat: ChatId::generate() };
        push(&bench.store, held.business, &job).await;
        assert_eq!(claim(&bench.store).await[0].trace, None);
    }
}
