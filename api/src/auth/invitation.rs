//! `POST /v1/auth/invitation` and `…/show`: an invitation to a business, good for one use.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, post};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::members::{self, Invited, Joining};
use switchyard_core::Timestamp;
use switchyard_core::account::parse_name;
use switchyard_core::audit::ActorKind;
use switchyard_core::permission::Role;
use utoipa::ToSchema;

use super::signed_in::{BusinessObject, SignedIn};
use super::{attempt, signed_in};
use crate::api::State;
use crate::caller::{Allowed, Any, Origin, Who};
use crate::input::Body;
use crate::problem::Problem;

/// The token of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowInvitationRequest {
    /// What stands after `#token=`.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "crate::input::secret")]
    token: SecretString,
}

/// An open invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationShown)]
pub(crate) struct InvitationShown {
    /// Where it leads.
    business: BusinessObject,
    /// Whom it is for.
    email: String,
    /// What that person may do there.
    role: Role,
    /// Whether that person has an account already: then its password is asked for, else a new one is chosen.
    has_account: bool,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Shows an invitation to whoever holds its token, without spending it.
#[utoipa::path(request_body = ShowInvitationRequest, tag = "auth", responses((status = 200, body = InvitationShown)))]
#[post("/v1/auth/invitation/show")]
pub(crate) async fn show_invitation(
    request: HttpRequest,
    state: Data<State>,
    body: Body<ShowInvitationRequest>,
) -> Result<Json<InvitationShown>, Problem> {
    let attempt = attempt::begin(&request, &state, None).await?;
    let invited = find(&state, Timestamp::now(), &body.token).await?;
    state.limits.succeeded(&attempt).await;
    Ok(Json(InvitationShown {
        business: BusinessObject {
            id: invited.business,
            name: invited.business_name,
        },
        email: invited.email,
        role: invited.role,
        has_account: invited.user.is_some(),
        expires_at: invited.expires_at,
    }))
}

/// Who accepts. Somebody with an account shows its password, or is signed in; somebody new chooses a name and one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptInvitationRequest {
    /// What stands after `#token=`.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "crate::input::secret")]
    token: SecretString,
    /// What the person is called; for a new account.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// The password of the account that there is, or of the new one: 12 to 128 characters.
    #[schema(value_type = Option<String>, max_length = 128)]
    #[serde(default, deserialize_with = "crate::input::optional_secret")]
    password: Option<SecretString>,
    /// Set the tokens as cookies rather than answering them.
    #[serde(default)]
    cookie: bool,
}

/// Accepts an invitation and signs in to its business.
#[utoipa::path(request_body = AcceptInvitationRequest, tag = "auth", responses((status = 201, body = SignedIn)))]
#[post("/v1/auth/invitation")]
pub(crate) async fn accept_invitation(
    request: HttpRequest,
    state: Data<State>,
    caller: Option<Allowed<Any>>,
    body: Body<AcceptInvitationRequest>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let now = Timestamp::now();
    let attempt = attempt::begin(&request, &state, None).await?;
    let invited = find(&state, now, &body.token).await?;
    let joining = match invited.user {
        Some(user) if is(caller.as_ref(), &invited) => Joining::Known(user),
        Some(user) => {
            prove(&request, &state, &invited, body.password).await?;
            Joining::Known(user)
        }
        None => Joining::New {
            name: (body.name.as_deref())
                .and_then(parse_name)
                .ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))?,
            password_hash: state.passwords.hash(needed(body.password)?).await?,
        },
    };
    let by = Origin::of(&request).hand(ActorKind::User, None);
    let token = body.token.expose_secret();
    let joined = members::join(&state.store, now, token, joining, by).await?;
    let (user, business) = joined.ok_or_else(spent)?;
    state.limits.succeeded(&attempt).await;
    let status = StatusCode::CREATED;
    signed_in::open(&request, &state, status, user, Some(business), body.cookie).await
}

async fn find(state: &State, now: Timestamp, token: &SecretString) -> Result<Invited, Problem> {
    let found = members::invited(&state.store, now, token.expose_secret()).await?;
    found.ok_or_else(spent)
}

fn spent() -> Problem {
    Problem::unauthorized("this invitation was used or withdrawn already, or it ran out")
}

fn needed(password: Option<SecretString>) -> Result<SecretString, Problem> {
    password.ok_or_else(|| Problem::invalid("password is missing"))
}

/// Whether the invited person is the one who is signed in.
fn is(caller: Option<&Allowed<Any>>, invited: &Invited) -> bool {
    match caller.map(|caller| &caller.0.who) {
        Some(Who::User(session)) => Some(session.user.id) == invited.user,
        _ => false,
    }
}

/// The link alone does not make its holder the person who has the account: the password does.
async fn prove(
    request: &HttpRequest,
    state: &State,
    invited: &Invited,
    password: Option<SecretString>,
) -> Result<(), Problem> {
    let attempt = attempt::begin(request, state, Some(&invited.email)).await?;
    let hash = invited.password_hash.clone();
    if state.passwords.matches(needed(password)?, hash).await? {
        state.limits.succeeded(&attempt).await;
        Ok(())
    } else {
        attempt::refused(request, "password of an invited person");
        let detail = "you have an account already: this is not its password";
        Err(Problem::unauthorized(detail))
    }
}
