//! Addresses: which phone and device a jid means, and how a phone is shown to others.

use serde::{Deserialize, Serialize};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Server};
use wacore_libsignal::protocol::ProtocolAddress;

/// Which of a person's two addresses others get to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Addressing {
    /// Messages come from the phone number, with the LID beside it.
    #[default]
    PnLid,
    /// Messages come from the LID, with the phone number beside it.
    LidPn,
    /// The number is hidden until it is revealed.
    LidOnly,
    /// The LID is not shown.
    PnOnly,
}

/// The two addresses of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// Digits of the phone number.
    pub(crate) phone: String,
    /// Digits of the LID.
    pub(crate) lid: String,
    /// Which of them others see.
    pub(crate) addressing: Addressing,
}

impl Names {
    /// The address of the phone number, with a device (0 for the phone itself).
    pub(crate) fn pn(&self, device: u16) -> Jid {
        Jid::pn_device(self.phone.as_str(), device)
    }

    /// The LID, with a device.
    pub(crate) fn lid(&self, device: u16) -> Jid {
        Jid::lid_device(self.lid.as_str(), device)
    }

    /// The address that others see, with a device.
    pub(crate) fn shown(&self, device: u16) -> Jid {
        match self.addressing {
            Addressing::PnLid | Addressing::PnOnly => self.pn(device),
            Addressing::LidPn | Addressing::LidOnly => self.lid(device),
        }
    }

    /// Adds `from`, and the other address where it may be known.
    pub(crate) fn sender(&self, device: u16, builder: NodeBuilder) -> NodeBuilder {
        let builder = builder.attr("from", self.shown(device));
        match self.addressing {
            Addressing::PnLid => builder.attr("sender_lid", self.lid(device)),
            Addressing::LidPn => builder.attr("sender_pn", self.pn(device)),
            Addressing::LidOnly | Addressing::PnOnly => builder,
        }
    }

    /// Whether others may learn that number and LID are one person.
    pub(crate) fn mapping_is_public(&self) -> bool {
        matches!(self.addressing, Addressing::PnLid | Addressing::LidPn)
    }
}

/// Under which name a device has its Signal session: always the number, whatever the wire says.
pub(crate) fn session_address(phone: &str, device: u16) -> ProtocolAddress {
    ProtocolAddress::new(phone, u32::from(device).into())
}

/// Whether `jid` names a person or one of a person's devices.
pub(crate) fn is_person(jid: &Jid) -> bool {
    matches!(jid.server, Server::Pn | Server::Lid) && is_digits(&jid.user)
}

/// Whether `text` is one to twenty digits, the longest that a number or a LID can be.
pub(crate) fn is_digits(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
