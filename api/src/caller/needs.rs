//! What a handler needs of its caller, as types: a handler without one does not compile into a route of a business.

use switchyard_core::permission::Scope;

/// A permission as a type.
pub(crate) trait Needs: 'static {
    /// The scope that the caller must have; none for whoever is signed in.
    const SCOPE: Option<Scope>;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const SCOPE: Option<Scope> = $scope;
        }
    )*};
}

needs! {
    /// Whoever is signed in.
    Any = None;
    /// Read chats and messages.
    MessagesRead = Some(Scope::MessagesRead);
    /// Send messages, mark chats read.
    MessagesWrite = Some(Scope::MessagesWrite);
    /// See numbers.
    SessionsRead = Some(Scope::SessionsRead);
    /// Link, stop and remove numbers.
    SessionsWrite = Some(Scope::SessionsWrite);
    /// See contacts.
    ContactsRead = Some(Scope::ContactsRead);
    /// Read events and the live stream.
    EventsRead = Some(Scope::EventsRead);
}
