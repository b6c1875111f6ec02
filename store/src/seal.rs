//! Sealing: what a session's keys look like at rest, and the keys that open them.
//!
//! A master key, known to the process and to no row, wraps one data key per business; the data key seals
//! values with XChaCha20-Poly1305. What a value is sealed *for* (business, owner, space, key, sub) is
//! authenticated with it, so that a row which was moved or swapped does not open.

mod business;
mod cipher;
mod fingerprint;
mod keys;
mod master;
pub(crate) mod sql;

pub use business::{BusinessKey, Place};
pub(crate) use fingerprint::{FINGERPRINT, same};
pub use fingerprint::{check_fingerprint, ensure_fingerprint};
pub use keys::Keys;
pub use master::{MasterKey, NotAMasterKey};
