//! The description of the API: the file in the repository is the one that the code gives.

use std::path::Path;

/// With `SWITCHYARD_GEN=1` the file is written instead.
#[test]
fn the_committed_description_is_the_one_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let mut now = api::openapi().to_pretty_json().unwrap();
    now.push('\n');
    if std::env::var_os("SWITCHYARD_GEN").is_some() {
        std::fs::write(&file, now).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == now,
        "api/openapi.json is stale: run `cargo xtask gen`"
    );
}
