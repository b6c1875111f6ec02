//! Who is calling: the credential of a request, checked, and what it allows. It names the business.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use store::accounts::{ApiKey, UserSession};
use store::audit::Actor;
use store::rates::Rate;
use switchyard_core::audit::ActorKind;
use switchyard_core::code::ApiCode;
use switchyard_core::message::Source;
use switchyard_core::permission::Permission;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use crate::address;
use crate::api::State;
use crate::limit;
use crate::problem::Problem;

mod credentials;
mod needs;
mod usage;

pub(crate) use credentials::Credentials;
pub(crate) use needs::{
    Any, AuditRead, BusinessManage, CallsRead, CallsWrite, ContactsRead, EventsRead, KeysManage,
    MembersManage, MessagesRead, MessagesWrite, Needs, PlatformOperate, SessionsRead,
    SessionsWrite,
};

/// Whoever sent the request.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The business that the credential names.
    pub(crate) business: BusinessId,
    /// When the credential ends by itself.
    pub(crate) until: Option<Timestamp>,
    pub(crate) who: Who,
    /// Where the request came from.
    pub(crate) origin: Origin,
}

/// Where a request came from, for the log and the audit log.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    pub(crate) address: Option<IpAddr>,
    pub(crate) request_id: String,
}

impl Origin {
    /// Of a request, whoever it comes from.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// A hand that acts from there.
    pub(crate) fn hand(&self, kind: ActorKind, id: Option<Uuid>) -> Actor {
        Actor {
            kind,
            id,
            address: self.address.map(|it| it.to_string()),
            request_id: Some(self.request_id.clone()),
        }
    }
}

/// A person or a program.
#[derive(Clone)]
pub(crate) enum Who {
    User(Arc<UserSession>),
    Key(Arc<ApiKey>),
}

impl Caller {
    /// The user or the key: whose limits and idempotency keys these are.
    pub(crate) fn actor(&self) -> Uuid {
        match &self.who {
            Who::User(session) => session.user.id.uuid(),
            Who::Key(key) => key.id.uuid(),
        }
    }

    /// Whether this is a person who operates the platform.
    pub(crate) fn is_operator(&self) -> bool {
        matches!(&self.who, Who::User(session) if session.user.is_operator)
    }

    /// What a message that this caller sends says of where it was written.
    pub(crate) fn source(&self) -> Source {
        match &self.who {
            Who::User(_) => Source::Dashboard,
            Who::Key(_) => Source::Api,
        }
    }

    /// Everything that this caller may do.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        Permission::ALL
            .into_iter()
            .filter(|permission| self.may(*permission))
            .collect()
    }

    fn may(&self, permission: Permission) -> bool {
        match &self.who {
            Who::User(session) => permission.is_given_to(session.role, session.user.is_operator),
            Who::Key(key) => permission.is_in(&key.scopes),
        }
    }

    /// Whose hand the audit log names for what this caller does in the business.
    pub(crate) fn acts(&self) -> Actor {
        let kind = match &self.who {
            Who::User(_) => ActorKind::User,
            Who::Key(_) => ActorKind::ApiKey,
        };
        self.acts_as(kind)
    }

    /// The same, of somebody who acts as an operator.
    pub(crate) fn operates(&self) -> Actor {
        self.acts_as(ActorKind::Operator)
    }

    fn acts_as(&self, kind: ActorKind) -> Actor {
        self.origin.hand(kind, Some(self.actor()))
    }

    fn rate(&self) -> Rate {
        match &self.who {
            Who::User(_) => limit::USER,
            Who::Key(key) => Rate::per_s(key.per_second, key.burst),
        }
    }
}

/// The credential that a request brings. A header makes cookies count for nothing.
pub(crate) enum Presented {
    Key(String),
    Token(String),
}

impl Presented {
    fn of(request: &HttpRequest, state: &State) -> Result<Self, Problem> {
        if let Some(header) = request.headers().get(AUTHORIZATION) {
            let text = header.to_str().unwrap_or_default();
            let secret = text
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, secret)| secret.trim())
                .ok_or_else(|| Problem::unauthorized("send Authorization: Bearer …"))?;
            return Ok(if secret.starts_with(store::accounts::KEY_PREFIX) {
                Self::Key(secret.to_owned())
            } else {
                Self::Token(secret.to_owned())
            });
        }
        let token = state
            .cookies
            .access(request)
            .ok_or_else(|| Problem::unauthorized("send Authorization: Bearer …, or sign in"))?;
        state.cookies.check_origin(request)?;
        Ok(Self::Token(token))
    }
}

/// Who a request turned out to come from; waits there for the handler that asks.
struct Identified(Result<Caller, Problem>);

/// Finds out who is calling, before anything else of the request is read, so that a stranger learns nothing
/// from how the rest of it is refused.
pub(crate) async fn identify(state: &State, request: &HttpRequest, request_id: &str) {
    let origin = Origin {
        address: address::client(request, &state.trusted_proxies),
        request_id: request_id.to_owned(),
    };
    let caller = identified(state, request).await;
    let caller = caller.map(|caller| Caller {
        origin: origin.clone(),
        ..caller
    });
    let mut extensions = request.extensions_mut();
    extensions.insert(Identified(caller));
    extensions.insert(origin);
}

async fn identified(state: &State, request: &HttpRequest) -> Result<Caller, Problem> {
    let presented = Presented::of(request, state)?;
    let caller = state.credentials.check(state, presented).await?;
    spend(request, state, &caller).await?;
    Ok(caller)
}

/// Takes one request of the caller's limit, and notes how it stands for the answer's headers.
async fn spend(request: &HttpRequest, state: &State, caller: &Caller) -> Result<(), Problem> {
    let verdict = state.limits.request(caller.actor(), caller.rate()).await;
    request.extensions_mut().insert(verdict);
    if verdict.passes {
        Ok(())
    } else {
        let problem = Problem::new(ApiCode::TooManyRequests, "slow down a little");
        Err(problem.after(verdict.reset_s.max(1)))
    }
}

/// A caller who may do what `N` names; the handler's type says so.
pub(crate) struct Allowed<N>(pub(crate) Caller, PhantomData<N>);

impl<N: Needs> FromRequest for Allowed<N> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        ready(allowed(request))
    }
}

fn allowed<N: Needs>(request: &HttpRequest) -> Result<Allowed<N>, Problem> {
    let identified = request.extensions_mut().remove::<Identified>();
    let Identified(caller) =
        identified.ok_or_else(|| Problem::internal("nobody asked who is calling"))?;
    let caller = caller?;
    match N::PERMISSION {
        Some(permission) if !caller.may(permission) => Err(Problem::forbidden(format!(
            "this needs {}, which this credential does not have",
            permission.name()
        ))),
        _ => Ok(Allowed(caller, PhantomData)),
    }
}
