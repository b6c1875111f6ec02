//! What the texts of requests look like beyond their length: by the names of the fields, since the same rule of the
//! domain reads every field of a name.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// As `account::parse_name` reads it: something besides space, nothing that controls.
const NAME: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
/// As `account::parse_email` reads it.
const EMAIL: &str = r"^\s*[^\s\x00-\x1f\x7f-\x9f]+@[^\s@.\x00-\x1f\x7f-\x9f]([^\s@\x00-\x1f\x7f-\x9f]*[^\s@.\x00-\x1f\x7f-\x9f])?\s*$";
/// As `message::text_is_sendable` reads it; no message can carry U+0000.
const TEXT: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";
const BUSINESS_ID: &str = "^biz_[0-9a-f]{32}$";
const SESSION_ID: &str = "^ses_[0-9a-f]{32}$";

/// Adds its patterns to the schema of a request.
pub(super) fn describe(request: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(request)) = request else {
        return;
    };
    for (name, field) in &mut request.properties {
        if let (Some(pattern), RefOr::T(Schema::Object(field))) = (of(name), field) {
            field.pattern = Some(pattern.to_owned());
        }
    }
}

fn of(field: &str) -> Option<&'static str> {
    match field {
        "name" | "business_name" => Some(NAME),
        "email" | "owner_email" => Some(EMAIL),
        "text" => Some(TEXT),
        "business_id" => Some(BUSINESS_ID),
        "session_id" => Some(SESSION_ID),
        _ => None,
    }
}
