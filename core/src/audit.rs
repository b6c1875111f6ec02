//! What the audit log records: privileged acts, and who can do them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

// `tt`, because the derive of the schema does not see through a `literal` and would describe other names.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:tt;)*) => {
        /// A privileged act. Stored and shown by its dotted name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl AuditAction {
            /// Every act.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stored and shown name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

actions! {
    /// A business was made.
    BusinessCreated = "business.created";
    /// It was given another name.
    BusinessRenamed = "business.renamed";
    /// It was suspended by an operator.
    BusinessSuspended = "business.suspended";
    /// Its suspension ended.
    BusinessResumed = "business.resumed";
    /// An operator changed what it may use.
    BusinessLimited = "business.limits_changed";
    /// Somebody was invited.
    MemberInvited = "member.invited";
    /// An invitation was taken back.
    InvitationWithdrawn = "invitation.withdrawn";
    /// An invitation was accepted.
    MemberJoined = "member.joined";
    /// A member was given another role.
    MemberRoleChanged = "member.role_changed";
    /// A member was removed.
    MemberRemoved = "member.removed";
    /// An API key was made.
    KeyCreated = "api_key.created";
    /// An API key was revoked.
    KeyRevoked = "api_key.revoked";
    /// A person was made an operator of the platform.
    OperatorMade = "operator.made";
}

impl AuditAction {
    /// The act of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

/// What kind of hand did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A member of the business.
    User,
    /// An operator of the platform, as such.
    Operator,
    /// An API key.
    ApiKey,
    /// The program itself: the first run, or a command on the machine.
    System,
}

impl ActorKind {
    /// The stored and shown name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::ApiKey => "api_key",
            Self::System => "system",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Operator, Self::ApiKey, Self::System]
            .into_iter()
            .find(|it| it.name() == name)
    }
}
