//! Programs that we did not write, for node to run at exactly the versions of their lock files.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

/// Tests run side by side; one of them installs, the others wait until it is done.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// Installs exactly what the lock file names, unless an earlier run did so to its end; the folder.
async fn installed(peer: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../sim/peers")
        .join(peer);
    let _turn = INSTALLING.lock().await;
    // npm writes this file last.
    if !folder.join("node_modules/.package-lock.json").is_file() {
        let status = Command::new("npm")
            .args(["ci", "--ignore-scripts"])
            .current_dir(&folder)
            .status()
            .await
            .expect("npm; install Node 20 or newer");
        assert!(status.success(), "npm ci failed in {}", folder.display());
    }
    folder
}

/// A script in the folder of a peer, spoken to by lines; it ends with whoever started it.
pub(crate) async fn script(peer: &str, file: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(file)
        .current_dir(installed(peer).await)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}
