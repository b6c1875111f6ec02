//! The page that looks like phones: one file, without anything from elsewhere.

use actix_web::HttpResponse;

/// `GET /`.
pub(crate) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Frame-Options", "DENY"))
        .body(include_str!("page.html"))
}
