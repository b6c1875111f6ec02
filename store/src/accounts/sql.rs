//! Statements on accounts. A credential is looked up before anybody knows the business, so these go across tenants.

use crate::statement::statements;

statements! {
    /// Once per installation; the second one waits for the first and changes nothing.
    MARK_SET_UP = "insert into meta (name, value) values ('set_up', $1) on conflict (name) do nothing";

    SET_UP_MARK = "select name from meta where name = 'set_up'";

    INSERT_BUSINESS = "insert into businesses (id, name, status, created_at) values ($1, $2, 'active', $3)";

    BUSINESS = "select id, name from businesses where id = $1";

    INSERT_USER = "insert into users (id, email, name, password_hash, is_operator, created_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing";

    INSERT_MEMBER = "insert into members (business_id, user_id, role, created_at) values ($1, $2, $3, $4)";

    SET_OPERATOR = "update users set is_operator = $2 where email = $1 and disabled_at is null returning id";

    PASSWORD = "select id, password_hash from users where email = $1 and disabled_at is null";

    SET_PASSWORD = "update users set password_hash = $2 where id = $1 and disabled_at is null";

    CLOSE_OTHERS: across_tenants = "update user_sessions set revoked_at = $3
        where user_id = $1 and id <> $2 and revoked_at is null";

    DROP_LINKS: across_tenants = "delete from sign_in_links where user_id = $1";

    HOME: across_tenants = "select m.business_id from members m join businesses b on b.id = m.business_id
        where m.user_id = $1 and b.status = 'active' order by m.created_at, m.business_id limit 1";

    /// In the business `$7`, else in the person's oldest one that is active.
    INSERT_SESSION = "insert into user_sessions
            (id, user_id, business_id, refresh_hash, client_hash, created_at, refreshed_at, expires_at)
        select $1, m.user_id, m.business_id, $3, $4, $5, $5, $6
        from members m join businesses b on b.id = m.business_id
            join users u on u.id = m.user_id and u.disabled_at is null
        where m.user_id = $2 and b.status = 'active' and m.business_id = coalesce($7, m.business_id)
        order by m.created_at, m.business_id limit 1";

    SESSION: across_tenants = "select s.id, s.user_id, u.name as user_name, u.email, u.is_operator,
            m.business_id, b.name as business_name, m.role
        from user_sessions s
        join users u on u.id = s.user_id and u.disabled_at is null
        join members m on m.user_id = s.user_id and m.business_id = coalesce($3, s.business_id)
        join businesses b on b.id = m.business_id and b.status = 'active'
        where s.id = $1 and s.revoked_at is null and s.expires_at > $2";

    SESSION_TOKENS: across_tenants = {
        sqlite: "select refresh_hash, previous_hash, client_hash, refreshed_at from user_sessions
            where id = $1 and revoked_at is null and expires_at > $2",
        postgres: "select refresh_hash, previous_hash, client_hash, refreshed_at from user_sessions
            where id = $1 and revoked_at is null and expires_at > $2 for update",
    };

    RENEW_SESSION: across_tenants = "update user_sessions
        set previous_hash = $2, refresh_hash = $3, client_hash = $4, refreshed_at = $5, expires_at = $6
        where id = $1";

    /// Only to an active business in which the person works.
    SWITCH_SESSION: across_tenants = "update user_sessions set business_id = $2
        where id = $1 and revoked_at is null and exists (select 1 from members m
            join businesses b on b.id = m.business_id and b.status = 'active'
            where m.user_id = user_sessions.user_id and m.business_id = $2)";

    CLOSE_SESSION: across_tenants = "update user_sessions set revoked_at = $2 where id = $1 and revoked_at is null";

    INSERT_LINK: across_tenants = "insert into sign_in_links (token_hash, user_id, created_at, expires_at)
        values ($1, $2, $3, $4)";

    USE_LINK: across_tenants = "update sign_in_links set used_at = $2
        where token_hash = $1 and used_at is null and expires_at > $2 returning user_id";

    INSERT_KEY = "insert into api_keys
            (id, business_id, name, secret_hash, hint, scopes, per_second, burst, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    KEY_BY_HASH: across_tenants = "select k.id, k.business_id, k.secret_hash, k.scopes, k.per_second, k.burst,
            k.expires_at
        from api_keys k join businesses b on b.id = k.business_id and b.status = 'active'
        where k.secret_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)";

    KEY_BY_ID = "select k.id, k.business_id, k.secret_hash, k.scopes, k.per_second, k.burst, k.expires_at
        from api_keys k join businesses b on b.id = k.business_id and b.status = 'active'
        where k.business_id = $1 and k.id = $2 and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > $3)";

    KEYS_ALIVE = "select count(*) from api_keys
        where business_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)";

    KEYS = "select id, name, hint, scopes, per_second, burst, created_by, created_at, expires_at, last_used_at
        from api_keys where business_id = $1 and revoked_at is null and id > $2 order by id limit $3";

    /// Once a minute at most, however many processes see the key.
    KEY_USED = "update api_keys set last_used_at = $3
        where business_id = $1 and id = $2 and (last_used_at is null or last_used_at < $4)";

    REVOKE_KEY = "update api_keys set revoked_at = $3
        where business_id = $1 and id = $2 and revoked_at is null";
}
