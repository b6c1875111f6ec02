//! Shards as operators see them.

use std::time::Duration;

use store::leases::{self, Figures, Renewer};
use store::shards;
use switchyard_core::shard::ShardState;

use crate::bench::{Bench, both_engines};

both_engines! {
    async fn a_shard_is_shown_with_what_it_holds_and_how_it_does(bench: &Bench) {
        let shard = bench.shard(3).await;
        bench.held_by(shard, bench.business()).await;
        let figures = Figures { cpu_milli: 420, rss_bytes: 1 << 27, messages_milli: 96_500 };
        let renewed = Renewer::new(&bench.store).renew(shard, Duration::from_mins(1), figures).await;
        assert!(renewed.unwrap());
        let shown = shards::list(&bench.store).await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].number, shown[0].incarnation), (3, shard));
        assert_eq!((shown[0].sessions, shown[0].capacity), (1, 1_000));
        assert_eq!((shown[0].state, shown[0].figures), (ShardState::Live, figures));
        assert!(shown[0].lease_age < Duration::from_secs(30), "{:?}", shown[0].lease_age);
    }

    async fn of_a_number_the_latest_process_is_shown(bench: &Bench) {
        let first = bench.shard(1).await;
        leases::deregister(&bench.store, first).await.unwrap();
        let shown = shards::list(&bench.store).await.unwrap();
        assert_eq!((shown.len(), shown[0].state), (1, ShardState::Lost));
        let second = bench.shard(1).await;
        let shown = shards::list(&bench.store).await.unwrap();
        assert_eq!((shown.len(), shown[0].incarnation), (1, second));
    }

    async fn a_shard_whose_lease_lapsed_is_lost_before_anybody_noticed(bench: &Bench) {
        let shard = bench.shard(1).await;
        let renewed = Renewer::new(&bench.store).renew(shard, Duration::ZERO, Figures::default()).await;
        assert!(renewed.unwrap());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        while shards::list(&bench.store).await.unwrap()[0].state != ShardState::Lost {
            assert!(tokio::time::Instant::now() < deadline, "never lost");
        }
    }
}
