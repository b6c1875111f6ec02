//! WhatsApp's addresses read as our identities, and back.

use switchyard_core::address::{Identity, Lid, Phone};
use wacore_binary::{Jid, JidExt};

/// Reads what a list of addresses of one person tells of them; groups, channels and the like tell nothing.
pub(crate) fn identity<'a>(addresses: impl IntoIterator<Item = Option<&'a Jid>>) -> Identity {
    let mut found = Identity::default();
    for jid in addresses.into_iter().flatten() {
        if jid.is_pn() {
            found.phone = found.phone.or_else(|| Phone::parse(&jid.user));
        } else if jid.is_lid() {
            found.lid = found.lid.or_else(|| Lid::parse(&jid.user));
        }
    }
    found
}

/// Whether nothing is known of this person.
pub(crate) fn is_unknown(who: &Identity) -> bool {
    who.phone.is_none() && who.lid.is_none()
}

/// Where to send to: the phone number when known, since an account that still addresses by number is refused
/// a LID; the client itself changes over where the account has.
pub(crate) fn address(who: &Identity) -> Option<Jid> {
    let phone = who.phone.as_ref().map(|it| Jid::pn(it.digits()));
    phone.or_else(|| who.lid.as_ref().map(|it| Jid::lid(it.digits())))
}

/// Whether an address is that of a person, not of a group, a channel, a status or a list.
pub(crate) fn is_person(jid: &Jid) -> bool {
    (jid.is_pn() || jid.is_lid()) && !jid.is_group() && !jid.is_bot()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_suffix_names_the_same_person() {
        let phone = "972501234567:12@s.whatsapp.net".parse().unwrap();
        let lid = "99887766:3@lid".parse().unwrap();
        let who = identity([Some(&phone), None, Some(&lid)]);
        assert_eq!(who.phone, Phone::parse("972501234567"));
        assert_eq!(who.lid, Lid::parse("99887766"));
        assert_eq!(
            address(&who).unwrap().to_string(),
            "972501234567@s.whatsapp.net"
        );
    }

    #[test]
    fn a_group_is_nobody() {
        let group: Jid = "123-456@g.us".parse().unwrap();
        assert!(is_unknown(&identity([Some(&group)])));
        assert!(!is_person(&group));
        assert!(!is_person(&Jid::status_broadcast()));
    }
}
