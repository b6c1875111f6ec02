//! The dashboard's files, built into the program: hashed ones are kept for ever, pages are asked for anew.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::api::State;
use crate::problem::Problem;

/// What `npm run build` made; empty when it was not run.
#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct Files;

/// Where the build puts files whose names have a hash of their content.
const HASHED: &str = "assets/";

/// Answered on the internal port alone: a page here would pass for them.
const INTERNAL: [&str; 1] = ["metrics"];

/// The file of this path; else the page that the path belongs to.
pub(crate) fn show(request: &HttpRequest, state: &State) -> Result<HttpResponse, Problem> {
    if !state.cookies.pages() {
        return Err(Problem::forbidden(
            "the dashboard is served over https, or on loopback: set PUBLIC_BASE_URL",
        ));
    }
    let path = request.path().trim_start_matches('/');
    if INTERNAL.contains(&path) {
        return Err(Problem::not_found());
    }
    let (name, file) = find(path).ok_or_else(Problem::not_found)?;
    Ok(answer(request, name, file))
}

fn find(path: &str) -> Option<(&str, EmbeddedFile)> {
    let name = name_of(path);
    Files::get(name).map(|file| (name, file))
}

/// The file that a path means: a name with a dot is a file, anything else a place inside a page.
fn name_of(path: &str) -> &str {
    let is_file = (path.rsplit('/').next()).is_some_and(|last| last.contains('.'));
    if is_file {
        path
    } else if path == "docs" || path.starts_with("docs/") {
        "docs/index.html"
    } else {
        "index.html"
    }
}

fn answer(request: &HttpRequest, name: &str, file: EmbeddedFile) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    // Weak, because an encoding may be put around the same content.
    let tag = EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(hash));
    let kept = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = has(request, &tag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, kept))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CONTENT_TYPE, content_type(file.metadata.mimetype())));
    if known {
        response.finish()
    } else {
        response.body(file.data.into_owned())
    }
}

/// Our texts are UTF-8, whatever the browser would guess.
fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_owned()
    }
}

/// Whether the browser has this one already.
fn has(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_file_or_a_place_inside_a_page() {
        for place in ["", "inbox/chat_1", "sign-in"] {
            assert_eq!(name_of(place), "index.html");
        }
        assert_eq!(name_of("docs"), "docs/index.html");
        assert_eq!(name_of("docs/messages"), "docs/index.html");
        assert_eq!(name_of("documents"), "index.html");
        assert_eq!(name_of("assets/main-3f9a.js"), "assets/main-3f9a.js");
        assert!(Files::get("../Cargo.toml").is_none());
    }
}
