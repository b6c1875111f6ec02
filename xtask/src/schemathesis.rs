//! `cargo xtask schemathesis`: a stranger's tool holds the API against its description: every check, as three callers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::bench::http::{Http, rows, text};
use crate::product::Product;
use crate::python;
use crate::step::say;
use crate::workspace::{program, root};

/// A password of the person who is made for this.
const PASSWORD: &str = "a long password of this run";

/// How much of an answer's space is looked at.
pub(crate) enum Depth {
    /// Examples of each operation by the rules of its schema: about two minutes.
    Short,
    /// And as many random ones.
    Long,
}

/// Somebody who calls the API.
struct Caller {
    name: &'static str,
    token: String,
    /// Requests a second, below the limit of this caller.
    rate: &'static str,
}

/// What every caller finds there.
struct Stage {
    url: String,
    chat: String,
    contact: String,
}

/// Installs the tool where it is missing.
pub(crate) fn ensure() -> Result<()> {
    tool().map(drop)
}

/// Tests a demo of this program as all callers at once; shows what each found, and fails when one found anything.
pub(crate) fn run(depth: &Depth) -> Result<()> {
    let tool = tool()?;
    let flags = ["--sim-listen", "127.0.0.1:0"];
    let product = Product::start(&program()?, &env::temp_dir(), &flags)?;
    let url = product.field("api_url").context("api_url")?;
    let callers = callers(&product, &url)?;
    let stage = furnish(&product, url)?;
    say("\n── schemathesis: a key, an agent and an owner ──");
    let start = Instant::now();
    let ended: Vec<Result<bool>> = thread::scope(|scope| {
        let ask = |caller| asked(&tool, depth, &product, &stage, caller);
        let asking: Vec<_> = (callers.iter())
            .map(|caller| scope.spawn(move || ask(caller)))
            .collect();
        let join = |thread: ScopedJoinHandle<'_, Result<bool>>| {
            thread
                .join()
                .unwrap_or_else(|_| bail!("a thread ended badly"))
        };
        asking.into_iter().map(join).collect()
    });
    let passed: Vec<bool> = ended.into_iter().collect::<Result<_>>()?;
    say(&format!(
        "── schemathesis: {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    if product.log().contains("panicked") {
        bail!("the program panicked");
    }
    if passed.contains(&false) {
        bail!("the API is not what its description says");
    }
    Ok(())
}

/// Runs the tool as one caller; whether it found nothing.
fn asked(
    tool: &Path,
    depth: &Depth,
    product: &Product,
    stage: &Stage,
    caller: &Caller,
) -> Result<bool> {
    // The examples that it keeps of failures, and its reports, are nobody's business afterwards.
    let place = product.folder().join(caller.name);
    fs::create_dir(&place)?;
    let output = Command::new(tool)
        .arg("--no-color")
        .arg("--config-file")
        .arg(folder().join("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", stage.url)])
        .args(["--rate-limit", caller.rate])
        .args(of_depth(depth))
        .env("SWITCHYARD_TOKEN", &caller.token)
        .env("SWITCHYARD_CHAT", &stage.chat)
        .env("SWITCHYARD_CONTACT", &stage.contact)
        .env("NO_PROXY", "127.0.0.1")
        .current_dir(place)
        .output()
        .with_context(|| format!("cannot start {}", tool.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    if output.status.success() {
        say(&format!(
            "{}: {}",
            caller.name,
            last.trim_matches(['=', ' '])
        ));
    } else {
        let complaints = String::from_utf8_lossy(&output.stderr);
        say(&format!("\n{}:\n{text}{complaints}", caller.name));
    }
    Ok(output.status.success())
}

/// A message to somebody, and with it a chat and a contact.
fn furnish(product: &Product, url: String) -> Result<Stage> {
    let key = product.field("api_key").context("api_key")?;
    let api = Http::new(&url, Some(&key));
    let session = api.post("/v1/sessions", &json!({"name": "Front desk"}))?;
    let session = text(&session, "id")?;
    let message = json!({"session_id": session, "to": "+447700900201", "text": "Hello"});
    let message = api.post("/v1/messages", &message)?;
    let contacts = api.get("/v1/contacts")?;
    let contact = rows(&contacts)?.first().context("no contact")?;
    Ok(Stage {
        chat: text(&message, "chat_id")?.to_owned(),
        contact: text(contact, "id")?.to_owned(),
        url,
    })
}

fn of_depth(depth: &Depth) -> Vec<String> {
    let words = match depth {
        Depth::Short => "--phases examples,coverage --max-examples 5",
        Depth::Long => "--phases examples,coverage,fuzzing,stateful --max-examples 50",
    };
    words.split(' ').map(str::to_owned).collect()
}

/// A key with every scope, somebody of the least role, and the owner, who operates the platform as well.
fn callers(product: &Product, url: &str) -> Result<Vec<Caller>> {
    let field = |name: &'static str| product.field(name).context(name);
    let anonymous = Http::new(url, None);
    let login = json!({"email": field("email")?, "password": field("password")?});
    let owner = anonymous.post("/v1/auth/login", &login)?;
    let owner = text(&owner, "access_token")?.to_owned();
    let invite = json!({"email": "agent@example.com", "role": "agent"});
    let invited = Http::new(url, Some(&owner)).post("/v1/members", &invite)?;
    let (_, token) = text(&invited, "invite_url")?
        .split_once("#token=")
        .context("an invitation without a token")?;
    let accept = json!({"token": token, "name": "Agent", "password": PASSWORD});
    let agent = anonymous.post("/v1/auth/invitation", &accept)?;
    let agent = text(&agent, "access_token")?.to_owned();
    let caller = |name, token, rate| Caller { name, token, rate };
    Ok(vec![
        caller("a key", field("api_key")?, "100/s"),
        caller("an agent", agent, "18/s"),
        caller("an owner", owner, "18/s"),
    ])
}

fn folder() -> PathBuf {
    root().join("xtask/schemathesis")
}

/// The tool's program.
fn tool() -> Result<PathBuf> {
    let requirements = folder().join("requirements.txt");
    Ok(python::environment("schemathesis", &requirements)?.join("bin/schemathesis"))
}
