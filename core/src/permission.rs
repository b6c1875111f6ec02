//! Who may do what: roles inside a business, scopes of API keys, and the one table of permissions over both.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role inside a business.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Inbox and contacts.
    Agent,
    /// And sessions.
    Admin,
    /// And members, keys and the business itself.
    Owner,
}

impl Role {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Agent, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// What an API key may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Scope {
    /// Read chats and messages.
    #[serde(rename = "messages:read")]
    MessagesRead,
    /// Send messages, mark chats read.
    #[serde(rename = "messages:write")]
    MessagesWrite,
    /// See numbers.
    #[serde(rename = "sessions:read")]
    SessionsRead,
    /// Link, stop and remove numbers.
    #[serde(rename = "sessions:write")]
    SessionsWrite,
    /// See contacts.
    #[serde(rename = "contacts:read")]
    ContactsRead,
    /// Change contacts.
    #[serde(rename = "contacts:write")]
    ContactsWrite,
    /// Read events and the live stream.
    #[serde(rename = "events:read")]
    EventsRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::MessagesRead,
        Self::MessagesWrite,
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::EventsRead,
    ];

    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagesRead => "messages:read",
            Self::MessagesWrite => "messages:write",
            Self::SessionsRead => "sessions:read",
            Self::SessionsWrite => "sessions:write",
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::EventsRead => "events:read",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What a caller may do. [`Permission::row`] is the one table that routes, their description and the dashboard read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Permission {
    /// Read chats and messages.
    #[serde(rename = "messages:read")]
    MessagesRead,
    /// Send messages, mark chats read.
    #[serde(rename = "messages:write")]
    MessagesWrite,
    /// See numbers.
    #[serde(rename = "sessions:read")]
    SessionsRead,
    /// Link, stop and remove numbers.
    #[serde(rename = "sessions:write")]
    SessionsWrite,
    /// See contacts.
    #[serde(rename = "contacts:read")]
    ContactsRead,
    /// Change contacts.
    #[serde(rename = "contacts:write")]
    ContactsWrite,
    /// Read events and the live stream.
    #[serde(rename = "events:read")]
    EventsRead,
    /// See, invite, change and remove the people of the business.
    #[serde(rename = "members:manage")]
    MembersManage,
    /// See, make and revoke API keys.
    #[serde(rename = "keys:manage")]
    KeysManage,
    /// Change the business itself.
    #[serde(rename = "business:manage")]
    BusinessManage,
    /// Read the audit log of the business.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Operate the platform: `/v1/admin`.
    #[serde(rename = "platform:operate")]
    PlatformOperate,
}

/// Who has a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRow {
    /// The shown name.
    pub name: &'static str,
    /// The least role in the business whose people have it; `None`: operators of the platform alone.
    pub least_role: Option<Role>,
    /// The scope that gives it to an API key; `None`: no key ever has it.
    pub scope: Option<Scope>,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 12] = [
        Self::MessagesRead,
        Self::MessagesWrite,
        Self::SessionsRead,
        Self::SessionsWrite,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::EventsRead,
        Self::MembersManage,
        Self::KeysManage,
        Self::BusinessManage,
        Self::AuditRead,
        Self::PlatformOperate,
    ];

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
            Self::MembersManage => by_owner("members:manage"),
            Self::KeysManage => by_owner("keys:manage"),
            Self::BusinessManage => by_owner("business:manage"),
            Self::AuditRead => by_owner("audit:read"),
            Self::PlatformOperate => PermissionRow {
                name: "platform:operate",
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
        name: scope.name(),
        least_role: Some(least),
        scope: Some(scope),
    }
}

const fn by_owner(name: &'static str) -> PermissionRow {
    PermissionRow {
        name,
        least_role: Some(Role::Owner),
        scope: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_shown_by_the_name_of_its_row() {
        for permission in Permission::ALL {
            let shown = serde_json::to_value(permission).unwrap();
            assert_eq!(shown, permission.row().name);
        }
    }

    #[test]
    fn every_scope_gives_one_permission_of_its_name() {
        for scope in Scope::ALL {
            let given: Vec<Permission> = Permission::ALL
                .into_iter()
                .filter(|it| it.is_in(&[scope]))
                .collect();
            assert_eq!(given.len(), 1);
            assert_eq!(given[0].row().name, scope.name());
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
