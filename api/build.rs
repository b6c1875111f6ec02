//! Builds again when the dashboard's files change: they are embedded, and a new one has a new name.

use std::io;

fn main() -> io::Result<()> {
    // An absent folder would count as changed at every build.
    std::fs::create_dir_all("../frontend/dist")?;
    println!("cargo::rerun-if-changed=../frontend/dist");
    Ok(())
}
