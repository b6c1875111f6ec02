//! What the telephone provider says of the account that it is asked with, in Twilio's words, and where it finds us.

use serde::Deserialize;

use crate::BusinessId;

/// Tells of a state are sent again for as long as Twilio does so, whatever went wrong; no page is.
pub const TOLD: &str = "#rc=5&rp=all&ct=2000&rt=3000";

/// Where the provider asks about the calls of a business; `base` is the public address, without a slash at its end.
pub fn address(base: &str, business: BusinessId, route: &str) -> String {
    format!("{base}/twilio/{business}/{route}")
}

/// Codes of an account that may not be used: "Permission Denied", "Account not active", "Account is not active". Source:
/// Twilio's list of errors.
const NOT_TAKEN: [u32; 3] = [20_003, 20_005, 10_001];
/// The status of wrong credentials.
const UNAUTHORIZED: u16 = 401;

/// The body of an answer that is no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Fault {
    /// The provider's code; 0 for none.
    #[serde(default)]
    pub code: u32,
}

impl Fault {
    /// What a body says; one that cannot be read says nothing.
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Whether, with the HTTP status of its answer, it says that the account is not taken: suspended, or its credentials
    /// are wrong.
    pub fn denies_account(self, status: u16) -> bool {
        status == UNAUTHORIZED || NOT_TAKEN.contains(&self.code)
    }
}

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// `active`, `suspended` or `closed`.
    status: String,
}

impl Account {
    /// What a body says; `None` for one that cannot be read.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}
