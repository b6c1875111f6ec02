//! Why the program ends without doing its work, each with its exit code.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why the program ends. The sentence is for the person who started it.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A setting or flag is wrong.
    Setting(String),
    /// Another process uses the data folder, or has the shard's number.
    InUse(String),
    /// The data was sealed with another master key.
    WrongKey(String),
    /// The database was written by a newer program.
    SchemaNewer(String),
    /// The database was not migrated to this program's schema yet.
    SchemaOlder(String),
    /// Anything else that ends it.
    Fault(anyhow::Error),
}

impl Refusal {
    /// Prints the one sentence, and says how the process ends.
    pub(crate) fn report(&self) -> ExitCode {
        // A closed stderr must not change the exit code.
        writeln!(io::stderr(), "switchyard: {}", self.sentence()).ok();
        ExitCode::from(match self {
            Self::Fault(_) => 1,
            Self::Setting(_) => 2,
            Self::InUse(_) => 3,
            Self::WrongKey(_) => 4,
            Self::SchemaNewer(_) => 5,
            Self::SchemaOlder(_) => 6,
        })
    }

    /// Why, in one sentence.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Setting(sentence)
            | Self::InUse(sentence)
            | Self::WrongKey(sentence)
            | Self::SchemaNewer(sentence)
            | Self::SchemaOlder(sentence) => sentence.clone(),
            Self::Fault(error) => format!("{error:#}"),
        }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::WrongMasterKey => Self::WrongKey(error.to_string()),
            store::Error::SchemaNewer => Self::SchemaNewer(error.to_string()),
            store::Error::SchemaOlder => Self::SchemaOlder(error.to_string()),
            store::Error::RolesLacking(_) => Self::Setting(error.to_string()),
            other => Self::Fault(other.into()),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Fault(error.into())
    }
}
