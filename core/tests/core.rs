//! Rules of the domain that hold for any input.

use proptest::prelude::*;
use switchyard_core::address::{Phone, parse_recipient};
use switchyard_core::drain::{DrainAnswer, DrainRequest};
use switchyard_core::message::text_is_sendable;
use switchyard_core::routing::hash_route;
use switchyard_core::{BusinessId, MessageId, Timestamp};

proptest! {
    #[test]
    fn no_text_makes_reading_a_recipient_or_an_id_fail_badly(text in "\\PC{0,60}") {
        let shown = parse_recipient(&text).ok().and_then(|who| who.shown());
        if let Some(shown) = shown {
            prop_assert_eq!(parse_recipient(&shown).ok().and_then(|who| who.shown()), Some(shown));
        }
        prop_assert!(text.parse::<MessageId>().is_err() || text.starts_with("msg_"));
        let sendable = text_is_sendable(&text);
        prop_assert!(!sendable || !text.trim().is_empty());
    }

    #[test]
    fn no_bytes_make_reading_a_call_between_processes_fail_badly(bytes in any::<Vec<u8>>(), text in "\\PC{0,80}") {
        let body = format!("{{\"session_id\": {text:?}, \"chat_id\": 1, \"max\": {}}}", bytes.len());
        for body in [bytes.as_slice(), body.as_bytes()] {
            prop_assert!(serde_json::from_slice::<DrainRequest>(body).is_err());
            prop_assert!(serde_json::from_slice::<DrainAnswer>(body).is_err());
        }
    }

    #[test]
    fn every_instant_is_shown_and_read_back(ms in any::<i64>(), text in "[-+0-9TZ:. ]{0,30}") {
        let shown = Timestamp::told(ms).to_string();
        let read: Timestamp = serde_json::from_value(shown.clone().into()).unwrap();
        prop_assert_eq!(read.to_string(), shown);
        // Read or refused, never worse.
        let read = serde_json::from_value::<Timestamp>(text.clone().into());
        prop_assert!(read.is_err() || text.len() >= 20);
    }

    #[test]
    fn a_phone_reads_back_as_it_is_shown(digits in "[1-9][0-9]{6,14}") {
        let phone = Phone::parse(&digits).unwrap();
        prop_assert_eq!(Phone::parse(&phone.e164()), Some(phone));
    }

    #[test]
    fn a_route_is_always_one_of_the_shards(shards in 0_u16..200) {
        let shard = hash_route(BusinessId::generate(), shards);
        prop_assert!((1..=shards.max(1)).contains(&shard));
    }
}
