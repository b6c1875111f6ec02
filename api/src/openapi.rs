//! The description of the API: OpenAPI 3.1, gathered from the routes themselves.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{App, HttpResponse, get};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_actix_web::AppExt;

use crate::api::State;
use crate::problem::ProblemBody;
use crate::server;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchyard",
        description = "WhatsApp numbers of many businesses. The credential names the business: an id of another \
            one is answered like one that does not exist. Times are RFC 3339 in UTC with milliseconds.",
    ),
    tags(
        (name = "auth", description = "Signing in and out"),
        (name = "sessions", description = "WhatsApp numbers: link them, see them, stop them"),
        (name = "messages", description = "Send and read messages"),
        (name = "chats", description = "Conversations"),
        (name = "contacts", description = "People on WhatsApp"),
        (name = "events", description = "What happened, in order: by cursor and as a live stream"),
        (name = "members", description = "People of the business and invitations"),
        (name = "api-keys", description = "Credentials for programs"),
        (name = "business", description = "The business itself and its audit log"),
        (name = "admin", description = "For operators of the platform"),
        (name = "platform", description = "Reasons and health"),
    ),
    components(schemas(ProblemBody<'static>)),
)]
struct Head;

/// The description, as `GET /openapi.json` serves it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Head::openapi());
    let (_, mut api) = app.configure(server::described).split_for_parts();
    for path in api.paths.paths.values_mut() {
        operations(path).for_each(describe_refusals);
    }
    if let Some(components) = &mut api.components {
        for (name, schema) in &mut components.schemas {
            if !name.ends_with("Request") {
                require_every_field(schema);
            }
        }
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token, or an API key (`sk_…`)"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "__Host-sy",
            "The dashboard's cookie (`sy` on loopback); unsafe methods must come from its own pages",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
    api
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.post,
        &mut path.patch,
        &mut path.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

/// Every refusal has the same form, whatever its status.
fn describe_refusals(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .build();
    let refusal = ResponseBuilder::new()
        .description("Refused; `code` says why")
        .content("application/problem+json", content)
        .build();
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), RefOr::T(refusal));
}

/// Answers always have all their fields, `null` when unknown.
fn require_every_field(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            object.required = object.properties.keys().cloned().collect();
            object.properties.values_mut().for_each(require_every_field);
        }
        // The rows of a list are described in place, not by reference.
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                require_every_field(items);
            }
        }
        _ => {}
    }
}

#[get("/openapi.json")]
pub(crate) async fn show(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(state.description.clone())
}
