//! The master key: given by a setting, or in a file of its own that is made for a new data folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};

use crate::environment::secret;
use crate::folder::{DataFolder, write_private};
use crate::refusal::Refusal;
use crate::settings::Settings;

/// Bytes of a master key.
const BYTES: usize = 32;

/// The file of the key in the data folder, unless a setting names another.
const FILE: &str = "master.key";

/// The key that the settings give, or the file's. A folder without rows gets a new key; one with rows never does:
/// a new key could open nothing of what is there.
pub(crate) fn load(
    settings: &Settings,
    folder: &DataFolder,
    has_rows: bool,
) -> Result<SecretString, Refusal> {
    if settings.master_key.is_some() {
        let file = settings.master_key_file.as_deref();
        let key = secret(
            "SWITCHYARD_MASTER_KEY",
            settings.master_key.as_deref(),
            file,
        )?;
        return key
            .ok_or_else(missing)
            .and_then(|key| checked(key, "SWITCHYARD_MASTER_KEY"));
    }
    let path = file(settings, folder);
    match fs::read_to_string(&path) {
        Ok(text) => checked(text.trim().into(), &path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !has_rows => make(&path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refusal::WrongKey(format!(
            "the master key file {} is missing, and the data of this folder cannot be opened without it",
            path.display()
        ))),
        Err(error) => Err(Refusal::Setting(format!(
            "cannot read {}: {error}",
            path.display()
        ))),
    }
}

/// The key that the settings give, for processes without a data folder: all of an installation have the same one.
pub(crate) fn given(settings: &Settings) -> Result<SecretString, Refusal> {
    let (value, file) = (
        settings.master_key.as_deref(),
        settings.master_key_file.as_deref(),
    );
    let key = secret("SWITCHYARD_MASTER_KEY", value, file)?;
    let key = key.ok_or_else(|| {
        Refusal::Setting(
            "set SWITCHYARD_MASTER_KEY or SWITCHYARD_MASTER_KEY_FILE: every process on one database has the same key"
                .to_owned(),
        )
    })?;
    checked(key, "SWITCHYARD_MASTER_KEY")
}

/// Where the key is read from when no setting holds the key itself.
pub(crate) fn file(settings: &Settings, folder: &DataFolder) -> PathBuf {
    settings
        .master_key_file
        .clone()
        .unwrap_or_else(|| folder.file(FILE))
}

/// A random secret that survives a shell and an address.
pub(crate) fn random_word() -> SecretString {
    let mut bytes = [0_u8; 24];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn make(path: &Path) -> Result<SecretString, Refusal> {
    let mut bytes = [0_u8; BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let key: SecretString = STANDARD.encode(bytes).into();
    write_private(path, &format!("{}\n", key.expose_secret()))
        .map_err(|error| Refusal::Setting(format!("cannot write {}: {error}", path.display())))?;
    Ok(key)
}

fn checked(key: SecretString, place: &str) -> Result<SecretString, Refusal> {
    match STANDARD.decode(key.expose_secret()) {
        Ok(bytes) if bytes.len() == BYTES => Ok(key),
        _ => Err(Refusal::Setting(format!(
            "{place} is not a master key: 32 bytes in base64"
        ))),
    }
}

fn missing() -> Refusal {
    Refusal::Setting("SWITCHYARD_MASTER_KEY is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::settings::tests::settings;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        (place, folder)
    }

    #[test]
    fn a_new_folder_gets_a_key_that_only_its_owner_reads_and_keeps_it() {
        let (_place, folder) = folder();
        let first = load(&settings(&[]), &folder, false).unwrap();
        let again = load(&settings(&[]), &folder, true).unwrap();
        assert_eq!(first.expose_secret(), again.expose_secret());
        let mode = fs::metadata(folder.file(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_with_rows_never_gets_a_new_key() {
        let (_place, folder) = folder();
        assert!(matches!(
            load(&settings(&[]), &folder, true),
            Err(Refusal::WrongKey(_))
        ));
        assert!(!folder.file(FILE).exists());
    }

    #[test]
    fn a_key_of_another_length_is_a_wrong_setting() {
        let (_place, folder) = folder();
        let short = settings(&["--master-key", "c2hvcnQ="]);
        assert!(matches!(
            load(&short, &folder, false),
            Err(Refusal::Setting(_))
        ));
    }
}
