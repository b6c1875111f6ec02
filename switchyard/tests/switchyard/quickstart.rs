//! The quick starts of `docs/quickstart`, run as they are printed, each beside a demo of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::house::root;
use crate::outside::LONG;
use crate::outside::place::Place;
use crate::story::CUSTOMERS;

/// What a quick start sends, and what its customer writes.
const SENT: &str = "Your order is ready";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_for_curl_work_as_printed() {
    let said = runs("curl.md", "sh", |folder, lines| {
        for needed in ["curl", "jq"] {
            is_there(needed);
        }
        let mut bash = Command::new("bash");
        bash.args(["-eu", "-o", "pipefail", "-c", lines])
            .current_dir(folder);
        bash
    })
    .await;
    let shown = [
        "Corner Café",
        "+447700900100 is connected",
        "one message: msg_",
        "\ndelivered\n",
        "message.status",
        "message.received",
        "422 invalid_recipient: http://127.0.0.1:",
        "/docs/problems/invalid_recipient",
        "ratelimit-remaining:",
    ];
    for shown in shown {
        assert!(said.contains(shown), "{shown:?} is not in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_for_python_work_as_printed() {
    let said = runs("python.md", "python", |folder, lines| {
        is_there("python3");
        script(folder, "python3", "quickstart.py", lines)
    })
    .await;
    shows_all(&said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_for_javascript_work_as_printed() {
    let said = runs("javascript.md", "js", |folder, lines| {
        is_there("node");
        script(folder, "node", "quickstart.mjs", lines)
    })
    .await;
    shows_all(&said);
}

/// What the two scripts print on their way.
fn shows_all(said: &str) {
    let shown = [
        "Corner Café",
        "+447700900100 is connected",
        "is delivered",
        "message.status",
        "+447700900201 wrote Thank you",
        "invalid_recipient - invalid_recipient:",
        "/docs/problems/invalid_recipient",
        "left of the limit:",
    ];
    for shown in shown {
        assert!(said.contains(shown), "{shown:?} is not in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_samples_of_the_developers_page_send_their_message() {
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let demo = place.start().await;
    let session = demo.api.new_session("Front desk").await;
    let (url, key) = (demo.api.url(), demo.file["api_key"].as_str().unwrap());
    for (file, program) in [
        ("curl.sh", "bash"),
        ("python.py", "python3"),
        ("javascript.mjs", "node"),
    ] {
        is_there(program);
        let folder = root().join("frontend/src/developers/samples");
        let lines = fs::read_to_string(folder.join(file)).unwrap();
        for shown in ["https://wa.example.com", "ses_…"] {
            assert!(lines.contains(shown), "{file} has no {shown}");
        }
        let lines = lines.replace("https://wa.example.com", url);
        let lines = lines.replace("ses_…", &session).replace("sk_…", key);
        let mut command = script(place.folder(), program, file, &lines);
        command.env("SWITCHYARD_API_KEY", key);
        let ended = tokio::task::spawn_blocking(move || run(command));
        let output = tokio::time::timeout(LONG, ended).await.unwrap().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}:\n{said}\n{complaints}");
        assert!(
            said.contains("msg_") && said.contains("queued"),
            "{file}:\n{said}"
        );
    }
}

/// Runs the blocks of a page in the folder of a fresh demo; what they print. The customer got the message once.
async fn runs(page: &str, language: &str, command: impl FnOnce(&Path, &str) -> Command) -> String {
    let text = fs::read_to_string(root().join("docs/quickstart").join(page)).unwrap();
    let lines = blocks(&text, language);
    let place = Place::new(&["--sim-listen", "127.0.0.1:0"]);
    let demo = place.start().await;
    let command = command(place.folder(), &lines);
    let ended = tokio::task::spawn_blocking(move || run(command));
    let output = tokio::time::timeout(LONG, ended).await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}:\n{said}\n{complaints}");
    assert_eq!(complaints, "", "{page} complains");

    let shown = demo.network.ledger(CUSTOMERS[0]).await;
    let got: Vec<&Value> = shown.iter().filter(|row| row["text"] == SENT).collect();
    assert_eq!(got.len(), 1, "{shown:?}");
    assert_eq!(got[0]["shown"], 1, "{shown:?}");
    said
}

/// The code of a page's blocks in one language, one after the other.
fn blocks(page: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    let code: Vec<&str> = blocks.map(|it| it.split_once("```").unwrap().0).collect();
    assert!(code.len() > 4, "{} blocks of {language}", code.len());
    code.join("\n")
}

fn script(folder: &Path, program: &str, name: &str, lines: &str) -> Command {
    fs::write(folder.join(name), lines).unwrap();
    let mut command = Command::new(program);
    command.arg(name).current_dir(folder);
    command
}

fn run(mut command: Command) -> Output {
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.stdin(Stdio::null()).output().unwrap()
}

/// Fails with what to install.
fn is_there(program: &str) {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(
        found,
        "{program} is missing: install it (Debian: apt-get install {program}), or run `cargo xtask test`, which does"
    );
}
