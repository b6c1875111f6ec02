//! What may be asked how often: per key and user, and for signing in per account and address.

use std::net::IpAddr;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sha2::{Digest, Sha256};
use store::rates::{Rate, Rates, Verdict};
use store::redis::Redis;
use uuid::Uuid;

/// A person in the dashboard: pages ask for several things at once, so bursts are allowed.
pub(crate) const USER: Rate = Rate::per_s(20, 100);
/// Attempts to sign in to one account.
const ACCOUNT: Rate = Rate::over(5, Duration::from_mins(15));
/// Attempts to sign in from one address.
const ADDRESS: Rate = Rate::over(30, Duration::from_mins(15));

/// Every limit of the API.
pub(crate) struct Limits(Rates);

/// One attempt to sign in, which counts unless it succeeds.
pub(crate) struct Attempt {
    keys: Vec<String>,
}

impl Limits {
    /// Shared by all processes that use that server, if there is one.
    pub(crate) fn new(shared: Option<Redis>) -> Self {
        Self(Rates::new(shared))
    }

    /// One request of a user or a key.
    pub(crate) async fn request(&self, caller: Uuid, rate: Rate) -> Verdict {
        self.0
            .take(&format!("caller:{}", caller.simple()), rate)
            .await
    }

    /// One attempt to sign in, to an account or by a token alone. `Err` is the wait in seconds.
    pub(crate) async fn attempt(
        &self,
        account: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Attempt, u32> {
        let address = address.map(|address| (format!("address:{}", network_of(address)), ADDRESS));
        let account = account.map(|email| (format!("account:{}", hashed(email)), ACCOUNT));
        let mut keys = Vec::new();
        for (key, rate) in address.into_iter().chain(account) {
            let verdict = self.0.take(&key, rate).await;
            if !verdict.passes {
                return Err(verdict.reset_s.max(1));
            }
            keys.push(key);
        }
        Ok(Attempt { keys })
    }

    /// The attempt succeeded, so it does not count.
    pub(crate) async fn succeeded(&self, attempt: &Attempt) {
        for key in &attempt.keys {
            self.0.give_back(key).await;
        }
    }
}

/// An address of a person is not kept where it need not be read.
fn hashed(email: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(email))
}

/// A household has a /64 of IPv6, and may use any address of it.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sixth_wrong_attempt_waits_and_a_right_one_does_not_count() {
        let limits = Limits::new(None);
        let address = Some("203.0.113.7".parse().unwrap());
        for _ in 0..9 {
            let right = limits
                .attempt(Some("a@example.com"), address)
                .await
                .unwrap();
            limits.succeeded(&right).await;
        }
        for _ in 0..5 {
            assert!(limits.attempt(Some("a@example.com"), address).await.is_ok());
        }
        let refused = limits.attempt(Some("a@example.com"), address).await;
        let wait = refused.err().unwrap();
        assert!((170..=180).contains(&wait), "{wait}");
        assert!(limits.attempt(Some("b@example.com"), address).await.is_ok());
    }

    #[test]
    fn the_addresses_of_a_household_are_one() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }
}
