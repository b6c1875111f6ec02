//! nginx of production passes on what the cluster's nginx does, in the way that is tested there.

use std::fs;
use std::process::Command;

use super::{DEMANDED, compose, text};
use crate::house::root;

/// What stands in the block of an upstream, where a server is whichever: `doubled` where the text is a format of Rust.
fn upstream(text: &str, name: &str, doubled: bool) -> Vec<String> {
    let (open, close) = if doubled { ("{{", "}}") } else { ("{", "}") };
    let begin = format!("upstream {name} {open}");
    let (_, rest) = text.split_once(&begin).unwrap();
    let (inner, _) = rest.split_once(&format!("\n    {close}")).unwrap();
    // The servers of a cluster are put in before the next directive.
    let lines = inner.lines().map(|line| line.rsplit('}').next().unwrap());
    let lines = lines.map(|line| line.trim().to_owned());
    let is_own = |line: &String| {
        !line.is_empty() && !line.starts_with("zone ") && !line.starts_with("server ")
    };
    lines.filter(is_own).collect()
}

#[test]
fn nginx_passes_on_to_where_compose_serves_in_the_way_that_the_cluster_tests() {
    let compose = compose(&DEMANDED).unwrap();
    let main = text("deploy/nginx/nginx.conf");
    let routes = text("deploy/nginx/routes.conf");
    let tested = text("xtask/src/cluster/gateway.rs");
    for role in ["api", "calls"] {
        let listen = &compose["services"][role]["environment"]["SWITCHYARD_LISTEN"];
        let (_, port) = listen.as_str().unwrap().rsplit_once(':').unwrap();
        let server = format!("server {role}:{port} resolve max_fails=0;");
        assert!(main.contains(&server), "{main}");
        let here = upstream(&main, role, false);
        assert_eq!(here, upstream(&tested, role, true), "{role}");
        assert_eq!(here, ["least_conn;", "keepalive 64;"], "{role}");
        assert!(routes.contains(&format!("proxy_pass http://{role};")));
    }
    assert!(tested.contains(" max_fails=0;"));
    assert!(!routes.contains("proxy_pass http://$"), "{routes}");
}

#[test]
fn nginx_takes_its_configuration() {
    let main = text("deploy/nginx/nginx.conf");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=test",
        ])
        .args([
            "-keyout",
            &format!("{place}/key"),
            "-out",
            &format!("{place}/crt"),
        ])
        .output()
        .unwrap();
    assert!(made.status.success());
    let here = main
        .replace("/tmp/", &format!("{place}/"))
        // Debian's nginx is older than the image and knows no names that change.
        .replace("api:8080 resolve", "127.0.0.1:8080")
        .replace("calls:8080 resolve", "127.0.0.1:8081")
        .replace("/run/secrets/tls_certificate", &format!("{place}/crt"))
        .replace("/run/secrets/tls_key", &format!("{place}/key"))
        .replace(
            "/etc/nginx/switchyard",
            root().join("deploy/nginx").to_str().unwrap(),
        );
    fs::write(folder.path().join("nginx.conf"), here).unwrap();
    let checked = Command::new("/usr/sbin/nginx")
        .args([
            "-t",
            "-e",
            "stderr",
            "-p",
            place,
            "-c",
            &format!("{place}/nginx.conf"),
        ])
        .output()
        .expect("no nginx: run these tests with `cargo xtask test`, which installs it");
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.status.success(), "{said}");
}
