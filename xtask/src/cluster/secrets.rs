//! Secrets of a cluster: made at its first start, files for their owner alone, the same as long as the folder is.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::install::{by_apt, find};
use crate::step::Step;

/// The file of a secret of 32 random bytes in base64, made unless it is there.
pub(super) fn file(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    if !path.exists() {
        let secret = random()?;
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(secret.as_bytes())?;
    }
    Ok(path)
}

/// What is in such a file.
pub(super) fn text(folder: &Path, name: &str) -> Result<String> {
    let path = file(folder, name)?;
    Ok(fs::read_to_string(path)?.trim().to_owned())
}

/// A certificate for loopback with its key, made unless they are there: their files.
pub(super) fn certificate(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    if !certificate.exists() {
        openssl()?;
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "365"])
            .args(["-subj", "/CN=Switchyard cluster on this machine"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
            // Clients that check by the book take no authority for a server.
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "openssl made no certificate: {said}");
    }
    Ok((certificate, key))
}

fn random() -> Result<String> {
    openssl()?;
    Step::new("a secret", "openssl")
        .with(|command| command.args(["rand", "-base64", "32"]))
        .output()
}

fn openssl() -> Result<()> {
    match find(&["openssl"], &[]) {
        Some(_) => Ok(()),
        None => by_apt("OpenSSL", &["openssl"]),
    }
}
