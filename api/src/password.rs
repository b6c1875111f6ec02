//! Passwords: Argon2id with bounded concurrency, so that a flood of sign-ins costs neither memory nor health.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use switchyard_core::code::ApiCode;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::problem::Problem;

mod guesses;

/// Characters that a password may have: ASVS asks for at least 8, advises more, and wants 64 allowed.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// Requests that may wait for their turn; the next ones are told to come again.
const WAITING: usize = 64;

/// A hash of nothing that anybody knows, checked when there is no such account,
/// so that the time of the answer does not tell.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$VE0ruKrBQLVR5mXHnZCI3g$3VYzHJmvBYR0fUyJ9vAFmK5VHwxMo6IFmOJQT9JZPP8";

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitPassword {
    /// Too short or too long.
    #[error("a password has 12 to 128 characters")]
    Length,
    /// Made of what is tried first: common passwords, digits and signs.
    #[error("this password is easily guessed: use a few words that do not belong together")]
    Common,
    /// It could not be hashed.
    #[error("the password could not be hashed")]
    Unhashable,
}

/// Hashes and checks passwords, one per core at a time.
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

/// The parameters that OWASP names as the least: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_now(password: &SecretString) -> Option<String> {
    let hash = argon2().hash_password(password.expose_secret().as_bytes());
    hash.ok().map(|hash| hash.to_string())
}

fn matches_now(password: &SecretString, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        argon2()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok()
    })
}

impl Passwords {
    /// One hash per core at a time: each takes 19 MiB.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// The hash of a new password, as it is stored; takes some 20 ms of a core of its own.
    /// Blocks the thread: for the program's start, not for requests.
    pub fn hash_blocking(password: &SecretString) -> Result<String, UnfitPassword> {
        fit(password)?;
        hash_now(password).ok_or(UnfitPassword::Unhashable)
    }

    /// The hash of a new password, when a core is free for it.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        fit(&password).map_err(|unfit| Problem::invalid(unfit.to_string()))?;
        let hash = self.in_turn(move || hash_now(&password)).await?;
        hash.ok_or_else(|| Problem::internal("a password could not be hashed"))
    }

    /// Whether the password is the one behind the hash; without a hash it takes as long and says no.
    pub(crate) async fn matches(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        self.in_turn(move || {
            let known = hash.is_some();
            matches_now(&password, hash.as_deref().unwrap_or(NOBODY)) && known
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy =
            || Problem::new(ApiCode::Unavailable, "too many people sign in right now").after(1);
        let waits = Arc::clone(&self.waiting).try_acquire_owned();
        let waits = waits.map_err(|_full| busy())?;
        let runs = Arc::clone(&self.running).acquire_owned().await;
        let runs = runs.map_err(|_closed| busy())?;
        // The work has its turn until its own end: who asked may have gone away long before.
        let worked = spawn_blocking(move || {
            let done = work();
            drop((waits, runs));
            done
        });
        worked
            .await
            .map_err(|_panicked| Problem::internal("a password could not be checked"))
    }
}

fn fit(password: &SecretString) -> Result<(), UnfitPassword> {
    let length = password.expose_secret().chars().count();
    if !LENGTH.contains(&length) {
        Err(UnfitPassword::Length)
    } else if guesses::is_common(password.expose_secret()) {
        Err(UnfitPassword::Common)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_matches_its_password_alone() {
        let password = SecretString::from("correct horse battery");
        let hash = Passwords::hash_blocking(&password).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(matches_now(&password, &hash));
        assert!(!matches_now(
            &SecretString::from("correct horse batterz"),
            &hash
        ));
        assert!(!matches_now(&password, "rubbish"));
    }

    #[test]
    fn the_hash_of_nobody_is_as_dear_as_a_real_one() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(Params::try_from(&hash).unwrap().m_cost(), 19_456);
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_though_nobody_waits_for_it_any_more() {
        let passwords = Passwords::new();
        let (cores, (begun, has_begun)) = (
            passwords.running.available_permits(),
            tokio::sync::oneshot::channel(),
        );
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let mut asking = Box::pin(passwords.in_turn(move || {
            begun.send(()).unwrap();
            ends.recv().unwrap();
        }));
        tokio::select! {
            _ = &mut asking => panic!("it has not ended"),
            begun = has_begun => begun.unwrap(),
        }
        drop(asking);
        assert_eq!(passwords.running.available_permits(), cores - 1);
        assert_eq!(passwords.waiting.available_permits(), WAITING - 1);
        end.send(()).unwrap();
        let all = u32::try_from(cores).unwrap();
        let back = passwords.running.acquire_many(all);
        let back = tokio::time::timeout(std::time::Duration::from_secs(10), back);
        assert!(back.await.unwrap().is_ok());
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        for text in ["elevenchars", &"x".repeat(129)] {
            assert!(Passwords::hash_blocking(&SecretString::from(text)).is_err());
        }
    }
}
