//! What the calls of an installation are started with.

use std::time::Duration;

use secrecy::{SecretBox, SecretString};
use store::Store;
use store::redis::Redis;
use store::slots::Timing;

use crate::signature::SharedKey;

/// What a provider is answered when there is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCapacity {
    /// 503: it asks the number's fallback address, which answers what the flow says.
    Unavailable,
    /// 200 with the tone of a busy line.
    Reject,
}

/// What a replica is started with.
#[derive(Debug)]
pub struct Options {
    /// The rows.
    pub store: Store,
    /// What counts the slots for all replicas; `None`: this process alone.
    pub redis: Option<Redis>,
    /// The clocks of the slots.
    pub timing: Timing,
    /// The address under which the provider reaches us, without a slash at its end.
    pub public_base_url: String,
    /// The account at the provider.
    pub account: String,
    /// Its token, which signs.
    pub token: SecretString,
    /// A second one while the first is being replaced.
    pub second_token: Option<SecretString>,
    /// A key that the provider signs webhooks with, if one is shared with it.
    pub shared_key: Option<SharedKey>,
    /// What signs the tickets of media sockets, the same in every replica and not known to the provider.
    pub socket_key: SecretBox<[u8; 32]>,
    /// Where the provider is asked; `None`: nowhere, and what it says of live calls is not known.
    pub provider_url: Option<String>,
    /// Calls that the account may begin a second, over all replicas.
    pub calls_per_second: u32,
    /// Calls of all businesses at once, where no operator has set another number.
    pub limit: u32,
    /// Calls of one business at once, where an operator has set no other number for it.
    pub business_limit: u32,
    /// The longest that a call may take.
    pub longest: Duration,
    /// What is answered when there is no line.
    pub at_capacity: AtCapacity,
    /// How often the provider's list of live calls is compared.
    pub compare_every: Duration,
    /// Whether media goes to programs on this machine too.
    pub local_programs: bool,
    /// Where the metrics are registered.
    pub registry: prometheus::Registry,
}
