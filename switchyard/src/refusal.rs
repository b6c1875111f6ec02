//! Why the program ends without doing its work, each with its exit code.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why the program ends. The sentence is for the person who started it.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A setting or flag is wrong.
    Setting(String),
    /// Another process uses the data folder.
    InUse(String),
    /// The data was sealed with another master key.
    WrongKey(String),
    /// The database was written by a newer program.
    SchemaNewer(String),
    /// Anything else that ends it.
    Fault(anyhow::Error),
}

impl Refusal {
    /// Prints the one sentence, and says how the process ends.
    pub(crate) fn report(&self) -> ExitCode {
        let (code, sentence) = match self {
            Self::Setting(sentence) => (2, sentence.clone()),
            Self::InUse(sentence) => (3, sentence.clone()),
            Self::WrongKey(sentence) => (4, sentence.clone()),
            Self::SchemaNewer(sentence) => (5, sentence.clone()),
            Self::Fault(error) => (1, format!("{error:#}")),
        };
        // A closed stderr must not change the exit code.
        writeln!(io::stderr(), "switchyard: {sentence}").ok();
        ExitCode::from(code)
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
            other => Self::Fault(other.into()),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Fault(error.into())
    }
}
