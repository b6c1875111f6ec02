//! nginx of a cluster: the routes of production in front of the replicas that there are, on loopback.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::install::{by_apt, find, is_root};
use crate::workspace::root;

use super::book::Book;
use super::secrets;

/// Debian keeps it off the PATH of ordinary users.
const PLACES: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Writes the configuration: it listens at `port` and passes on to every replica of the API.
pub(super) fn configure(folder: &Path, port: u16, book: &Book) -> Result<()> {
    let own = folder.join("nginx");
    fs::create_dir_all(&own)?;
    let (certificate, key) = secrets::certificate(folder)?;
    let (servers, calls) = (servers(book, "api")?, servers(book, "calls")?);
    // Nobody listens there: an upstream has a server.
    let nobody = "server 127.0.0.1:9;\n        ".to_owned();
    let calls = if calls.is_empty() { nobody } else { calls };
    let calls_port = book.calls_url.rsplit(':').next().unwrap_or_default();
    let (shared, own) = (root().join("deploy/nginx"), own.display());
    // Its processes read files of whoever started it.
    let user = if is_root() { "user root;" } else { "" };
    let text = format!(
        "{user}
daemon off;
worker_processes 2;
pid {own}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections 8192;
}}
http {{
    client_body_temp_path {own}/body;
    proxy_temp_path {own}/proxy;
    fastcgi_temp_path {own}/fastcgi;
    uwsgi_temp_path {own}/uwsgi;
    scgi_temp_path {own}/scgi;
    include {shared}/http.conf;
    access_log {own}/access.log switchyard;
    upstream api {{
        least_conn;
        {servers}keepalive 64;
    }}
    upstream calls {{
        least_conn;
        {calls}keepalive 64;
    }}
    # For the simulated telephone network, which trusts no certificate of ours.
    server {{
        listen 127.0.0.1:{calls_port};
        include {shared}/routes.conf;
    }}
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        include {shared}/routes.conf;
    }}
}}
",
        shared = shared.display(),
        certificate = certificate.display(),
        key = key.display(),
    );
    fs::write(folder.join("nginx/nginx.conf"), text)?;
    Ok(())
}

/// Where the replicas of a role are, as nginx writes it.
fn servers(book: &Book, role: &str) -> Result<String> {
    let mut servers = String::new();
    for replica in book.of(role) {
        let address = replica
            .url
            .as_deref()
            .context("a replica without an address")?;
        servers.push_str("server ");
        servers.push_str(address.trim_start_matches("http://"));
        servers.push_str(" max_fails=0;\n        ");
    }
    Ok(servers)
}

/// What starts it.
pub(super) fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(program()?);
    command
        .arg("-p")
        .arg(folder.join("nginx"))
        .arg("-c")
        .arg(folder.join("nginx/nginx.conf"))
        .args(["-e", "stderr"]);
    Ok(command)
}

/// Its program, installed where it is missing.
fn program() -> Result<std::path::PathBuf> {
    let places = PLACES.map(Into::into);
    if let Some(program) = find(&["nginx"], &places) {
        return Ok(program);
    }
    by_apt("nginx", &["nginx"])?;
    find(&["nginx"], &places).context("nginx was installed but its program was not found")
}
