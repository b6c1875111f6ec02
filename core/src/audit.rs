//! What the audit log records: privileged acts, and who can do them.

use crate::named::named;

named! {
    /// A privileged act.
    pub enum AuditAction {
        /// A business was made.
        BusinessCreated = "business.created",
        /// It was given another name.
        BusinessRenamed = "business.renamed",
        /// It was suspended by an operator.
        BusinessSuspended = "business.suspended",
        /// Its suspension ended.
        BusinessResumed = "business.resumed",
        /// An operator changed what it may use.
        BusinessLimited = "business.limits_changed",
        /// An operator moved it to another shard.
        BusinessMoved = "business.moved",
        /// An operator had a shard emptied that holds numbers of it.
        ShardDrained = "shard.drained",
        /// That shard takes numbers again.
        ShardUndrained = "shard.undrained",
        /// It keeps its messages and events for another time.
        BusinessRetentionChanged = "business.retention_changed",
        /// Somebody was invited.
        MemberInvited = "member.invited",
        /// An invitation was taken back.
        InvitationWithdrawn = "invitation.withdrawn",
        /// An invitation was accepted.
        MemberJoined = "member.joined",
        /// A member was given another role.
        MemberRoleChanged = "member.role_changed",
        /// A member was removed.
        MemberRemoved = "member.removed",
        /// An API key was made.
        KeyCreated = "api_key.created",
        /// An API key was revoked.
        KeyRevoked = "api_key.revoked",
        /// A person was made an operator of the platform.
        OperatorMade = "operator.made",
        /// A person is no operator any more.
        OperatorRemoved = "operator.removed",
        /// An operator shut a person out of every business.
        UserSuspended = "user.suspended",
        /// And let them in again.
        UserRestored = "user.restored",
        /// A person chose another password.
        PasswordChanged = "user.password_changed",
        /// A queue was paused by an operator.
        QueuePaused = "queue.paused",
        /// It goes on.
        QueueResumed = "queue.resumed",
        /// Dead letters were given another life by an operator.
        DeadLettersRetried = "dead_letters.retried",
        /// A phone number takes calls from now on.
        CallNumberAdded = "call_number.added",
        /// It takes none any more.
        CallNumberRemoved = "call_number.removed",
        /// What callers hear and who is rung was changed.
        CallFlowChanged = "call_flow.changed",
        /// Somebody of the business ended a call, or took one back that waited.
        CallHungUp = "call.hung_up",
        /// An operator took a call's place on the limit back.
        CallReleased = "call.released",
        /// An operator changed how many calls there may be at a time.
        CallLimitChanged = "call_limit.changed",
    }
}

named! {
    /// What kind of hand did it.
    pub enum ActorKind {
        /// A member of the business.
        User = "user",
        /// An operator of the platform, as such.
        Operator = "operator",
        /// An API key.
        ApiKey = "api_key",
        /// The program itself: the first run, or a command on the machine.
        System = "system",
    }
}
