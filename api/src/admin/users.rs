//! People of the platform: found, shut out, let in again.

use serde::{Deserialize, Serialize};
use store::users::Account;
use switchyard_core::{Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

mod change;
mod list;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_users)
        .service(change::change_user);
}

/// Whether a person may sign in.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UserStatus {
    /// They may.
    Active,
    /// Shut out of every business.
    Suspended,
}

/// A person as operators see them.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountObject {
    /// `usr_…`
    #[schema(value_type = String)]
    id: UserId,
    /// The person's name.
    name: String,
    /// The address to sign in with, lower case.
    email: String,
    /// Whether this person operates the platform.
    operator: bool,
    /// Whether they may sign in.
    status: UserStatus,
    /// Businesses that they are a member of.
    businesses: i64,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Account> for AccountObject {
    fn from(account: Account) -> Self {
        Self {
            id: account.user.id,
            name: account.user.name,
            email: account.user.email,
            operator: account.user.is_operator,
            status: if account.suspended {
                UserStatus::Suspended
            } else {
                UserStatus::Active
            },
            businesses: account.businesses,
            created_at: account.created_at,
        }
    }
}
