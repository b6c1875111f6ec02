//! What signing in answers: who it is, and the tokens, in the body or as cookies.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use store::accounts::{self, Business, NewUserSession, User, UserSession};
use switchyard_core::{BusinessId, Timestamp, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::State;
use crate::problem::Problem;
use crate::refresh::{self, REFRESH_LIFE};

/// A person who signs in.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserObject {
    /// `usr_…`
    #[schema(value_type = String)]
    pub(crate) id: UserId,
    /// The person's name.
    pub(crate) name: String,
    /// The address to sign in with, lower case.
    pub(crate) email: String,
    /// Whether this person operates the platform.
    pub(crate) operator: bool,
}

impl From<&User> for UserObject {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            name: user.name.clone(),
            email: user.email.clone(),
            operator: user.is_operator,
        }
    }
}

/// A business.
#[derive(Serialize, ToSchema)]
#[schema(as = Business)]
pub(crate) struct BusinessObject {
    /// `biz_…`
    #[schema(value_type = String)]
    pub(crate) id: BusinessId,
    /// Its name.
    pub(crate) name: String,
}

impl From<&Business> for BusinessObject {
    fn from(business: &Business) -> Self {
        Self {
            id: business.id,
            name: business.name.clone(),
        }
    }
}

/// A person is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// Who it is.
    pub(crate) user: UserObject,
    /// The business that is worked in.
    pub(crate) business: BusinessObject,
    /// For `Authorization: Bearer`; `null` when it was set as a cookie.
    pub(crate) access_token: Option<String>,
    /// For one renewal; `null` when it was set as a cookie, or when the present one stays good.
    pub(crate) refresh_token: Option<String>,
    /// When the access token ends.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// The two tokens of a session and how they travel.
pub(crate) struct Tokens<'a> {
    pub(crate) session: &'a UserSession,
    /// `None`: the present one stays good.
    pub(crate) refresh: Option<SecretString>,
    pub(crate) as_cookies: bool,
}

/// Opens a session for a person who has just proved to be that person.
pub(super) async fn open(
    request: &HttpRequest,
    state: &State,
    status: StatusCode,
    user: UserId,
    business: Option<BusinessId>,
    as_cookies: bool,
) -> Result<HttpResponse, Problem> {
    let now = Timestamp::now();
    let id = Uuid::now_v7();
    let refresh = refresh::first(id);
    let new = NewUserSession {
        id,
        user,
        business,
        refresh_hash: accounts::hash(refresh.expose_secret()),
        client_hash: client_hash(request),
        expires_at: now.plus(REFRESH_LIFE),
    };
    let session = accounts::open_user_session(&state.store, now, new).await?;
    let session = session.ok_or_else(|| Problem::forbidden("this account has no business"))?;
    let tokens = Tokens {
        session: &session,
        refresh: Some(refresh),
        as_cookies,
    };
    answer(state, status, now, &tokens)
}

/// The answer with fresh tokens.
pub(crate) fn answer(
    state: &State,
    status: StatusCode,
    now: Timestamp,
    tokens: &Tokens<'_>,
) -> Result<HttpResponse, Problem> {
    let session = tokens.session;
    let signed = (state.tokens).sign(now, session.user.id, session.id, session.business.id);
    let (access, expires_at) = signed.map_err(Problem::internal)?;
    let in_body = !tokens.as_cookies;
    let body = SignedIn {
        user: (&session.user).into(),
        business: (&session.business).into(),
        access_token: in_body.then(|| access.clone()),
        refresh_token: (tokens.refresh.as_ref())
            .filter(|_| in_body)
            .map(|it| it.expose_secret().to_owned()),
        expires_at,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if tokens.as_cookies {
        for cookie in state.cookies.set(&access, tokens.refresh.as_ref()) {
            response.cookie(cookie);
        }
    }
    Ok(response.json(body))
}

/// Tells clients apart, as far as they do themselves.
pub(super) fn client_hash(request: &HttpRequest) -> [u8; 32] {
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|it| it.to_str().ok()).unwrap_or_default();
    accounts::hash(agent)
}
