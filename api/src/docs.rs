//! The pages of the problem codes: what each means, an example, what to do. Made from the table of codes, so that none
//! is missing, and served by every installation itself.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpResponse, get};
use switchyard_core::code::{ApiCode, ApiCodeRow};

use crate::api::State;
use crate::problem::Problem;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list_pages)
        .service(show_style)
        .service(show_page);
}

/// How long a browser keeps a page: they change with the program only.
const KEPT: &str = "public, max-age=300";

const STYLE: &str = include_str!("docs/page.css");

#[get("/docs/problems")]
async fn list_pages() -> HttpResponse {
    let rows = ApiCode::ALL.iter().map(|code| {
        let row = code.row();
        let (name, status, title) = (row.name, row.status, prose(row.title));
        format!(
            "<dt><a href=\"/docs/problems/{name}\"><code>{name}</code></a> {status}</dt><dd>{title}</dd>\n"
        )
    });
    let rows: Vec<String> = rows.collect();
    let intro = "<p>A refused request is answered as <code>application/problem+json</code>. Its <code>code</code> is \
        one of these and stays; its <code>type</code> is the address of a page below; its <code>detail</code> says \
        what is wrong with this very request and is for people.</p>";
    html(
        "Problem codes",
        &format!("{intro}\n<dl>\n{}</dl>", rows.concat()),
    )
}

#[get("/docs/problems/{code}")]
async fn show_page(state: Data<State>, name: Path<String>) -> Result<HttpResponse, Problem> {
    let code = ApiCode::ALL.iter().find(|code| code.row().name == *name);
    let code = *code.ok_or_else(Problem::not_found)?;
    let row = code.row();
    let problem = Problem::new(code, row.example);
    let example = problem.body(
        state.cookies.origin(),
        "req_01a1fe1868b77e40a9d8c1f2b3e4d5f6",
    );
    let example = serde_json::to_string_pretty(&example).map_err(Problem::internal)?;
    Ok(html(row.title, &body(row, &example)))
}

#[get("/docs/problems/page.css")]
async fn show_style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEPT))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

fn body(row: ApiCodeRow, example: &str) -> String {
    format!(
        "<p><code>{name}</code>, HTTP {status}</p>\n<h2>What it means</h2>\n<p>{meaning}</p>\n\
         <h2>What to do</h2>\n<p>{next}</p>\n<h2>Example</h2>\n<pre tabindex=\"0\"><code>{example}</code></pre>\n\
         <p><a href=\"/docs/problems\">All codes</a> · <a href=\"/docs\">The API</a></p>",
        name = row.name,
        status = row.status,
        meaning = prose(row.meaning),
        next = prose(row.next),
        example = escaped(example),
    )
}

fn html(title: &str, body: &str) -> HttpResponse {
    let title = prose(title);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Switchyard API</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/problems/page.css\">\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEPT))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Text of the table as HTML: what stands between backticks is code.
fn prose(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(index, part)| {
            if index % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_code_and_no_tag_gets_through() {
        assert_eq!(
            prose("send `a < b`, \"now\""),
            "send <code>a &lt; b</code>, &quot;now&quot;"
        );
    }
}
