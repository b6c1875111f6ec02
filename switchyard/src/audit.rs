//! `switchyard audit verify`: whether the audit log is as it was written.

use clap::Subcommand;

use crate::installation::Installation;
use crate::progress::{explained, say};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{runtime, telemetry};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check every entry against the one before it; ends with 1 when one was changed or taken out.
    Verify(Box<Settings>),
}

/// Runs to the end.
pub(crate) fn run(audit: &Audit) -> Result<(), Refusal> {
    let Audit::Verify(settings) = audit;
    telemetry::start(&settings.log)?;
    runtime::run(async {
        let (installation, _folder) = Box::pin(Installation::alone(settings)).await?;
        let verifying = Box::pin(store::audit::verify(&installation.store));
        let verified = explained("reading the audit log", verifying).await?;
        installation.store.close().await;
        let whole = verified.map_err(anyhow::Error::from)?;
        say(&format!(
            "the audit log is whole: {} entries of {} businesses",
            whole.entries, whole.businesses
        ));
        Ok(())
    })
}
