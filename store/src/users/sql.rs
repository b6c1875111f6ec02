//! Statements on people. Operators see all of them.

use crate::statement::statements;

/// The columns of a person `u`.
macro_rules! account_columns {
    () => {
        "u.id, u.name, u.email, u.is_operator, u.disabled_at, u.created_at,
            (select count(*) from members m where m.user_id = u.id) as businesses"
    };
}

statements! {
    LIST: across_tenants = (concat!("select ", account_columns!(), " from users u
        where u.id > $1 and (lower(u.name) like $2 escape '\\' or u.email like $2 escape '\\')
        order by u.id limit $3"));

    GET: across_tenants = (concat!("select ", account_columns!(), " from users u where u.id = $1"));

    SUSPEND = "update users set disabled_at = $2 where id = $1 and disabled_at is null";

    RESTORE = "update users set disabled_at = null where id = $1 and disabled_at is not null";

    CLOSE_SESSIONS: across_tenants = "update user_sessions set revoked_at = $2
        where user_id = $1 and revoked_at is null";

    /// In the order in which everybody locks businesses.
    BUSINESSES: across_tenants = "select business_id from members where user_id = $1 order by business_id limit $2";
}
