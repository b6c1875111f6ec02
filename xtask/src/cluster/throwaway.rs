//! A cluster that is gone with the step that needed it.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Result;

use super::Cluster;

/// Killed, and its folder removed, when it is dropped.
pub(crate) struct Throwaway {
    cluster: Cluster,
    folder: PathBuf,
}

impl Throwaway {
    /// Starts one in a new folder under `under`; `settings` go to every process.
    pub(crate) fn start(program: &Path, under: &Path, settings: &[(&str, String)]) -> Result<Self> {
        let folder = under.join(format!("switchyard-cluster-{}", process::id()));
        let cluster = Cluster::at(&folder, program, settings)?;
        let mut started = Self { cluster, folder };
        started.cluster.start()?;
        Ok(started)
    }
}

impl Deref for Throwaway {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.cluster.kill_all();
        // What a server still writes while it ends may stay.
        fs::remove_dir_all(&self.folder).ok();
    }
}
