//! Who may do what: roles inside a business, scopes of API keys, and the one table of permissions over both.

use crate::named::named;

named! {
    /// A role inside a business.
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// Inbox and contacts.
        Agent = "agent",
        /// And sessions.
        Admin = "admin",
        /// And members, keys and the business itself.
        Owner = "owner",
    }
}

named! {
    /// What an API key may do.
    #[derive(PartialOrd, Ord)]
    pub enum Scope {
        /// Read chats and messages.
        MessagesRead = "messages:read",
        /// Send messages, mark chats read.
        MessagesWrite = "messages:write",
        /// See numbers.
        SessionsRead = "sessions:read",
        /// Link, stop and remove numbers.
        SessionsWrite = "sessions:write",
        /// See contacts.
        ContactsRead = "contacts:read",
        /// Change contacts.
        ContactsWrite = "contacts:write",
        /// Read events and the live stream.
        EventsRead = "events:read",
        /// See calls and play recordings.
        CallsRead = "calls:read",
        /// Change the call flow and the numbers that take calls.
        CallsWrite = "calls:write",
    }
}

named! {
    /// What a caller may do. [`Permission::row`] is the one table that routes, their description and the dashboard
    /// read.
    #[derive(PartialOrd, Ord)]
    pub enum Permission {
        /// Read chats and messages.
        MessagesRead = "messages:read",
        /// Send messages, mark chats read.
        MessagesWrite = "messages:write",
        /// See numbers.
        SessionsRead = "sessions:read",
        /// Link, stop and remove numbers.
        SessionsWrite = "sessions:write",
        /// See contacts.
        ContactsRead = "contacts:read",
        /// Change contacts.
        ContactsWrite = "contacts:write",
        /// Read events and the live stream.
        EventsRead = "events:read",
        /// See calls and play recordings.
        CallsRead = "calls:read",
        /// Change the call flow and the numbers that take calls.
        CallsWrite = "calls:write",
        /// See, invite, change and remove the people of the business.
        MembersManage = "members:manage",
        /// See, make and revoke API keys.
        KeysManage = "keys:manage",
        /// Change the business itself.
        BusinessManage = "business:manage",
        /// Read the audit log of the business.
        AuditRead = "audit:read",
        /// Operate the platform: `/v1/admin`.
        PlatformOperate = "platform:operate",
    }
}

/// Who has a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRow {
    /// The least role in the business whose people have it; `None`: operators of the platform alone.
    pub least_role: Option<Role>,
    /// The scope that gives it to an API key; `None`: no key ever has it.
    pub scope: Option<Scope>,
}

impl Permission {
    /// Its row of the table.
    pub const fn row(self) -> PermissionRow {
        match self {
            Self::MessagesRead => by_scope(Role::Agent, Scope::MessagesRead),
            Self::MessagesWrite => by_scope(Role::Agent, Scope::MessagesWrite),
            Self::SessionsRead => by_scope(Role::Agent, Scope::SessionsRead),
            Self::SessionsWrite => by_scope(Role::Admin, Scope::SessionsWrite),
            Self::ContactsRead => by_scope(Role::Agent, Scope::ContactsRead),
            Self::ContactsWrite => by_scope(Role::Agent, Scope::ContactsWrite),
            Self::EventsRead => by_scope(Role::Agent, Scope::EventsRead),
            Self::CallsRead => by_scope(Role::Agent, Scope::CallsRead),
            Self::CallsWrite => by_scope(Role::Admin, Scope::CallsWrite),
            Self::MembersManage | Self::KeysManage | Self::BusinessManage | Self::AuditRead => {
                PermissionRow {
                    least_role: Some(Role::Owner),
                    scope: None,
                }
            }
            Self::PlatformOperate => PermissionRow {
                least_role: None,
                scope: None,
            },
        }
    }

    /// Whether a person with this role has it; an operator has what operators alone have.
    pub fn is_given_to(self, role: Role, is_operator: bool) -> bool {
        self.row()
            .least_role
            .map_or(is_operator, |least| role >= least)
    }

    /// Whether a key with these scopes has it.
    pub fn is_in(self, scopes: &[Scope]) -> bool {
        self.row()
            .scope
            .is_some_and(|scope| scopes.contains(&scope))
    }
}

const fn by_scope(least: Role, scope: Scope) -> PermissionRow {
    PermissionRow {
        least_role: Some(least),
        scope: Some(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_gives_one_permission_of_its_name() {
        for scope in Scope::ALL {
            let given: Vec<Permission> = Permission::ALL
                .into_iter()
                .filter(|it| it.is_in(&[scope]))
                .collect();
            assert_eq!(given.len(), 1);
            assert_eq!(given[0].name(), scope.name());
        }
    }

    #[test]
    fn an_owner_who_is_no_operator_does_not_operate_the_platform() {
        for role in [Role::Agent, Role::Admin, Role::Owner] {
            assert!(!Permission::PlatformOperate.is_given_to(role, false));
            assert!(Permission::PlatformOperate.is_given_to(role, true));
        }
        assert!(!Permission::MembersManage.is_given_to(Role::Admin, true));
    }
}
