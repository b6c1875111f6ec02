//! Statements of the data keys and of the master key's fingerprint.

use crate::statement::statements;

statements! {
    /// The data key of a business: the first that was made.
    DATA_KEY = "select key_id, wrapped from data_keys where business_id = $1 order by key_id limit 1";
    /// Keeps a new data key, unless another process was faster.
    INSERT_DATA_KEY =
        "insert into data_keys (business_id, key_id, wrapped, created_at) values ($1, $2, $3, $4)
         on conflict (business_id, key_id) do nothing";
    /// A fact about the database.
    FACT: across_tenants = "select value from meta where name = $1";
    /// Keeps a fact, unless it is known.
    INSERT_FACT: across_tenants =
        "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing";
}
