//! `switchyard user operator EMAIL`: makes a person an operator of the platform.

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
    /// Make a person who has an account an operator of the platform.
    Operator(Box<Operator>),
}

/// Whom.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// The address of the account.
    email: String,
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
        let made = accounts::make_operator(&installation.store, Timestamp::now(), &email).await?;
        installation.store.close().await;
        if !made {
            return Err(unknown());
        }
        say(&format!("{email} operates the platform now"));
        Ok(())
    })
}
