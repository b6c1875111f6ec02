//! Row-level security, the second wall between businesses: the two roles of the database, and as whom a transaction
//! looks at it.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;
use switchyard_core::BusinessId;

use crate::postgres::line::{Line, Patience};
use crate::{Error, Result};

/// The role of statements of one business.
const API: &str = "sy_api";
/// The role of statements across businesses.
const PLATFORM: &str = "sy_platform";
/// Roles belong to the whole server: another database of it may be migrated at the same moment, and then takes
/// the lock on the catalogue.
const TRIES: u32 = 5;

/// Who this process is to the server, whether any policy holds it, and whether it owns the tables.
const WHO: &str = "select current_user::text, rolsuper or rolbypassrls,
        exists (select 1 from pg_class where oid = to_regclass('public.businesses')
            and pg_has_role(current_user, relowner, 'usage'))
    from pg_roles where rolname = current_user";

/// What is still to be done until both roles are there, the one can become the other, and whoever migrates is in
/// both: its statements on rows, in migrations too, are held by the policies.
const LACKING: &str = "with r as (select
        (select oid from pg_roles where rolname = 'sy_api') as api,
        (select oid from pg_roles where rolname = 'sy_platform') as platform)
    select step from r, lateral (values
        (1, 'create role sy_api login noinherit', api is null),
        (2, 'create role sy_platform login', platform is null),
        (3, 'grant sy_platform to sy_api',
            api is null or platform is null or not pg_has_role(api, platform, 'member')),
        (4, format('grant sy_api, sy_platform to %I', current_user),
            api is null or platform is null or not pg_has_role(current_user, api, 'member')
                or not pg_has_role(current_user, platform, 'member'))
    ) as steps (nr, step, lacks) where lacks order by nr";

/// Postgres: who asks may not do that. Source: its appendix of error codes.
const FORBIDDEN: &str = "42501";

/// Whom a process logged in to the server as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name of the role.
    pub name: String,
    /// A superuser, or one with BYPASSRLS: no policy holds it.
    pub is_unbound: bool,
    /// It owns the tables: it could take their policies away.
    pub is_owner: bool,
}

/// What a transaction has of its own, beside whom it looks as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Plain,
    /// Its commit does not wait for the disk.
    Relaxed,
    /// No statement runs for longer.
    Within(Duration),
}

impl Login {
    pub(super) async fn of(pool: &PgPool, patience: &Patience) -> sqlx::Result<Self> {
        let mut line = Line::acquire(pool, patience).await?;
        let who = sqlx::query_as(WHO).fetch_one(&mut *line);
        let (name, is_unbound, is_owner) = patience.wait(who).await?;
        Ok(Self {
            name,
            is_unbound,
            is_owner,
        })
    }

    /// Whether this is the role of the processes that see every business, and which cannot become another.
    pub fn is_platform(&self) -> bool {
        self.name == PLATFORM
    }

    /// Whether this is the role of the processes that serve the API.
    pub fn is_api(&self) -> bool {
        self.name == API
    }

    /// How a transaction of one business, or of the platform, begins: one message to the server. `None`: as any does.
    pub(super) fn begin(&self, of: Option<BusinessId>, manner: Manner) -> Option<String> {
        let mut words = Vec::new();
        match of {
            Some(business) if !self.is_platform() => {
                if !self.is_api() {
                    words.push(format!("set local role {API}"));
                }
                let business = business.uuid().hyphenated();
                words.push(format!("set local sy.business = '{business}'"));
            }
            None if !self.is_platform() && !self.is_unbound => {
                words.push(format!("set local role {PLATFORM}"));
            }
            _ => {}
        }
        match manner {
            Manner::Plain => {}
            Manner::Relaxed => words.push("set local synchronous_commit = off".to_owned()),
            Manner::Within(most) => {
                words.push(format!(
                    "set local statement_timeout = {}",
                    most.as_millis()
                ));
            }
        }
        (!words.is_empty()).then(|| format!("begin; {}", words.join("; ")))
    }
}

/// Makes what is lacking of the two roles. [`Error::RolesLacking`] when this login may not.
pub(crate) async fn ensure_roles(pool: &PgPool) -> Result<()> {
    let mut tries = 0;
    loop {
        let lacking: Vec<(String,)> = sqlx::query_as(LACKING).fetch_all(pool).await?;
        let Some((step,)) = lacking.first() else {
            return Ok(());
        };
        let Err(error) = sqlx::raw_sql(AssertSqlSafe(step.clone()))
            .execute(pool)
            .await
        else {
            continue;
        };
        let refusal = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if refusal.as_deref() == Some(FORBIDDEN) {
            let steps: Vec<String> = lacking.into_iter().map(|(step,)| step).collect();
            return Err(Error::RolesLacking(steps.join("; ")));
        }
        tries += 1;
        if tries >= TRIES {
            return Err(error.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(name: &str, is_unbound: bool) -> Login {
        Login {
            name: name.to_owned(),
            is_unbound,
            is_owner: false,
        }
    }

    #[test]
    fn a_transaction_of_one_business_sees_it_alone_whoever_logged_in_but_the_platform() {
        let one = BusinessId::generate();
        let named = format!("set local sy.business = '{}'", one.uuid().hyphenated());
        let begin = |login: &Login| login.begin(Some(one), Manner::Plain);
        let walled = Some(format!("begin; set local role sy_api; {named}"));
        assert_eq!(begin(&login("postgres", true)), walled);
        assert_eq!(begin(&login("owner", false)), walled);
        assert_eq!(begin(&login(API, false)), Some(format!("begin; {named}")));
        assert_eq!(begin(&login(PLATFORM, false)), None);
    }

    #[test]
    fn a_transaction_of_the_platform_is_no_other_role_than_it_must_be() {
        let begin = |login: &Login| login.begin(None, Manner::Relaxed);
        let relaxed = "set local synchronous_commit = off";
        let plain = Some(format!("begin; {relaxed}"));
        let becomes = Some(format!("begin; set local role sy_platform; {relaxed}"));
        assert_eq!(begin(&login("postgres", true)), plain);
        assert_eq!(begin(&login(PLATFORM, false)), plain);
        assert_eq!(begin(&login(API, false)), becomes);
        assert_eq!(begin(&login("owner", false)), becomes);
    }
}
