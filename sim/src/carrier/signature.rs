//! Signs what the network asks of a business: `X-Twilio-Signature`, as Twilio's page "Webhooks security" has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The header that carries a signature.
pub(crate) const HEADER: &str = "X-Twilio-Signature";

/// The signature of a request for `url` (as it is requested: with its query, without a fragment) whose body is this
/// form: base64 of HMAC-SHA1 over the URL and each name with each of its distinct values, both in byte order.
pub(crate) fn sign(token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut pairs: Vec<&(String, String)> = form.iter().collect();
    pairs.sort_unstable();
    pairs.dedup();
    // A key of any length is taken, so there is no failure to tell of.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
        return String::new();
    };
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12345678901234567890123456789012";
    const U: &str = "https://calls.example.test/voice/incoming";

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn incoming() -> Vec<(String, String)> {
        form(&[
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", "+15551230001"),
            ("To", "+15551239999"),
        ])
    }

    #[test]
    fn the_example_of_twilios_documentation_is_signed_as_it_says() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let call = |from: &str| {
            form(&[
                ("To", "+18005551212"),
                ("From", from),
                ("Digits", "1234"),
                ("Caller", from),
                ("CallSid", "CA1234567890ABCDE"),
            ])
        };
        assert_eq!(
            sign("12345", url, &call("+14158675309")),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        );
        assert_eq!(
            sign("12345", url, &call("+12349013030")),
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
        );
    }

    #[test]
    fn ports_queries_and_sockets_are_signed_as_the_official_libraries_do() {
        let inc = incoming();
        for (url, form, wanted) in [
            (U.to_owned(), &inc, "wOGfH1rxScmHF1KbEOYKlR2H2fE="),
            (
                "https://calls.example.test:443/voice/incoming".to_owned(),
                &inc,
                "ZkNYcBwZ04whHrG9YavVdYdwHWA=",
            ),
            (
                "https://calls.example.test:8443/voice/incoming".to_owned(),
                &inc,
                "/5VEbe2DOQMlmEzmxDBel7R+FqI=",
            ),
            (
                format!("{U}?biz=42&x=%20a"),
                &inc,
                "9XO7Kf5RQ8K9QY/1uQJBDkzZhFo=",
            ),
            (
                format!("{U}?CallSid=CA00000000000000000000000000000001&From=%2B15551230001"),
                &Vec::new(),
                "KB7oAKEkRa3xmexAkrVe4wfGJIQ=",
            ),
            (U.to_owned(), &Vec::new(), "cWs5Cbe5MaNeLx+pgKVfdesHmsY="),
            (
                "wss://calls.example.test/media/CA00000000000000000000000000000001".to_owned(),
                &Vec::new(),
                "Yna78DqYaVFek5sKqiUff+g4mp8=",
            ),
        ] {
            assert_eq!(sign(TOKEN, &url, form), wanted, "{url}");
        }
    }

    #[test]
    fn a_value_that_comes_twice_counts_once() {
        let mut twice = incoming();
        twice.extend(incoming());
        assert_eq!(sign(TOKEN, U, &twice), sign(TOKEN, U, &incoming()));
    }
}
