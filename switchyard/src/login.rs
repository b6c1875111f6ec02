//! Whom a process logs in to Postgres as: `sy_api` for the API, `sy_platform` for shards and workers.

use store::{Login, Store};

use crate::refusal::Refusal;

/// A login that can do its work, and what is missing to keep businesses apart as well as it could.
pub(crate) fn advice(login: &Login) -> Option<String> {
    let name = &login.name;
    let instead = "let api log in as sy_api, shard and worker as sy_platform";
    if login.is_unbound {
        Some(format!(
            "{name} is a superuser or passes row-level security by: it holds only where a statement says whose rows it is about; {instead}"
        ))
    } else if login.is_owner {
        Some(format!(
            "{name} owns the tables and could take their policies away; {instead}"
        ))
    } else {
        None
    }
}

/// For the API. Somebody mightier than need be is told in the log and may go on: its transactions of one business see
/// that business alone all the same. As `sy_platform` none would, and nobody would notice.
pub(crate) fn of_api(store: &Store) -> Result<(), Refusal> {
    let Store::Postgres(postgres) = store else {
        return Ok(());
    };
    if postgres.login().is_platform() {
        return Err(Refusal::Setting(
            "DATABASE_URL logs in as sy_platform, which sees every business: api logs in as sy_api"
                .to_owned(),
        ));
    }
    if let Some(advice) = advice(postgres.login()) {
        tracing::warn!("{advice}");
    }
    Ok(())
}

/// For shards and workers, whose statements go across businesses.
pub(crate) fn of_platform(store: &Store) -> Result<(), Refusal> {
    match store {
        Store::Postgres(postgres) if postgres.login().is_api() => Err(Refusal::Setting(
            "DATABASE_URL logs in as sy_api, which sees one business at a time: shard and worker log in as sy_platform"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}
