//! Statements: each is written once, as a registered constant, for both engines; tests prepare every one on both.

/// One SQL statement. Parameters are `$1`, `$2`, … on both engines.
#[derive(Debug)]
pub struct Sql {
    /// The module and the name of the constant.
    pub name: &'static str,
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for Postgres; mostly the same.
    pub postgres: &'static str,
    /// Declared to read or write rows of more than one business.
    pub across_tenants: bool,
}

/// Declares statements: `NAME = "both";`, `NAME = { sqlite: "…", postgres: "…" };`,
/// `NAME = (concat!(…));` with columns that several share, and `NAME: across_tenants = …;`
/// for one that does not name its business. Makes a constant of each, and `STATEMENTS` with all of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident $(: $scope:ident)? = $text:tt;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: $crate::statement::Sql = $crate::statement::Sql {
                name: concat!(module_path!(), "::", stringify!($name)),
                sqlite: $crate::statement::text!(sqlite $text),
                postgres: $crate::statement::text!(postgres $text),
                across_tenants: $crate::statement::across!($($scope)?),
            };
        )*
        /// Every statement of this module.
        pub(crate) static STATEMENTS: &[&$crate::statement::Sql] = &[$(&$name),*];
    };
}

macro_rules! text {
    (sqlite { sqlite: $sqlite:literal, postgres: $postgres:literal $(,)? }) => {
        $sqlite
    };
    (postgres { sqlite: $sqlite:literal, postgres: $postgres:literal $(,)? }) => {
        $postgres
    };
    ($engine:ident $both:literal) => {
        $both
    };
    (sqlite ( $sqlite:expr; $postgres:expr )) => {
        $sqlite
    };
    (postgres ( $sqlite:expr; $postgres:expr )) => {
        $postgres
    };
    ($engine:ident ( $both:expr )) => {
        $both
    };
}

macro_rules! across {
    () => {
        false
    };
    (across_tenants) => {
        true
    };
}

pub(crate) use {across, statements, text};

/// Every statement of the store, by module.
pub static ALL: &[&[&Sql]] = &[
    crate::accounts::sql::STATEMENTS,
    crate::audit::sql::STATEMENTS,
    crate::businesses::sql::STATEMENTS,
    crate::calls::sql::STATEMENTS,
    crate::users::sql::STATEMENTS,
    crate::chats::sql::STATEMENTS,
    crate::contacts::sql::STATEMENTS,
    crate::events::sql::STATEMENTS,
    crate::fence::STATEMENTS,
    crate::fold::STATEMENTS,
    crate::inbound::sql::STATEMENTS,
    crate::jobs::push::STATEMENTS,
    crate::jobs::sql::STATEMENTS,
    crate::leases::sql::STATEMENTS,
    crate::seal::sql::STATEMENTS,
    crate::links::sql::STATEMENTS,
    crate::members::sql::STATEMENTS,
    crate::messages::sql::STATEMENTS,
    crate::migrate::sql::STATEMENTS,
    crate::queues::sql::STATEMENTS,
    crate::quota::sql::STATEMENTS,
    crate::receipts::sql::STATEMENTS,
    crate::retention::sql::STATEMENTS,
    crate::sessions::sql::STATEMENTS,
    crate::shards::sql::STATEMENTS,
    crate::sweeps::sql::STATEMENTS,
    crate::vault::mapping::STATEMENTS,
    crate::vault::sql::STATEMENTS,
];
