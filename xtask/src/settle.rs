//! Keeps cargo from building the client twice.
//!
//! The build script of `waproto` names a file that it writes itself as one of its sources. After its first run that
//! file is newer than the run, so the next cargo call would run the script again and build the client and all above it
//! anew, which takes minutes. Dating the file back to the run says what is true: it has not changed since.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;

/// The generated source, below the folder of a build script's run.
const GENERATED: &str = "out/whatsapp.local.desc";

/// What cargo writes when it starts a build script; its own measure of what is newer.
const RUN: &str = "invoked.timestamp";

/// Dates the generated source back in every profile below `target`. A build that has not happened yet has none.
pub(crate) fn settle(target: &Path) -> Result<()> {
    for profile in ["debug", "release"] {
        let Ok(runs) = fs::read_dir(target.join(profile).join("build")) else {
            continue;
        };
        for run in runs {
            let run = run?.path();
            let (generated, invoked) = (run.join(GENERATED), run.join(RUN));
            if let (Ok(generated), Ok(invoked)) = (
                File::options().append(true).open(generated),
                fs::metadata(invoked),
            ) {
                generated.set_modified(invoked.modified()?)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_source_that_its_own_build_wrote_is_not_newer_than_the_build() {
        let target = env::temp_dir().join(format!("switchyard-settle-{}", std::process::id()));
        let run = target.join("debug/build/waproto-0");
        fs::create_dir_all(run.join("out")).unwrap();
        fs::write(run.join(RUN), "").unwrap();
        fs::write(run.join(GENERATED), "made").unwrap();
        let began = SystemTime::now() - Duration::from_mins(1);
        File::options()
            .append(true)
            .open(run.join(RUN))
            .unwrap()
            .set_modified(began)
            .unwrap();

        settle(&target).unwrap();

        let made = fs::metadata(run.join(GENERATED)).unwrap();
        assert_eq!(made.modified().unwrap(), began);
        assert_eq!(fs::read_to_string(run.join(GENERATED)).unwrap(), "made");
        fs::remove_dir_all(target).unwrap();
    }
}
