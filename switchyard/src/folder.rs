//! The data folder: made for its owner alone, and used by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// The file whose lock says that a process uses the folder.
const LOCK: &str = "switchyard.lock";

/// The data folder, locked while this value lives. The system drops the lock of a process that dies,
/// so holding it proves that no predecessor lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// None in a folder in which no process ever ran.
    _lock: Option<File>,
}

impl DataFolder {
    /// Makes the folder where there is none, locks it, and takes the rights of others from the files in it.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let unusable = |error: io::Error| unusable(path, &error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        let folder = Self::locked(path, lock)?;
        make_private(&folder.path).map_err(unusable)?;
        Ok(folder)
    }

    /// Locks the folder if it is there, and makes nothing.
    pub(crate) fn look(path: &Path) -> Result<Option<Self>, Refusal> {
        let unusable = |error: io::Error| unusable(path, &error);
        let path = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(unusable)?,
        };
        match OpenOptions::new().write(true).open(path.join(LOCK)) {
            Ok(lock) => Self::locked(path, lock).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Some(Self { path, _lock: None }))
            }
            Err(error) => Err(unusable(error)),
        }
    }

    fn locked(path: PathBuf, lock: File) -> Result<Self, Refusal> {
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                _lock: Some(lock),
            }),
            Err(TryLockError::WouldBlock) => Err(Refusal::InUse(format!(
                "another switchyard process uses the data folder {}; stop it, or choose another with --data-dir",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }

    /// The path of a file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn unusable(path: &Path, error: &io::Error) -> Refusal {
    Refusal::Setting(format!(
        "cannot use the data folder {}: {error}",
        path.display()
    ))
}

/// Files of an earlier program, or in a folder that was there before, may be readable by others.
fn make_private(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            make_private(&entry.path())?;
        } else if kind.is_file() && entry.metadata()?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner may read, whole or not at all, and durably.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = folder.join(format!(".{name}.new"));
    // A leftover of a process that died half-way may have other rights.
    fs::remove_file(&fresh).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_that_the_folder_is_in_use() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataFolder::open(&path).unwrap();
        // Locks belong to the open file, so a second opening in the same process meets the same refusal.
        assert!(matches!(DataFolder::open(&path), Err(Refusal::InUse(_))));
        drop(first);
        assert!(DataFolder::open(&path).is_ok());
    }

    #[test]
    fn looking_makes_nothing_and_opening_takes_the_rights_of_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        assert!(DataFolder::look(&path).unwrap().is_none());
        assert!(!path.exists());
        fs::create_dir_all(path.join("sim")).unwrap();
        for name in ["switchyard.db", "sim/network.db"] {
            fs::write(path.join(name), "").unwrap();
            fs::set_permissions(path.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        assert!(DataFolder::look(&path).unwrap().is_some());
        assert!(!path.join(LOCK).exists());
        let _open = DataFolder::open(&path).unwrap();
        for name in ["switchyard.db", "sim/network.db"] {
            let mode = fs::metadata(path.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(matches!(DataFolder::look(&path), Err(Refusal::InUse(_))));
    }

    #[test]
    fn what_is_private_is_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        write_private(&path, "one").unwrap();
        write_private(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
