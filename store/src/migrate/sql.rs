//! What the migrations have left.

use crate::statement::statements;

statements! {
    /// The migrations that were applied whole.
    APPLIED: across_tenants = "select version from _sqlx_migrations where success order by version";
}
