//! How a file looks: it says what it is for, has a job that can be named, and is read without scrolling back.

use super::files;

/// No hand-written file is longer.
const LINES: usize = 400;

/// Names of things without a job.
const JOBLESS: [&str; 12] = [
    "mod", "utils", "util", "common", "helpers", "helper", "types", "misc", "manager", "service",
    "services", "handlers",
];

#[test]
fn every_rust_file_says_first_what_it_is_for() {
    for (path, text) in files(&[".rs"]) {
        assert!(
            text.starts_with("//! "),
            "{path} does not open with `//! what it is for`"
        );
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    for (path, text) in files(&[".rs", ".ts", ".tsx", ".css", ".sql"]) {
        let generated = path.ends_with(".d.ts");
        let lines = text.lines().count();
        assert!(generated || lines <= LINES, "{path} has {lines} lines");
    }
}

#[test]
fn every_module_is_named_after_its_job() {
    for (path, _) in files(&[".rs", ".ts", ".tsx"]) {
        for part in path.split('/') {
            let name = part.split('.').next().unwrap().to_lowercase();
            assert!(
                !JOBLESS.contains(&name.as_str()),
                "{path}: `{name}` names no job"
            );
        }
    }
}
