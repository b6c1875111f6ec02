//! Numbers of a cluster that are connected and idle beside its load: many, so that they all come back at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::standing::Standing;
use crate::outside::api::Api;

/// So many of them has a business, at most.
const OF_ONE: usize = 50;
/// So many are linked at a time.
const AT_ONCE: usize = 8;
/// How often the log of the network is read while many log in.
const LOOK: Duration = Duration::from_millis(250);

impl Standing {
    /// Links so many more numbers, which neither send nor receive.
    pub(super) async fn crowd(&mut self, numbers: usize) {
        let wanted: Vec<usize> = (0..numbers).collect();
        for (business, numbers) in wanted.chunks(OF_ONE).enumerate() {
            let (name, shard) = (format!("Crowd {business}"), business % 3 + 1);
            let shard = u16::try_from(shard).unwrap();
            let key =
                tokio::task::block_in_place(|| self.cluster.business(&name, Some(shard)).unwrap());
            let api = Api::new(self.urls().swap_remove(0), key);
            let (standing, of) = (&*self, &api);
            let linking = numbers.iter().map(|number| async move {
                let phone = format!("1777{number:07}");
                standing.network.phone(&phone).await;
                standing.linked(of, &phone).await;
            });
            let linking = futures_util::stream::iter(linking).buffer_unordered(AT_ONCE);
            linking.collect::<()>().await;
            self.idle.push(api);
        }
        self.seen = self.witnessed().await;
    }

    /// Waits until so many numbers have logged in after the first `before` lines of the log that say so.
    pub(super) async fn logged_in_again(&self, before: usize, numbers: usize, patience: Duration) {
        let (start, mut pace) = (Instant::now(), tokio::time::interval(LOOK));
        loop {
            pace.tick().await;
            let logins = self.network.log("login").await;
            let again = logins.iter().skip(before);
            let again: HashSet<String> = again.map(|it| it["phone"].to_string()).collect();
            if again.len() >= numbers {
                break;
            }
            assert!(start.elapsed() < patience, "{} of {numbers}", again.len());
        }
    }
}
