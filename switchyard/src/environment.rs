//! The environment as settings: no unknown name, and files in place of secrets.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::refusal::Refusal;

/// Names of ours start with this.
const PREFIX: &str = "SWITCHYARD_";

/// Names with this prefix belong to the test suite; the program ignores them.
const TESTS: &str = "SWITCHYARD_TEST_";

/// Names that the developer's commands and the documentation use beside the program.
const BESIDE: [&str; 4] = [
    "SWITCHYARD_DEMO",
    "SWITCHYARD_API",
    "SWITCHYARD_KEY",
    "SWITCHYARD_FAULT_ROUNDS",
];

/// Checks every name of ours. A misspelt setting that is silently ignored is worse than a stop.
pub(crate) fn refuse_unknown(
    names: impl IntoIterator<Item = String>,
    known: &[String],
) -> Result<(), Refusal> {
    for name in names {
        let is_other = name.starts_with(TESTS) || BESIDE.contains(&name.as_str());
        let is_ours = name.starts_with(PREFIX) && !is_other;
        if is_ours && !known.contains(&name) {
            return Err(Refusal::Setting(format!(
                "the environment names the unknown setting {name}; `switchyard doctor` lists the known ones"
            )));
        }
    }
    Ok(())
}

/// A secret as it is given: itself, or the path of a file that holds it. An empty one is none: compose gives what is not
/// set as an empty text, and whoever knows nothing would know it.
pub(crate) fn secret(
    name: &str,
    value: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, Refusal> {
    let value = value.filter(|value| !value.trim().is_empty());
    match (value, file) {
        (Some(_), Some(_)) => Err(Refusal::Setting(format!(
            "set {name} or {name}_FILE, not both"
        ))),
        (Some(value), None) => Ok(Some(value.into())),
        (None, Some(path)) => fs::read_to_string(path)
            .map(|text| Some(text.trim().into()).filter(|it: &SecretString| !is_empty(it)))
            .map_err(|error| {
                Refusal::Setting(format!(
                    "{name}_FILE: cannot read {}: {error}",
                    path.display()
                ))
            }),
        (None, None) => Ok(None),
    }
}

fn is_empty(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_misspelt_setting_is_refused_and_foreign_names_are_not_ours() {
        let known = ["SWITCHYARD_LISTEN".to_owned()];
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let fine = names(&["SWITCHYARD_LISTEN", "PATH", "SWITCHYARD_TEST_POSTGRES"]);
        assert!(refuse_unknown(fine, &known).is_ok());
        let refused = refuse_unknown(names(&["SWITCHYARD_LISTN"]), &known);
        assert!(
            matches!(refused, Err(Refusal::Setting(text)) if text.contains("SWITCHYARD_LISTN"))
        );
    }

    #[test]
    fn a_secret_comes_from_its_file_and_never_from_two_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "secret\n").unwrap();
        let found = secret("TOKEN", None, Some(&path)).unwrap().unwrap();
        assert_eq!(found.expose_secret(), "secret");

        assert!(secret("TOKEN", Some("other"), Some(&path)).is_err());
        assert!(secret("TOKEN", None, Some(Path::new("/nowhere"))).is_err());
        assert!(secret("TOKEN", None, None).unwrap().is_none());

        assert!(secret("TOKEN", Some(" "), None).unwrap().is_none());
        assert!(secret("TOKEN", Some(""), Some(&path)).unwrap().is_some());
        fs::write(&path, "\n").unwrap();
        assert!(secret("TOKEN", None, Some(&path)).unwrap().is_none());
    }
}
