//! The door of every webhook: who asks is known by the signature before anything else happens.

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use switchyard_core::BusinessId;
use switchyard_core::call::CallSid;

use crate::address::RESERVATION;
use crate::desk::Desk;
use crate::form::Form;
use crate::signature::Stamp;

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Its signature is wrong, or it has none.
    #[error("the signature is wrong")]
    Forged,
    /// It is signed and not for us: another account, another business's number, no such business.
    #[error("this is nobody's call here")]
    Nobodys,
    /// It cannot be read.
    #[error("the request cannot be read")]
    Unreadable,
    /// It is too long.
    #[error("the request is too long")]
    TooLong,
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Forged | Self::Nobodys => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::build(self.status_code())
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body(self.to_string())
    }
}

/// A request that the provider signed.
#[derive(Debug)]
pub(crate) struct Posted {
    /// The business of its address.
    pub(crate) business: BusinessId,
    /// What it says.
    pub(crate) form: Form,
    /// What its address says.
    pub(crate) query: Form,
    /// The call, which every request names.
    pub(crate) sid: CallSid,
}

impl Posted {
    /// The call that this one is a leg of.
    pub(crate) fn parent(&self) -> Option<CallSid> {
        self.form.get("ParentCallSid")?.parse().ok()
    }

    /// What the call was asked for as, of one that we placed.
    pub(crate) fn asked_as(&self) -> Option<CallSid> {
        let id: CallSid = self.query.get(RESERVATION)?.parse().ok()?;
        id.is_reserved().then_some(id)
    }

    /// Which of the numbers is ours.
    pub(crate) fn ours(&self) -> &str {
        let name = if self.is_outbound() { "From" } else { "To" };
        self.form.get(name).unwrap_or_default()
    }

    /// Whether we placed the call.
    pub(crate) fn is_outbound(&self) -> bool {
        let direction = self.form.get("Direction");
        direction.is_some_and(|it| it.starts_with("outbound"))
    }

    /// Who calls, where it is a number that can be shown and called back.
    pub(crate) fn caller(&self) -> Option<&str> {
        let from = self.form.get("From")?;
        let is_number =
            from.starts_with('+') && switchyard_core::address::Phone::parse(from).is_some();
        // What a keypad spells ANONYMOUS with.
        (is_number && from != "+266696687").then_some(from)
    }
}

impl FromRequest for Posted {
    type Error = Refused;
    type Future = LocalBoxFuture<'static, Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        let request = request.clone();
        async move {
            let body = body.await.map_err(|_cut_off| Refused::TooLong)?;
            let desk = request.app_data::<Data<Desk>>().ok_or(Refused::Forged)?;
            let read = read(&request, &body, desk);
            if read == Err(Refused::Forged) {
                desk.metrics.forged.inc();
            }
            let (form, query) = read?;
            let account = form.get("AccountSid");
            // The provider signs whatever it fetches for a flow too, and adds its account to nothing but a webhook.
            let is_ours = account.map_or(request.method() != Method::GET, |it| it == desk.account);
            if !is_ours {
                return Err(Refused::Nobodys);
            }
            let business = request.match_info().get("business");
            let business = business.and_then(|it| it.parse().ok());
            let sid = form.get("CallSid").and_then(|it| it.parse().ok());
            Ok(Self {
                business: business.ok_or(Refused::Nobodys)?,
                sid: sid.ok_or(Refused::Unreadable)?,
                form,
                query,
            })
        }
        .boxed_local()
    }
}

/// The form and the query of a request whose signature is right.
fn read(request: &HttpRequest, body: &[u8], desk: &Desk) -> Result<(Form, Form), Refused> {
    let stamp = Stamp::of(request.headers()).ok_or(Refused::Forged)?;
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let url = format!("{}{path}", desk.base);
    let query = Form::parse(request.query_string().as_bytes());
    let (form, valid) = if request.method() == Method::GET {
        (
            query.clone(),
            desk.tokens.signed(&url, &Form::default(), stamp),
        )
    } else if body.is_empty() || is_form(request) {
        let form = Form::parse(body);
        let valid = desk.tokens.signed(&url, &form, stamp);
        (form, valid)
    } else {
        (object(body), desk.tokens.signed_body(&url, body, stamp))
    };
    if valid {
        Ok((form, query))
    } else {
        Err(Refused::Forged)
    }
}

fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The texts of a JSON object, as if they had come as a form.
fn object(body: &[u8]) -> Form {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).unwrap_or_default();
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect()
}

/// The signature of a socket's handshake, which is made over its own scheme.
pub(crate) fn socket_is_signed(request: &HttpRequest, desk: &Desk) -> bool {
    let Some(stamp) = Stamp::of(request.headers()) else {
        return false;
    };
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let url = crate::address::socket(&format!("{}{path}", desk.base));
    desk.tokens.signed(&url, &Form::default(), stamp)
}
