//! What production is deployed with says the same everywhere: the list of processes, compose, nginx and the image.

mod gateway;
mod stack;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::root;

/// Variables that compose must be given: each without a default, since each is a secret or an address.
const DEMANDED: [(&str, &str); 5] = [
    ("PUBLIC_BASE_URL", "https://switchyard.example"),
    ("POSTGRES_PASSWORD", "of-the-owner"),
    ("SY_API_PASSWORD", "of-the-api"),
    ("SY_PLATFORM_PASSWORD", "of-the-platform"),
    ("SWITCHYARD_SECRETS", "/run/switchyard"),
];

/// What one process opens beside its pool.
const BESIDE_POOL: u64 = 4;

/// How many connections Postgres keeps for its superuser (`superuser_reserved_connections`).
const RESERVED: u64 = 3;

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn topology() -> Value {
    serde_json::from_str(&text("deploy/topology.json")).unwrap()
}

/// What `docker-compose config` makes of production's file with these variables; what it says where it refuses.
fn compose(variables: &[(&str, &str)]) -> Result<Value, String> {
    let mut arguments = vec!["-f", "docker-compose.prod.yml"];
    for profile in ["multi-shard", "multi-worker", "calls"] {
        arguments.extend(["--profile", profile]);
    }
    config(&arguments, variables)
}

/// The same of any file, named by these arguments.
fn config(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Value, String> {
    let mut command = Command::new("docker-compose");
    command
        .args(arguments)
        .arg("config")
        .current_dir(root())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(variables.iter().copied());
    let output = command
        .output()
        .expect("no docker-compose: run these tests with `cargo xtask test`, which installs it");
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), output.stdout).unwrap();
    Ok(yaml(file.path()))
}

/// What a file in YAML says. Debian's docker-compose is a program in Python, so that its reader of YAML is here.
fn yaml(path: &Path) -> Value {
    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The words of a list.
fn words(value: &Value) -> Vec<&str> {
    let list = value.as_array().into_iter().flatten();
    list.map(|word| word.as_str().unwrap()).collect()
}

/// Every process of the list as compose should have it: its name there, its words, its profile, its replicas.
fn expected(process: &Value) -> Vec<(String, Vec<String>, Option<&str>, u64)> {
    let name = process["name"].as_str().unwrap();
    let command: Vec<String> = words(&process["command"])
        .into_iter()
        .map(str::to_owned)
        .collect();
    let (count, profile) = (
        process["production"].as_u64().unwrap(),
        process["profile"].as_str(),
    );
    if process["numbered"] != true {
        return vec![(name.to_owned(), command, profile, count)];
    }
    (1..=count)
        .map(|number| {
            let mut command = command.clone();
            command.extend(["--number".to_owned(), number.to_string()]);
            let profile = profile.filter(|_| number > 1);
            (format!("{name}-{number}"), command, profile, 1)
        })
        .collect()
}

#[test]
fn compose_runs_the_processes_of_the_list_with_their_limits_and_nothing_else() {
    let (compose, topology) = (compose(&DEMANDED).unwrap(), topology());
    let mut names = vec!["nginx", "postgres", "redis", "migrate"];
    let processes = topology["processes"].as_array().unwrap();
    let expected: Vec<_> = processes
        .iter()
        .flat_map(|process| expected(process).into_iter().map(move |it| (process, it)))
        .collect();
    for (process, (name, command, profile, replicas)) in &expected {
        names.push(name);
        let found = &compose["services"][name];
        assert_eq!(&words(&found["command"]), command, "{name}");
        assert_eq!(
            words(&found["profiles"]).first().copied(),
            *profile,
            "{name}"
        );
        let deploy = &found["deploy"];
        assert_eq!(deploy["replicas"], *replicas, "{name}");
        let update = &deploy["update_config"];
        assert_eq!(update["order"], process["order"], "{name}");
        // The version before does not start on a database that was migrated.
        assert_eq!(update["failure_action"], "pause", "{name}");
        let limits = &deploy["resources"]["limits"];
        let memory = format!("{}M", process["memory_mib"]);
        assert_eq!(limits["memory"], memory.as_str(), "{name}");
        assert_eq!(limits["cpus"].as_f64(), process["cpus"].as_f64(), "{name}");
        let login = format!("postgres://{}:", process["login"].as_str().unwrap());
        let settings = &found["environment"];
        assert!(
            settings["DATABASE_URL"]
                .as_str()
                .unwrap()
                .starts_with(&login),
            "{name}"
        );
        for (setting, value) in topology["settings"].as_object().unwrap() {
            assert_eq!(&settings[setting], value, "{name}: {setting}");
        }
    }
    let services = compose["services"].as_object().unwrap();
    for name in services.keys() {
        assert!(names.contains(&name.as_str()), "{name} is on no list");
    }
}

#[test]
fn prometheus_reads_the_internal_port_of_every_process_of_the_list_and_of_nothing_else() {
    let (compose, topology) = (compose(&DEMANDED).unwrap(), topology());
    let said = yaml(&root().join("deploy/prometheus.yml"));
    let jobs = said["scrape_configs"].as_array().unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let found = &jobs[0]["dns_sd_configs"][0];
    let mut scraped = words(&found["names"]);
    scraped.sort_unstable();
    let processes = topology["processes"].as_array().unwrap().iter();
    let mut names: Vec<String> = processes
        .flat_map(expected)
        .map(|(name, ..)| name)
        .collect();
    names.sort_unstable();
    assert_eq!(scraped, names);
    let port = &found["port"];
    for name in names {
        let settings = &compose["services"][&name]["environment"];
        let expected = format!("0.0.0.0:{port}");
        let serves = &settings["SWITCHYARD_INTERNAL_LISTEN"];
        assert_eq!(*serves, expected.as_str(), "{name}");
    }
}

#[test]
fn every_container_has_a_read_only_root_no_capability_a_limit_and_tells_its_health() {
    let compose = compose(&DEMANDED).unwrap();
    for (name, found) in compose["services"].as_object().unwrap() {
        assert_eq!(found["read_only"], true, "{name}");
        assert_eq!(words(&found["cap_drop"]), ["ALL"], "{name}");
        assert!(
            found["cap_add"].is_null() && found["privileged"].is_null(),
            "{name}"
        );
        assert_eq!(
            words(&found["security_opt"]),
            ["no-new-privileges:true"],
            "{name}"
        );
        let limits = &found["deploy"]["resources"]["limits"];
        assert!(
            limits["memory"].is_string() && limits["cpus"].is_number(),
            "{name}"
        );
        let test = words(&found["healthcheck"]["test"]);
        assert!(test.len() > 1 || name == "migrate", "{name}: {test:?}");
        // Whoever waits for Redis or for a worker is not ready and does its work all the same: it is not to be replaced.
        assert!(
            test.iter().all(|word| !word.contains("/health/ready")),
            "{name}: {test:?}"
        );
        let published = found["ports"].as_array().map_or(0, Vec::len);
        assert!(
            published == 0 || name == "nginx",
            "{name} is reached past nginx"
        );
    }
}

#[test]
fn compose_refuses_to_start_without_any_one_of_its_secrets() {
    for (missing, _) in DEMANDED {
        let others: Vec<_> = DEMANDED
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        let refused = compose(&others).unwrap_err();
        assert!(
            refused.contains(missing)
                || refused.contains("password")
                || refused.contains("folder")
                || refused.contains("address"),
            "{refused}"
        );
    }
}

#[test]
fn the_pools_of_all_processes_fit_into_what_postgres_allows() {
    let (compose, topology) = (compose(&DEMANDED).unwrap(), topology());
    let allowed = topology["database_connections"].as_u64().unwrap();
    let command = words(&compose["services"]["postgres"]["command"]).join(" ");
    assert!(
        command.contains(&format!("max_connections={allowed}")),
        "{command}"
    );
    let pool: u64 = topology["settings"]["DB_POOL_MAX"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    for size in ["production", "cluster"] {
        let processes = topology["processes"].as_array().unwrap().iter();
        let count: u64 = processes
            .map(|process| process[size].as_u64().unwrap())
            .sum();
        // One more of each kind runs while an update starts the new one first.
        let most = (count + 1) * (pool + BESIDE_POOL);
        assert!(most + RESERVED <= allowed, "{size}: {most} of {allowed}");
    }
    let numbered = topology["processes"].as_array().unwrap().iter();
    let shards = numbered
        .filter(|it| it["numbered"] == true)
        .map(|it| it["production"].as_u64().unwrap());
    let total = shards.sum::<u64>().to_string();
    assert_eq!(
        compose["services"]["api"]["environment"]["SHARDS_TOTAL"],
        total.as_str()
    );
}

#[test]
fn a_call_has_longer_to_end_than_anything_else_and_docker_waits_for_it() {
    let compose = compose(&DEMANDED).unwrap();
    for (name, found) in compose["services"].as_object().unwrap() {
        let drain = &found["environment"]["SWITCHYARD_DRAIN_S"];
        // What the program takes where nothing is set.
        let drain: u64 = drain.as_str().map_or(8, |it| it.parse().unwrap());
        assert_eq!(drain == 120, name == "calls", "{name}");
        let Some(grace) = found["stop_grace_period"].as_str() else {
            continue;
        };
        let seconds = match grace.strip_suffix('s').unwrap().split_once('m') {
            Some((minutes, seconds)) => {
                minutes.parse::<u64>().unwrap() * 60 + seconds.parse::<u64>().unwrap()
            }
            None => grace.trim_end_matches('s').parse().unwrap(),
        };
        assert!(seconds > drain, "{name}: killed within {drain} s");
    }
}

#[test]
fn the_image_is_built_without_the_simulated_network_and_its_folder_has_all_that_is_copied() {
    let image = text("deploy/Dockerfile");
    let build = image
        .lines()
        .find(|line| line.contains("cargo build"))
        .unwrap();
    assert!(
        build.contains("--release --locked --package switchyard"),
        "{build}"
    );
    assert!(!image.contains("--features") && !image.contains("--all-features"));
    // The program's first line says whether it holds the network, and the build of the image asks it.
    assert!(image.contains("! target/release/switchyard --version | grep --quiet sim"));
    assert!(image.contains("\nUSER 10001:10001\n"));
    let channel = text("rust-toolchain.toml");
    let channel = channel.split('"').nth(1).unwrap();
    assert!(
        image.contains(&format!("FROM rust:{channel}-")),
        "another compiler than ours"
    );
}
