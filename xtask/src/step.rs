//! Running a program as a named step: what runs, how long it took, and a stop at the first failure.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Writes one line for the person at the terminal.
pub(crate) fn say(line: &str) {
    // A closed terminal must not fail the step that runs.
    writeln!(io::stderr(), "{line}").ok();
}

/// A step with its name; [`Step::run`] prints both ends of it.
pub(crate) struct Step<'a> {
    name: &'a str,
    command: Command,
}

impl<'a> Step<'a> {
    /// A step that runs `program`.
    pub(crate) fn new(name: &'a str, program: impl AsRef<OsStr>) -> Self {
        Self {
            name,
            command: Command::new(program),
        }
    }

    /// Changes the command before it runs.
    #[must_use]
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        change(&mut self.command);
        self
    }

    /// Runs to the end; a status other than 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        say(&format!("\n── {} ──", self.name));
        let start = Instant::now();
        let status = self.command.status().with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("{} failed ({status})", self.name);
        }
        say(&format!(
            "── {}: {:.1} s",
            self.name,
            start.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    /// Runs to the end while other steps run, and only then prints all that it printed.
    pub(crate) fn run_beside(mut self) -> Result<()> {
        let start = Instant::now();
        let (mut printed, writer) = io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.command.spawn().with_context(|| self.cannot_start())?;
        // The command holds the end that is written to; the pipe ends when nobody does.
        let name = self.name;
        drop(self);
        let mut text = Vec::new();
        printed.read_to_end(&mut text)?;
        let status = child.wait()?;
        say(&format!(
            "\n── {name} ──\n{}\n── {name}: {:.1} s",
            String::from_utf8_lossy(&text).trim(),
            start.elapsed().as_secs_f64()
        ));
        if !status.success() {
            bail!("{name} failed ({status})");
        }
        Ok(())
    }

    /// Runs to the end and returns what it printed.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| self.cannot_start())?;
        if !output.status.success() {
            bail!("{} failed ({})", self.name, output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("{}: not UTF-8", self.name))
    }

    fn cannot_start(&self) -> String {
        format!("cannot start {}", self.command.get_program().display())
    }
}
