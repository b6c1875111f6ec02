//! What the program is built from: production without the simulator, and no crate twice without a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{cargo, root};

/// The crates of a build of the program, each with its features.
fn program(features: &[&str]) -> String {
    let shown = [
        "--edges", "normal", "--prefix", "none", "--format", "{p} {f}",
    ];
    let mut arguments = vec!["tree", "--package", "switchyard"];
    arguments.extend(features);
    arguments.extend(shown);
    cargo(&arguments)
}

#[test]
fn production_holds_no_simulator_and_checks_the_certificate_chain() {
    let tree = program(&[]);
    assert!(
        tree.contains("whatsapp-rust v"),
        "this test looks at the wrong tree"
    );
    for forbidden in ["danger-skip-cert-chain-verify", "switchyard-sim"] {
        assert!(
            !tree.contains(forbidden),
            "a build without the feature `sim` contains {forbidden}"
        );
    }
}

#[test]
fn the_feature_sim_is_what_trusts_a_network_without_a_chain() {
    let tree = program(&["--features", "sim"]);
    assert!(tree.contains("danger-skip-cert-chain-verify") && tree.contains("switchyard-sim v"));
}

#[test]
fn a_crate_is_there_twice_only_with_a_reason_in_deny_toml() {
    let tree = cargo(&[
        "tree",
        "--workspace",
        "--features",
        "switchyard/sim",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions
                .entry(name)
                .or_default()
                .insert(version.trim_start_matches('v'));
        }
    }
    let reasons = fs::read_to_string(root().join("deny.toml")).unwrap();
    for (name, versions) in versions {
        let unexplained: Vec<&&str> = versions
            .iter()
            .filter(|version| !explained(&reasons, name, version))
            .collect();
        assert!(
            unexplained.len() <= 1,
            "{name} is there as {versions:?}, without a reason in deny.toml"
        );
    }
}

/// True when `deny.toml` has a line for this version, or for its first numbers.
fn explained(reasons: &str, name: &str, version: &str) -> bool {
    let numbers: Vec<&str> = version.split('.').collect();
    (1..=numbers.len()).any(|count| {
        reasons.contains(&format!(
            "crate = \"{name}@{}\", reason = \"",
            numbers[..count].join(".")
        ))
    })
}
