//! What a handler needs of its caller, as types: a handler without one does not compile into a route of a business.

use switchyard_core::permission::Permission;

/// A permission as a type.
pub(crate) trait Needs: 'static {
    /// What the caller must be allowed; none for whoever is signed in.
    const PERMISSION: Option<Permission>;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Option<Permission> = $scope;
        }
    )*};
}

needs! {
    /// Whoever is signed in.
    Any = None;
    /// Read chats and messages.
    MessagesRead = Some(Permission::MessagesRead);
    /// Send messages, mark chats read.
    MessagesWrite = Some(Permission::MessagesWrite);
    /// See numbers.
    SessionsRead = Some(Permission::SessionsRead);
    /// Link, stop and remove numbers.
    SessionsWrite = Some(Permission::SessionsWrite);
    /// See contacts.
    ContactsRead = Some(Permission::ContactsRead);
    /// Read events and the live stream.
    EventsRead = Some(Permission::EventsRead);
    /// See calls and play recordings.
    CallsRead = Some(Permission::CallsRead);
    /// Change the call flow and the numbers that take calls.
    CallsWrite = Some(Permission::CallsWrite);
    /// See, invite, change and remove the people of the business.
    MembersManage = Some(Permission::MembersManage);
    /// See, make and revoke API keys.
    KeysManage = Some(Permission::KeysManage);
    /// Change the business itself.
    BusinessManage = Some(Permission::BusinessManage);
    /// Read the audit log of the business.
    AuditRead = Some(Permission::AuditRead);
    /// Operate the platform.
    PlatformOperate = Some(Permission::PlatformOperate);
}
