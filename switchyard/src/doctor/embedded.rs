//! What `up` needs: its data folder, its key, its address.

use std::net::TcpListener;

use super::Findings;
use crate::folder::DataFolder;
use crate::keys;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// Checks them.
pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    match DataFolder::open(&settings.data_dir) {
        Ok(folder) => {
            let path = folder.file("");
            findings.note("data folder", Ok(format!("{} can be used", path.display())));
            findings.note("master key", key(settings, &folder));
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
    let has_rows = folder.file("switchyard.db").exists();
    if has_rows || settings.master_key.is_some() || keys::file(settings, folder).exists() {
        keys::load(settings, folder, true)?;
        Ok("is there".to_owned())
    } else {
        Ok("no data yet: `switchyard up` makes it".to_owned())
    }
}
