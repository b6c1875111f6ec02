//! The crate graph goes one way: switchyard → {api, shard-worker, workers, calls} → store → core; `sim` knows none of them.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::root;

/// Every edge there may be: an edge may skip levels downward.
const ALLOWED: [(&str, &[&str]); 10] = [
    (
        "switchyard",
        &[
            "switchyard-api",
            "switchyard-shard-worker",
            "switchyard-workers",
            "switchyard-calls",
            "switchyard-store",
            "switchyard-core",
            "switchyard-sim",
        ],
    ),
    ("switchyard-api", &["switchyard-store", "switchyard-core"]),
    (
        "switchyard-shard-worker",
        &["switchyard-store", "switchyard-core"],
    ),
    (
        "switchyard-workers",
        &["switchyard-store", "switchyard-core"],
    ),
    ("switchyard-calls", &["switchyard-store", "switchyard-core"]),
    ("switchyard-store", &["switchyard-core"]),
    ("switchyard-core", &[]),
    ("switchyard-sim", &[]),
    // The benchmark's own loads, on the verbs that are measured.
    ("switchyard-rig", &["switchyard-store", "switchyard-core"]),
    ("xtask", &[]),
];

/// Crates that only some may know.
const CONFINED: [(&str, &[&str]); 3] = [
    (
        "whatsapp-rust",
        &["switchyard-shard-worker", "switchyard-sim (tests)"],
    ),
    (
        "sqlx",
        &[
            "switchyard-store",
            "switchyard-sim",
            // Tests make a database of their own, damage its rows and cut its connections.
            "switchyard-api (tests)",
            "switchyard-shard-worker (tests)",
            "switchyard-workers (tests)",
            "switchyard-calls (tests)",
            "switchyard (tests)",
        ],
    ),
    ("apalis-core", &["switchyard-workers"]),
];

fn members() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .unwrap();
    metadata.workspace_packages().into_iter().cloned().collect()
}

#[test]
fn crates_depend_on_each_other_one_way_only() {
    let members = members();
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    for member in &members {
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == member.name.as_str())
            .unwrap_or_else(|| {
                panic!("the crate {} is not in the graph of this test", member.name)
            });
        for edge in &member.dependencies {
            let name = edge.name.as_str();
            // Tests may use the simulator, the cluster of xtask, and a crate itself with a feature on; none of it is part
            // of the program.
            let for_tests = edge.kind == DependencyKind::Development
                && (["switchyard-sim", "xtask"].contains(&name) || name == member.name.as_str());
            assert!(
                !ours.contains(name) || allowed.contains(&name) || for_tests,
                "{} must not depend on {name}",
                member.name
            );
        }
    }
}

#[test]
fn the_simulator_is_optional_in_the_program_and_elsewhere_for_tests_only() {
    for member in members() {
        for edge in member
            .dependencies
            .iter()
            .filter(|edge| edge.name == "switchyard-sim")
        {
            let optional = member.name.as_str() == "switchyard" && edge.optional;
            assert!(
                optional || edge.kind == DependencyKind::Development,
                "{} takes the simulator into the program",
                member.name
            );
        }
    }
}

#[test]
fn the_client_the_database_and_the_job_runtime_are_each_known_to_one_crate() {
    for member in members() {
        for edge in &member.dependencies {
            let Some((_, allowed)) = CONFINED.iter().find(|(name, _)| *name == edge.name) else {
                continue;
            };
            let user = match edge.kind {
                DependencyKind::Development => format!("{} (tests)", member.name),
                _ => member.name.to_string(),
            };
            let is_allowed = allowed
                .iter()
                .any(|name| user == *name || user == format!("{name} (tests)"));
            assert!(is_allowed, "{user} must not know {}", edge.name);
        }
    }
}
