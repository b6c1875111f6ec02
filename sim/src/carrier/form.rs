//! What the network tells of a call in every request: the names and values of Twilio's webhooks.

use super::call::Call;

/// Country codes of numbers that tests and demonstrations use; of others nothing is told, as Twilio may.
const COUNTRIES: [(&str, &str); 5] = [
    ("+1", "US"),
    ("+972", "IL"),
    ("+44", "GB"),
    ("+49", "DE"),
    ("+33", "FR"),
];

/// The form of a request about that call, as far as it is now.
pub(crate) fn of(call: &Call) -> Vec<(String, String)> {
    let parties = &call.parties;
    let mut form: Vec<(String, String)> = Vec::with_capacity(32);
    let mut tell = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
    tell("AccountSid", &parties.account.sid);
    tell("ApiVersion", "2010-04-01");
    tell("CallSid", &call.sid);
    tell("CallStatus", call.status().as_str());
    tell("Direction", parties.direction.as_str());
    for (side, phone) in [
        ("From", &parties.from),
        ("Caller", &parties.from),
        ("To", &parties.to),
        ("Called", &parties.to),
    ] {
        tell(side, phone);
        tell(&format!("{side}City"), "");
        tell(&format!("{side}State"), "");
        tell(&format!("{side}Zip"), "");
        tell(&format!("{side}Country"), country(phone));
    }
    if let Some(parent) = &parties.parent {
        tell("ParentCallSid", parent);
    }
    form
}

/// One more name and value.
pub(crate) fn with(
    mut form: Vec<(String, String)>,
    more: &[(String, String)],
) -> Vec<(String, String)> {
    form.extend_from_slice(more);
    form
}

fn country(phone: &str) -> &'static str {
    COUNTRIES
        .iter()
        .find(|(code, _)| phone.starts_with(code))
        .map_or("", |(_, country)| country)
}
