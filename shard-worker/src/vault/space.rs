//! The kinds of rows in a session's vault.

/// A kind of row: its name in the table. A name never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    /// The device: credentials and what the client remembers of itself. One row.
    Device,
    /// Identity keys by address; `sub` names the user.
    Identity,
    /// Ratchets by address; `sub` names the user.
    Session,
    /// One-time pre-keys; key and `n` are the id.
    Prekey,
    /// Signed pre-keys; key and `n` are the id.
    SignedPrekey,
    /// Sender keys of groups by address.
    SenderKey,
    /// Keys of the app state by their id.
    SyncKey,
    /// Which key of the app state was stored last. One row.
    LatestSyncKey,
    /// Version and hash of each collection of the app state.
    Version,
    /// Value MACs of the app state by index MAC; `sub` is the collection.
    MutationMac,
    /// Who has our sender key: device by `key`, group by `sub`.
    SenderKeyDevice,
    /// Phone number of a LID. Only cached under this name: mappings have a table of their own.
    Lid,
    /// LID of a phone number, the last one learned. Only cached under this name.
    Phone,
    /// Base keys seen in retries, by address and message; expire.
    BaseKey,
    /// Device lists by user.
    Devices,
    /// What is known of a group.
    Group,
    /// Trusted contact tokens.
    TcToken,
    /// Sent messages for retries, by chat and id; expire.
    Sent,
    /// Inbound messages not committed yet; expire.
    Pending,
    /// Message secrets; `n` is the message's time in seconds; expire, unless the client wants them for ever.
    MsgSecret,
}

impl Space {
    /// The name in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Identity => "identity",
            Self::Session => "session",
            Self::Prekey => "prekey",
            Self::SignedPrekey => "signed_prekey",
            Self::SenderKey => "sender_key",
            Self::SyncKey => "sync_key",
            Self::LatestSyncKey => "sync_key_latest",
            Self::Version => "version",
            Self::MutationMac => "mutation_mac",
            Self::SenderKeyDevice => "sender_key_device",
            Self::Lid => "lid",
            Self::Phone => "phone",
            Self::BaseKey => "base_key",
            Self::Devices => "devices",
            Self::Group => "group",
            Self::TcToken => "tc_token",
            Self::Sent => "sent",
            Self::Pending => "pending",
            Self::MsgSecret => "msg_secret",
        }
    }
}
