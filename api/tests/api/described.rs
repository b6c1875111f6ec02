//! Holds every answer that any test of the API gets against the description: its status, and the code of a refusal.

use std::sync::OnceLock;

use serde_json::Value;

/// Fails when the description knows the operation and does not know this answer to it.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &Value) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    let seen = format!("{method} {path}: {status} {}", body["code"]);
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{seen} is not described");
    if let Some(name) = response["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        let refusal = &description()["components"]["responses"][name];
        let codes = &refusal["content"]["application/problem+json"]["examples"];
        let code = body["code"].as_str().unwrap_or_default();
        assert!(codes[code].is_object(), "{seen}: only {name} is described");
    }
}

fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| serde_json::to_value(api::openapi()).unwrap())
}

/// The operation of a path; one that is written out goes before one with a parameter.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = description()["paths"].as_object().unwrap();
    let matching = |known: &str| {
        let (known, asked) = (known.split('/'), path.split('/'));
        known.clone().count() == asked.clone().count()
            && known.zip(asked).all(|(known, asked)| {
                known == asked || (known.starts_with('{') && !asked.is_empty())
            })
    };
    let known = paths.get(path).or_else(|| {
        paths
            .iter()
            .find(|(known, _)| matching(known))
            .map(|it| it.1)
    })?;
    known.get(method.to_lowercase())
}
