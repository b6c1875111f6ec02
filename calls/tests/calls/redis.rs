//! What the tests do with a Redis server of their own.

use store::redis::Redis;

pub(crate) use crate::redis_server::Server;

impl Server {
    pub(crate) fn client(&self) -> Redis {
        Redis::open(&format!("redis://127.0.0.1:{}", self.port())).unwrap()
    }

    pub(crate) fn flush(&self) {
        self.order(&["FLUSHALL"]);
    }

    /// Runs a script over these keys.
    pub(crate) fn run(&self, script: &str, keys: &[&str]) {
        let count = keys.len().to_string();
        self.order(&[&["EVAL", script, &count], keys].concat());
    }

    /// Gives an order of Redis's own.
    pub(crate) fn order(&self, order: &[&str]) {
        let output = self.cli(order);
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) async fn start_again(&mut self) {
        assert!(self.begin().await, "another has the port of Redis");
    }
}
