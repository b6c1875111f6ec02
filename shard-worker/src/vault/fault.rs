//! Why a call on the vault failed, and how the client is told.

use wacore::store::error::StoreError;

/// Why a call on the vault failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The store refused, or could not be reached until the deadline.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The database did not answer before the lease's deadline. What was asked may have been done.
    #[error("the database did not answer before the end of the lease")]
    OutOfTime,
    /// The vault was closed; another one serves the session's next client.
    #[error("this vault was closed")]
    Closed,
    /// A message came again that was decrypted before and is written down nowhere.
    #[error("a message that came again was never written down")]
    NeverRecorded,
    /// The session was paired, but its device row is not there.
    #[error("the session was paired, but its device is not in the vault")]
    DeviceMissing,
    /// What was stored is not what is stored in that place.
    #[error("a stored value is not of its kind: {0}")]
    NotOfItsKind(&'static str),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(store::Error::Unavailable(_)) | Failure::OutOfTime => {
                Self::Connection(Box::new(failure))
            }
            Failure::Store(_) => Self::Database(Box::new(failure)),
            Failure::Closed
            | Failure::NeverRecorded
            | Failure::DeviceMissing
            | Failure::NotOfItsKind(_) => Self::Validation(failure.to_string()),
        }
    }
}
