//! Which refusals each operation has: most follow from what it takes and asks for, the rest are named here. The tests
//! of the API fail on an answer that is not among them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use switchyard_core::code::ApiCode;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, example::ExampleBuilder};

use crate::problem::Problem;

/// Where the installation of the examples is reached.
const ORIGIN: &str = "https://wa.example.com";
/// A request of the examples.
const REQUEST: &str = "req_01a1fe1868b77e40a9d8c1f2b3e4d5f6";

/// Refusals by the name under which operations refer to them.
pub(super) type Named = BTreeMap<String, RefOr<Response>>;

/// Adds its refusals to an operation, and to `known` those that no operation before had.
pub(super) fn describe(unsafe_method: bool, operation: &mut Operation, known: &mut Named) {
    let mut by_status: BTreeMap<u16, Vec<ApiCode>> = BTreeMap::new();
    for code in codes(unsafe_method, operation) {
        by_status.entry(code.row().status).or_default().push(code);
    }
    for (status, codes) in by_status {
        let names: Vec<&str> = codes.iter().map(|code| code.row().name).collect();
        let name = names.join("_or_");
        let responses = &mut operation.responses.responses;
        // Readiness says by the same status what it waits for.
        responses
            .entry(status.to_string())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name.clone())));
        known
            .entry(name)
            .or_insert_with(|| RefOr::T(response(status, &codes)));
    }
}

fn codes(unsafe_method: bool, operation: &Operation) -> BTreeSet<ApiCode> {
    let mut codes = BTreeSet::from([ApiCode::Internal, ApiCode::Unavailable]);
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    for parameter in parameters {
        codes.insert(match parameter {
            RefOr::T(it) if it.parameter_in == ParameterIn::Path => ApiCode::NotFound,
            _ => ApiCode::InvalidRequest,
        });
    }
    if operation.request_body.is_some() {
        codes.extend([
            ApiCode::InvalidRequest,
            ApiCode::RequestTimeout,
            ApiCode::TooLarge,
        ]);
    }
    if let Some(security) = &operation.security {
        codes.extend([ApiCode::Unauthorized, ApiCode::TooManyRequests]);
        // Whoever is signed in may do it; by cookie only from the dashboard's own pages.
        let security = serde_json::to_value(security).unwrap_or_default();
        if security.pointer("/0/bearer/0").is_some() || unsafe_method {
            codes.insert(ApiCode::Forbidden);
        }
    }
    codes.extend(own(operation.operation_id.as_deref().unwrap_or_default()));
    codes
}

/// What does not follow from the form of an operation.
fn own(operation: &str) -> &'static [ApiCode] {
    use ApiCode as C;
    match operation {
        "setup" => &[
            C::Forbidden,
            C::NotFound,
            C::AlreadySetUp,
            C::EmailTaken,
            C::TooManyRequests,
        ],
        "login" | "link" | "refresh" => &[C::Unauthorized, C::Forbidden, C::TooManyRequests],
        "show_invitation" => &[C::Unauthorized, C::TooManyRequests],
        "accept_invitation" => &[
            C::Unauthorized,
            C::Forbidden,
            C::Conflict,
            C::EmailTaken,
            C::TooManyRequests,
        ],
        "me" | "get_business" | "change_own_business" | "switch_business" => &[C::NotFound],
        "invite_member" => &[C::AlreadyAMember, C::QuotaExceeded],
        "change_member" | "remove_member" => &[C::LastOwner],
        "change_business" => &[C::OwnBusiness],
        "change_user" => &[C::OwnAccount],
        "change_password" => &[C::Forbidden, C::TooManyRequests],
        "create_session" | "create_api_key" => &[C::QuotaExceeded],
        "connect_session" | "restart_session" => &[C::ShardUnavailable],
        "move_business" | "drain_shard" => &[C::ShardCannotTake],
        "add_call_number" => &[
            C::NumberTaken,
            C::NumberRung,
            C::InvalidPhone,
            C::QuotaExceeded,
        ],
        "place_call" => &[
            C::NotFound,
            C::InvalidPhone,
            C::InvalidRecipient,
            C::CallNumberRequired,
            C::NoSuchNode,
            C::OptedOut,
            C::IdempotencyMismatch,
            C::QuotaExceeded,
        ],
        "hang_up_call" => &[C::CallOver],
        "put_call_flow" => &[C::Conflict, C::InvalidFlow],
        "session_qr" => &[C::NoCodeToScan],
        "list_events" => &[C::CursorExpired],
        "send_message" => &[
            C::NotFound,
            C::Conflict,
            C::IdempotencyMismatch,
            C::InvalidRecipient,
            C::SessionRequired,
            C::UnsupportedKind,
            C::QuotaExceeded,
        ],
        _ => &[],
    }
}

/// The answer of one status, with an example of each code.
fn response(status: u16, codes: &[ApiCode]) -> Response {
    let mut content =
        ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    for code in codes {
        let row = code.row();
        let example = ExampleBuilder::new()
            .summary(row.title)
            .value(Some(example(*code)))
            .build();
        content = content.examples_from_iter([(row.name, RefOr::T(example))]);
    }
    let words: Vec<String> = (codes.iter())
        .map(|code| format!("`{}`: {}", code.row().name, code.row().title))
        .collect();
    let response = ResponseBuilder::new()
        .description(words.join("; "))
        .content("application/problem+json", content.build());
    match status {
        401 => response.header("WWW-Authenticate", header("Always `Bearer`", Type::String)),
        429 | 503 => response.header(
            "Retry-After",
            header("Seconds after which to come again", Type::Integer),
        ),
        _ => response,
    }
    .build()
}

fn header(description: &str, kind: Type) -> utoipa::openapi::header::Header {
    HeaderBuilder::new()
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .build()
}

/// A problem with this code, as the installation of the examples would answer it.
fn example(code: ApiCode) -> Value {
    json!(Problem::new(code, code.row().example).body(ORIGIN, REQUEST))
}
