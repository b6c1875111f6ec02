//! Three shards, then five, then two, under the load: only whoever must go does.

use std::collections::BTreeMap;

use serde_json::json;

use super::{again, flowing, over, roles, scale};
use crate::faults::standing::Standing;
use crate::outside::api::Api;
use crate::outside::within;

/// Businesses that no operator gave a shard: where they go is reckoned from how many shards there are.
const FREE: usize = 12;

impl Standing {
    /// Links a number of so many businesses that have no shard of their own.
    async fn place_freely(&mut self, businesses: usize) {
        for number in 0..businesses {
            let name = format!("Anywhere {number}");
            let key = tokio::task::block_in_place(|| self.cluster.business(&name, None).unwrap());
            let api = Api::new(self.urls().swap_remove(0), key);
            let phone = format!("1888{number:07}");
            self.network.phone(&phone).await;
            self.linked(&api, &phone).await;
            self.idle.push(api);
        }
        self.seen = self.witnessed().await;
    }

    /// Which shard holds each session.
    fn holders(&self) -> BTreeMap<String, u16> {
        let held = "select l.session_id || ' ' || s.number from session_leases l
            join shards s using (incarnation) where s.state <> 'lost'";
        let rows = tokio::task::block_in_place(|| self.cluster.sql(held).unwrap());
        let row = |line: &str| {
            let (session, number) = line.trim().split_once(' ').unwrap();
            (session.to_owned(), number.parse().unwrap())
        };
        rows.lines()
            .filter(|it| !it.trim().is_empty())
            .map(row)
            .collect()
    }

    /// Brings the cluster to so many shards; the API and the workers learn it one after the other.
    fn resize(&mut self, shards: u16) {
        tokio::task::block_in_place(|| self.cluster.scale("shard", shards).unwrap());
        for name in roles(self)
            .into_iter()
            .filter(|it| !it.starts_with("shard"))
        {
            tokio::task::block_in_place(|| self.cluster.end(&name).unwrap());
            again(self, &name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_shards_and_then_fewer_move_nobody_of_a_cluster_who_need_not_go() {
    let scale = scale();
    let mut standing = scale.standing().await;
    standing.place_freely(FREE).await;
    let (load, before) = flowing(&mut standing, &scale).await;
    let held = standing.holders();
    assert!(held.len() >= FREE + scale.businesses, "{held:?}");

    standing.resize(5);
    over(
        &mut standing,
        &scale,
        load,
        before,
        "three shards, then five",
    )
    .await;
    assert_eq!(standing.holders(), held, "nobody was asked to move");

    let (load, before) = flowing(&mut standing, &scale).await;
    let operator = standing.operator().await;
    for number in 3..=5 {
        let path = format!("/v1/admin/shards/{number}/drain");
        operator.post(&path, json!({})).await;
        within(scale.patience, "the shard is empty", || async {
            let drain = operator.body(&path).await?;
            (drain["state"] == "drained").then_some(())
        })
        .await;
    }
    standing.resize(2);
    over(&mut standing, &scale, load, before, "five shards, then two").await;
    let now = standing.holders();
    assert_eq!(now.len(), held.len());
    for (session, shard) in held {
        let stays = if shard <= 2 {
            now[&session] == shard
        } else {
            now[&session] <= 2
        };
        assert!(stays, "{session} of shard {shard} is at {}", now[&session]);
    }
}
