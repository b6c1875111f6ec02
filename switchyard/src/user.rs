//! `switchyard user operator EMAIL`: makes a person an operator of the platform, or takes that back.

use clap::{Args, Subcommand};
use store::accounts;
use switchyard_core::Timestamp;
use switchyard_core::account::parse_email;

use crate::installation::Installation;
use crate::progress::say;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::{runtime, telemetry};

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a person who has an account an operator of the platform, or no operator any more.
    Operator(Box<Operator>),
}

/// Whom.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// The address of the account.
    email: String,
    /// Take it back: an operator no more.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs to the end; a second time changes nothing but the audit log.
pub(crate) fn run(user: &User) -> Result<(), Refusal> {
    let User::Operator(operator) = user;
    let unknown = || Refusal::Setting(format!("{} has no account here", operator.email));
    let email = parse_email(&operator.email).ok_or_else(unknown)?;
    telemetry::start(&operator.settings.log)?;
    runtime::run(async {
        let (installation, _folder) = Box::pin(Installation::alone(&operator.settings)).await?;
        let (store, operates) = (&installation.store, !operator.remove);
        let made = accounts::set_operator(store, Timestamp::now(), &email, operates).await?;
        installation.store.close().await;
        if !made {
            return Err(unknown());
        }
        let now = if operates { "now" } else { "no more" };
        say(&format!("{email} operates the platform {now}"));
        Ok(())
    })
}
