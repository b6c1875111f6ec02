//! `cargo xtask schemathesis`: a stranger's tool holds the API against its description: every check, as three callers.

use std::env;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::bench::http::{Http, text};
use crate::product::Product;
use crate::python;
use crate::step::{Step, say};
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

/// Tests a demo of this program; fails on the first caller with a finding.
pub(crate) fn run(depth: &Depth) -> Result<()> {
    let tool = tool()?;
    let flags = ["--sim-listen", "127.0.0.1:0"];
    let product = Product::start(&program()?, &env::temp_dir(), &flags)?;
    let url = product.field("api_url").context("api_url")?;
    let start = Instant::now();
    for caller in callers(&product, &url)? {
        let mut arguments = vec!["run".to_owned(), format!("{url}/openapi.json")];
        arguments.extend(["--rate-limit".to_owned(), caller.rate.to_owned()]);
        arguments.extend(of_depth(depth));
        Step::new(&format!("schemathesis: {}", caller.name), &tool)
            .with(|command| {
                command
                    .arg("--config-file")
                    .arg(folder().join("schemathesis.toml"))
                    .args(&arguments)
                    .env("SWITCHYARD_TOKEN", &caller.token)
                    .env("NO_PROXY", "127.0.0.1")
                    .current_dir(product.folder())
            })
            .run()?;
    }
    if product.log().contains("panicked") {
        bail!("the program panicked");
    }
    say(&format!(
        "three callers in {:.0} s",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
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
