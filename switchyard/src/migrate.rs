//! `switchyard migrate`: brings the database to this program's schema, and keeps the fingerprint of the master key.

use crate::folder::DataFolder;
use crate::installation::Installation;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{runtime, telemetry};

/// Runs to the end; a second time changes nothing.
pub(crate) fn run(settings: &Settings) -> Result<(), Refusal> {
    telemetry::start(&settings.log)?;
    runtime::run(async {
        let installation = if settings.database_url.is_some() {
            Box::pin(Installation::migrated(settings)).await?
        } else {
            let folder = DataFolder::open(&settings.data_dir)?;
            Box::pin(Installation::embedded(settings, &folder)).await?
        };
        installation.store.close().await;
        say("the database has the schema of this version");
        Ok(())
    })
}
