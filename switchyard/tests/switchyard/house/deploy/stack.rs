//! The file for a Swarm is the one for compose, but for what a Swarm does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{DEMANDED, compose, config, words};
use crate::house::root;

/// What both are given, and how often a Swarm runs what compose has in profiles.
const GIVEN: [(&str, &str); 3] = [
    ("SWITCHYARD_IMAGE", "registry.example/switchyard:1"),
    ("CALLS_REPLICAS", "2"),
    ("WORKER_REPLICAS", "1"),
];

/// What `docker stack deploy` refuses or leaves out. Source: its list of unsupported properties, and its schema 3.8.
const UNKNOWN: [&str; 9] = [
    "build",
    "container_name",
    "depends_on",
    "links",
    "profiles",
    "restart",
    "security_opt",
    "shm_size",
    "tmpfs",
];

/// What is the same in both, word for word.
const SHARED: [&str; 10] = [
    "image",
    "command",
    "environment",
    "healthcheck",
    "user",
    "read_only",
    "cap_drop",
    "stop_grace_period",
    "networks",
    "secrets",
];

fn given() -> Vec<(&'static str, &'static str)> {
    DEMANDED.into_iter().chain(GIVEN).collect()
}

fn stack(variables: &[(&str, &str)]) -> Result<Value, String> {
    config(&["-f", "deploy/stack.yml"], variables)
}

/// A service as compose and as the stack have it.
fn pairs(compose: &Value, stack: &Value) -> Vec<(String, Value, Value)> {
    let names = |file: &Value| -> BTreeSet<String> {
        file["services"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(names(compose), names(stack));
    let of = |name: String| {
        let both = [compose, stack].map(|file| file["services"][&name].clone());
        let [one, other] = both;
        (name, one, other)
    };
    names(compose).into_iter().map(of).collect()
}

/// Where a service of compose has a file system in memory, and where it sees a file of ours.
fn places(service: &Value) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let first = |it: &str| it.split(':').next().unwrap().to_owned();
    let mut memory: BTreeSet<String> = words(&service["tmpfs"]).into_iter().map(first).collect();
    if service["shm_size"].is_string() {
        memory.insert("/dev/shm".to_owned());
    }
    let here = root().display().to_string();
    let bound = words(&service["volumes"]).into_iter().filter_map(|it| {
        let (from, to) = it.strip_suffix(":ro")?.split_once(':')?;
        from.starts_with(&here)
            .then(|| (to.to_owned(), from.to_owned()))
    });
    (memory, bound.collect())
}

#[test]
fn a_swarm_runs_what_compose_runs_with_the_same_settings_and_limits() {
    let (compose, stack) = (compose(&given()).unwrap(), stack(&given()).unwrap());
    for (name, one, other) in pairs(&compose, &stack) {
        for part in SHARED {
            assert_eq!(one[part], other[part], "{name}: {part}");
        }
        for part in ["replicas", "update_config", "resources"] {
            let both = [&one, &other].map(|it| &it["deploy"][part]);
            assert_eq!(both[0], both[1], "{name}: {part}");
        }
        for part in UNKNOWN {
            assert!(other[part].is_null(), "{name}: a Swarm knows no {part}");
        }
        // A name has an address for each replica, where nginx and Prometheus look; the one that ends has none.
        let mode = &other["deploy"]["endpoint_mode"];
        let (wanted, restarts) = match name.as_str() {
            "migrate" => (&Value::Null, "on-failure"),
            _ => (&Value::from("dnsrr"), "any"),
        };
        assert_eq!(mode, wanted, "{name}");
        let policy = &other["deploy"]["restart_policy"]["condition"];
        assert_eq!(policy, restarts, "{name}");
    }
    let (one, other) = (&compose["networks"]["inside"], &stack["networks"]["inside"]);
    for part in ["internal", "ipam"] {
        assert_eq!(one[part], other[part], "the network inside: {part}");
    }
    let files = |file: &Value| -> BTreeMap<String, Value> {
        let secrets = file["secrets"].as_object().unwrap().iter();
        secrets
            .map(|(name, secret)| (name.clone(), secret["file"].clone()))
            .collect()
    };
    assert_eq!(files(&compose), files(&stack));
}

#[test]
fn a_swarm_mounts_what_compose_mounts() {
    let (compose, stack) = (compose(&given()).unwrap(), stack(&given()).unwrap());
    for (name, one, other) in pairs(&compose, &stack) {
        let mounts = other["volumes"].as_array().into_iter().flatten();
        let memory = mounts.filter(|it| it["type"] == "tmpfs");
        let memory = memory.map(|it| it["target"].as_str().unwrap().to_owned());
        let configs = other["configs"].as_array().into_iter().flatten();
        let files = configs.map(|it| {
            let file = &stack["configs"][it["source"].as_str().unwrap()]["file"];
            let target = it["target"].as_str().unwrap().to_owned();
            (target, file.as_str().unwrap().to_owned())
        });
        assert_eq!(places(&one), (memory.collect(), files.collect()), "{name}");
    }
    let database = &stack["services"]["postgres"];
    let volumes = database["volumes"].as_array().unwrap();
    assert!(volumes.contains(&Value::from("database:/var/lib/postgresql/data:rw")));
    let bound = &database["deploy"]["placement"]["constraints"];
    assert_eq!(words(bound).len(), 1, "its volume is on one node: {bound}");
}

#[test]
fn a_swarm_refuses_to_start_without_any_one_of_its_secrets_or_the_image() {
    for missing in DEMANDED
        .map(|(name, _)| name)
        .into_iter()
        .chain(["SWITCHYARD_IMAGE"])
    {
        let others: Vec<_> = given()
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        assert!(stack(&others).is_err(), "{missing}");
    }
}
