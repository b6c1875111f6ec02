//! The description of the API: OpenAPI 3.1, gathered from the routes themselves.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{App, HttpResponse, get};
use serde_json::Value;
use switchyard_core::code::ApiCode;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterBuilder, PathItem};
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, RefOr};
use utoipa_actix_web::AppExt;

use crate::api::State;
use crate::problem::ProblemBody;
use crate::server;

mod examples;
mod patterns;
mod refusals;
mod words;

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchyard",
        description = include_str!("openapi/head.md"),
    ),
    tags(
        (name = "sessions", description = "WhatsApp numbers: link them, see them, stop them"),
        (name = "messages", description = "Send and read messages"),
        (name = "chats", description = "Conversations"),
        (name = "contacts", description = "People on WhatsApp"),
        (name = "calls", description = "Phone calls, the numbers that take them and what callers hear"),
        (name = "events", description = "What happened, in order: by cursor and as a live stream"),
        (name = "auth", description = "Signing in and out"),
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
    let mut refusals = refusals::Named::new();
    for path in api.paths.paths.values_mut() {
        for (is_unsafe, operation) in operations(path) {
            words::tidy(operation);
            show_examples(operation);
            refusals::describe(is_unsafe, operation, &mut refusals);
        }
    }
    if let Some(components) = &mut api.components {
        components.responses = refusals;
        for (name, schema) in &mut components.schemas {
            if name.ends_with("Request") {
                patterns::describe(schema);
            } else {
                require_every_field(schema);
            }
            if name == "Problem" {
                name_every_code(schema);
                leave_out_faults(schema);
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

/// Each operation, and whether its method changes something.
fn operations(path: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    [
        (false, &mut path.get),
        (true, &mut path.post),
        (true, &mut path.put),
        (true, &mut path.patch),
        (true, &mut path.delete),
    ]
    .into_iter()
    .filter_map(|(is_unsafe, operation)| Some((is_unsafe, operation.as_mut()?)))
}

/// Puts the operation's examples where they belong.
fn show_examples(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if let (Some(RefOr::T(body)), Some(example)) =
        (&mut operation.request_body, examples::request(&id))
        && let Some(content) = body.content.values_mut().next()
    {
        show(content, example);
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response)
            && let Some(content) = response.content.values_mut().next()
            && let Some(example) = examples::answer(&id)
        {
            show(content, example);
        }
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(it) = parameter {
            let description = it.description.clone().unwrap_or_default();
            let example = examples::parameter(&it.name, &description);
            *it = ParameterBuilder::from(it.clone()).example(example).build();
        }
    }
}

fn show(content: &mut RefOr<Content>, example: Value) {
    if let RefOr::T(content) = content {
        content.example = Some(example);
    }
}

/// The codes are a closed list, from the one table.
fn name_every_code(problem: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(problem)) = problem
        && let Some(RefOr::T(Schema::Object(code))) = problem.properties.get_mut("code")
    {
        let names = ApiCode::ALL.iter().map(|code| code.row().name.into());
        code.enum_values = Some(names.collect());
    }
}

/// One code alone brings them.
fn leave_out_faults(problem: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(problem)) = problem {
        problem.required.retain(|name| name != "faults");
    }
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
pub(crate) async fn serve(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(state.description.clone())
}
