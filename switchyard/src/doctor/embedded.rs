//! What `up` needs: its data folder, its key, rows of this program, its address. Nothing is made or changed.

use std::net::TcpListener;

use secrecy::ExposeSecret;
use store::seal::MasterKey;

use super::Findings;
use crate::folder::DataFolder;
use crate::installation::ROWS;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{keys, runtime};

/// Checks them.
pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    match DataFolder::look(&settings.data_dir) {
        Ok(Some(folder)) => {
            let path = folder.file("");
            findings.note("data folder", Ok(format!("{} can be used", path.display())));
            findings.note("master key", key(settings, &folder));
        }
        Ok(None) => {
            let path = settings.data_dir.display();
            let sentence = format!("{path} is not there yet: `switchyard up` makes it");
            findings.note("data folder", Ok(sentence));
        }
        Err(refusal) => {
            findings.note("data folder", Err(refusal));
        }
    }
    let address = settings.listen;
    let free = TcpListener::bind(address)
        .map(|_| format!("{address} is free"))
        .map_err(|error| Refusal::Setting(format!("cannot listen on {address}: {error}")));
    findings.note("address", free);
}

fn key(settings: &Settings, folder: &DataFolder) -> Result<String, Refusal> {
    let rows = folder.file(ROWS);
    let has_rows = rows.exists();
    if !has_rows && settings.master_key.is_none() && !keys::file(settings, folder).exists() {
        return Ok("no data yet: `switchyard up` makes it".to_owned());
    }
    let master = keys::load(settings, folder, true)?;
    let master = MasterKey::from_base64(master.expose_secret())
        .map_err(|error| Refusal::Setting(error.to_string()))?;
    if !has_rows {
        return Ok("is there".to_owned());
    }
    runtime::run(async {
        store::survey::check_file(&rows, &master).await?;
        Ok(())
    })?;
    Ok("is the one of this database, whose schema this program knows".to_owned())
}
