//! Is a built thing older than what it is built from?

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// True when `made` does not exist, or any file under `sources` is newer. A source that does not exist is skipped.
pub(crate) fn is_stale<'a>(made: &Path, sources: impl IntoIterator<Item = &'a Path>) -> bool {
    match newest(made) {
        None => true,
        Some(made_at) => sources
            .into_iter()
            .filter_map(newest)
            .any(|changed_at| changed_at > made_at),
    }
}

/// The latest change of a file, or of any file below a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.is_file() {
        return metadata.modified().ok();
    }
    fs::read_dir(path)
        .ok()?
        .flatten()
        .filter_map(|entry| newest(&entry.path()))
        .max()
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_changed_after_the_build_makes_the_build_stale() {
        let folder = env::temp_dir().join(format!("switchyard-stale-{}", std::process::id()));
        let (source, made) = (
            folder.join("src/deep/page.tsx"),
            folder.join("dist/index.html"),
        );
        fs::create_dir_all(source.parent().unwrap()).unwrap();
        fs::create_dir_all(made.parent().unwrap()).unwrap();
        fs::write(&source, "page").unwrap();
        let sources = folder.join("src");
        assert!(
            is_stale(&made, [sources.as_path()]),
            "nothing was built yet"
        );

        fs::write(&made, "built").unwrap();
        let then = SystemTime::now();
        let touch = |path: &Path, at| {
            fs::File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(at)
        };
        touch(&source, then - Duration::from_mins(1)).unwrap();
        assert!(!is_stale(&made, [sources.as_path(), Path::new("/nowhere")]));

        touch(&source, then + Duration::from_mins(1)).unwrap();
        assert!(is_stale(&made, [sources.as_path()]));
        fs::remove_dir_all(folder).unwrap();
    }
}
