//! The list of races names files and tests that there are.

use std::fs;

use super::root;

/// Where the list's short names lead.
const FOLDERS: [(&str, &str); 3] = [
    ("C", "calls/tests/calls"),
    ("S", "store/tests/store"),
    ("W", "switchyard/tests/switchyard"),
];

#[test]
fn every_race_of_calls_is_shown_by_a_test_that_there_is() {
    let list = fs::read_to_string(root().join("docs/RACES.md")).unwrap();
    let rows = list.lines().filter(|line| {
        let first = line.trim_start_matches("| ").chars().next();
        line.starts_with("| ") && first.is_some_and(|it| it.is_ascii_digit())
    });
    let mut races = 0;
    for row in rows {
        races += 1;
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for shown in shown.split(", ") {
            let (place, test) = shown.trim_start_matches('`').split_once("` ").unwrap();
            let (letter, file) = place.split_once(' ').unwrap();
            let (_, folder) = FOLDERS.iter().find(|(it, _)| *it == letter).unwrap();
            let path = root().join(folder).join(format!("{file}.rs"));
            let source = fs::read_to_string(&path).unwrap_or_default();
            assert!(source.contains(&format!("fn {test}(")), "{row}");
        }
    }
    assert_eq!(races, 38);
}
