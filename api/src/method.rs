//! Which methods a path knows, read from the description: a known path with another method is 405, not 404.

use actix_web::dev::ResourceDef;
use utoipa::openapi::{OpenApi, PathItem};

/// The paths of the description and the methods of each.
pub(crate) struct Methods(Vec<(ResourceDef, String)>);

impl Methods {
    pub(crate) fn of(openapi: &OpenApi) -> Self {
        let paths = openapi.paths.paths.iter();
        Self(
            paths
                .map(|(path, item)| (ResourceDef::new(path.as_str()), allowed(item)))
                .collect(),
        )
    }

    /// The value of `Allow` for a path that exists.
    pub(crate) fn of_path(&self, path: &str) -> Option<&str> {
        let known = self.0.iter().find(|(known, _)| known.is_match(path));
        known.map(|(_, allow)| allow.as_str())
    }
}

fn allowed(item: &PathItem) -> String {
    let methods = [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    let names: Vec<&str> = methods
        .into_iter()
        .filter_map(|(name, known)| known.then_some(name))
        .collect();
    names.join(", ")
}
