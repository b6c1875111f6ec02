//! Redis: speed, never truth. Everything here may be flushed or stopped at any moment; its users go on without it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, Pipeline, RedisError, RedisResult, Script};

pub(crate) mod cache;
pub(crate) mod hints;
pub(crate) mod rates;
pub(crate) mod slots;

/// No call waits longer: what Redis is for is faster without it.
const ANSWER: Duration = Duration::from_millis(500);
/// Nor for a connection.
const CONNECT: Duration = Duration::from_secs(1);
/// After a failure nobody asks for so long, so that requests do not queue up behind a server that hangs.
const PAUSE: Duration = Duration::from_secs(1);

/// Late answers in a row that are taken for slowness of a moment; one more is an outage.
const LATE: u32 = 2;

/// Redis does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Away {
    /// It was asked and failed.
    #[error("Redis does not answer: {0}")]
    Failed(#[from] RedisError),
    /// It failed a moment ago and was not asked again.
    #[error("Redis did not answer a moment ago")]
    Paused,
    /// It did not answer within the time that there was.
    #[error("Redis did not answer in time")]
    Late,
}

/// A server, connected when it is needed and again when the connection broke or answered nothing. Cloning is cheap.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    way: Arc<Mutex<Way>>,
    opened: Instant,
    /// Milliseconds after `opened` until which nobody asks.
    paused_until: Arc<AtomicU64>,
    /// Answers that came too late, in a row.
    late: Arc<AtomicU32>,
}

/// A connection that is made again by itself when it breaks. One that died without a word does not break for as long
/// as the kernel sends again: it is given up at the first answer that does not come.
#[derive(Clone)]
struct Way {
    manager: ConnectionManager,
    /// How many were given up before it.
    number: u64,
}

impl Way {
    fn new(client: &Client, number: u64) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(0);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { manager, number })
    }
}

impl std::fmt::Debug for Redis {
    /// Without its address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis(…)")
    }
}

impl Redis {
    /// Reads the address, `redis://…`. Nothing is connected yet; call it within a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be read.
    pub fn open(url: &str) -> Result<Self, RedisError> {
        Self::over(Client::open(url)?)
    }

    fn over(client: Client) -> Result<Self, RedisError> {
        let way = Way::new(&client, 0)?;
        Ok(Self {
            client,
            way: Arc::new(Mutex::new(way)),
            opened: Instant::now(),
            paused_until: Arc::new(AtomicU64::new(0)),
            late: Arc::new(AtomicU32::new(0)),
        })
    }

    /// The same server over a connection of its own, which lives on the runtime that this is called in.
    pub(crate) fn apart(&self) -> Self {
        Self::over(self.client.clone()).unwrap_or_else(|_| self.clone())
    }

    /// Whether it answers now; asked also after a failure.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), Away> {
        let mut way = self.way();
        let answer = redis::cmd("PING").query_async(&mut way.manager).await;
        self.noted(&way, answer)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a script that reads and writes as one step.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<T, Away> {
        self.may_ask()?;
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(*key);
        }
        for argument in arguments {
            call.arg(*argument);
        }
        let mut way = self.way();
        let answer = call.invoke_async(&mut way.manager).await;
        self.noted(&way, answer)
    }

    /// Runs commands together.
    pub(crate) async fn pipeline(&self, commands: &Pipeline) -> Result<(), Away> {
        self.may_ask()?;
        let mut way = self.way();
        let answer = commands.query_async(&mut way.manager).await;
        self.noted(&way, answer)
    }

    /// What is asked, unless it takes longer than that; the server may still do it. When that happens some times in a row
    /// nobody asks for a while.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<T, Away>>,
    ) -> Result<T, Away> {
        let way = self.way();
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => {
                self.late.store(0, Ordering::Relaxed);
                answer
            }
            Err(_elapsed) => {
                if self.late.fetch_add(1, Ordering::Relaxed) >= LATE {
                    self.give_up(&way);
                    self.pause();
                }
                Err(Away::Late)
            }
        }
    }

    fn pause(&self) {
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        let until = self.now().saturating_add(pause);
        self.paused_until.store(until, Ordering::Relaxed);
    }

    fn may_ask(&self) -> Result<(), Away> {
        if self.now() < self.paused_until.load(Ordering::Relaxed) {
            Err(Away::Paused)
        } else {
            Ok(())
        }
    }

    fn noted<T>(&self, way: &Way, answer: RedisResult<T>) -> Result<T, Away> {
        match &answer {
            Ok(_) => self.paused_until.store(0, Ordering::Relaxed),
            Err(error) => {
                if error.is_timeout() {
                    self.give_up(way);
                }
                self.pause();
            }
        }
        Ok(answer?)
    }

    fn way(&self) -> Way {
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        way.clone()
    }

    /// The next to ask makes a connection anew, unless somebody saw to that already.
    fn give_up(&self, silent: &Way) {
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        if way.number == silent.number
            && let Ok(next) = Way::new(&self.client, silent.number.saturating_add(1))
        {
            *way = next;
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
