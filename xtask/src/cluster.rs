//! `cargo xtask cluster …`: the processes of a production installation on loopback, beside the simulated network.
//!
//! They outlive the command that started them; a later one finds them by `cluster.json`. Tests use the same
//! [`Cluster`].

mod account;
pub mod book;
mod change;
mod gateway;
pub(crate) mod launch;
pub mod process;
mod secrets;
mod table;
mod throwaway;
pub mod topology;

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, Permissions};
use std::io::{IsTerminal, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::frontend;
use crate::step::say;
use crate::workspace::{release, root};

use book::Book;
use topology::Topology;

pub(crate) use throwaway::Throwaway;

/// The folder of a cluster, unless another is named.
const FOLDER: &str = "cluster";

/// A cluster, whether its processes run or not.
pub struct Cluster {
    folder: PathBuf,
    book: Book,
    topology: Topology,
}

impl Cluster {
    /// The one of that folder; a new one, with nothing started, where there is none. `settings` go to every process of a
    /// new one.
    pub fn at(folder: &Path, program: &Path, settings: &[(&str, String)]) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // The server of Postgres, whom another user owns, has its folder inside.
        fs::set_permissions(folder, Permissions::from_mode(0o711))?;
        let folder = folder.canonicalize()?;
        let settings: BTreeMap<String, String> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let mut book = Book::read(&folder)?.unwrap_or(Book {
            settings,
            ..Book::default()
        });
        program.clone_into(&mut book.program);
        Ok(Self {
            folder,
            book,
            topology: Topology::read()?,
        })
    }

    /// The one that was started in that folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let none = || format!("no cluster in {}: start one first", folder.display());
        let book = Book::read(folder)?.with_context(none)?;
        Ok(Self {
            folder: folder.canonicalize()?,
            book,
            topology: Topology::read()?,
        })
    }

    /// What it consists of, and how it is reached.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What was asked for.
struct Wish<'a> {
    folder: PathBuf,
    program: Option<PathBuf>,
    words: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    fn of(words: &[&'a str]) -> Result<Self> {
        let mut wish = Self {
            folder: root().join(FOLDER),
            program: None,
            words: Vec::new(),
        };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "--data-dir" => {
                    let path = words.next().context("--data-dir wants a folder")?;
                    wish.folder = env::current_dir()?.join(path);
                }
                "--program" => {
                    let path = words.next().context("--program wants a file")?;
                    wish.program = Some(env::current_dir()?.join(path));
                }
                flag if flag.starts_with('-') => bail!("no such flag of cluster: {flag}"),
                word => wish.words.push(word),
            }
        }
        Ok(wish)
    }

    /// Builds the program, unless one was named.
    fn program(&self) -> Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        frontend::build_when_stale()?;
        release()
    }
}

/// Does what the words say.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = Wish::of(words)?;
    let open = || Cluster::open(&wish.folder);
    match wish.words.as_slice() {
        ["start"] => {
            let mut cluster = Cluster::at(&wish.folder, &wish.program()?, &[])?;
            cluster.start()?;
            table::print(&cluster)?;
            let file = cluster.folder.join(book::FILE);
            say(&format!(
                "\n{}\naddresses and secrets: {}",
                cluster.book.nginx_url,
                file.display()
            ));
            Ok(())
        }
        ["status"] if stdout().is_terminal() => table::live(&open()?),
        ["status"] => table::print(&open()?),
        ["kill", name] => open()?.kill(name),
        ["pause", name] => open()?.pause(name),
        ["resume", name] => open()?.resume(name),
        ["scale", change] => {
            let (role, count) = change.split_once('=').context("scale wants ROLE=N")?;
            let count = count.parse().context("scale wants ROLE=N")?;
            open()?.scale(role, count)
        }
        ["stop"] => open()?.stop(),
        _ => bail!(
            "cluster start, status, kill NAME, pause NAME, resume NAME, scale ROLE=N or stop, and --data-dir D"
        ),
    }
}
