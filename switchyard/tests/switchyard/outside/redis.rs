//! A Redis server of the test's own: stopped, flushed, paused and started again.

use rustix::process::{Pid, Signal, kill_process};

pub(crate) use super::redis_server::Server as Redis;

impl Redis {
    /// What the server's own client shows; none when the server does not answer.
    pub(crate) fn command(&self, words: &[&str]) -> Option<String> {
        let output = self.cli(words);
        let answer = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        output.status.success().then_some(answer)
    }

    /// Starts it anew, empty.
    pub(crate) async fn again(&mut self) {
        assert!(self.begin().await, "another has the port of Redis");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&mut self, signal: Signal) {
        kill_process(Pid::from_child(self.process()), signal).unwrap();
    }
}
