//! Statements on members and invitations.

use crate::statement::statements;

statements! {
    LOCK = {
        sqlite: "select id from businesses where id = $1",
        postgres: "select id from businesses where id = $1 for no key update",
    };

    LIST = "select m.user_id, u.name, u.email, m.role, m.created_at
        from members m join users u on u.id = m.user_id
        where m.business_id = $1 order by m.created_at, m.user_id limit $2";

    GET = "select m.user_id, u.name, u.email, m.role, m.created_at
        from members m join users u on u.id = m.user_id
        where m.business_id = $1 and m.user_id = $2";

    ROLE = "select role from members where business_id = $1 and user_id = $2";

    OWNER = "select user_id from members where business_id = $1 and role = 'owner' limit 1";

    CHANGE_ROLE = "update members set role = $3 where business_id = $1 and user_id = $2";

    REMOVE = "delete from members where business_id = $1 and user_id = $2";

    BUSINESSES_OF: across_tenants = "select m.business_id, b.name, m.role
        from members m join businesses b on b.id = m.business_id
        where m.user_id = $1 and b.status = 'active' order by m.created_at, m.business_id limit $2";

    /// Members and open invitations.
    PLACES_TAKEN = "select (select count(*) from members where business_id = $1)
        + (select count(*) from invitations where business_id = $1 and accepted_at is null
            and revoked_at is null and expires_at > $2)";

    HAS_ADDRESS = "select m.user_id from members m join users u on u.id = m.user_id
        where m.business_id = $1 and u.email = $2";

    INVITATIONS = "select id, email, role, created_at, expires_at from invitations
        where business_id = $1 and accepted_at is null and revoked_at is null and expires_at > $2
        order by id limit $3";

    INSERT_INVITATION = "insert into invitations
            (id, business_id, email, role, token_hash, invited_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";

    /// A new invitation takes the place of an open one.
    REPLACE_INVITATIONS = "update invitations set revoked_at = $3
        where business_id = $1 and email = $2 and accepted_at is null and revoked_at is null";

    WITHDRAW = "update invitations set revoked_at = $3
        where business_id = $1 and id = $2 and accepted_at is null and revoked_at is null
        returning email";

    INVITED: across_tenants = "select i.id, i.business_id, b.name as business_name, i.email, i.role, i.expires_at,
            u.id as user_id, u.password_hash
        from invitations i join businesses b on b.id = i.business_id and b.status = 'active'
        left join users u on u.email = i.email and u.disabled_at is null
        where i.token_hash = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2";

    SPEND: across_tenants = "update invitations set accepted_at = $2
        where token_hash = $1 and accepted_at is null and revoked_at is null and expires_at > $2
        returning id, business_id, email, role";

    ADDRESS_OF = "select email from users where id = $1 and disabled_at is null";

    JOIN = "insert into members (business_id, user_id, role, created_at) values ($1, $2, $3, $4)
        on conflict (business_id, user_id) do nothing";
}
