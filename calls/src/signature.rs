//! Who asks: the signature that Twilio puts on every request, `X-Twilio-Signature`. Source: Twilio's page "Webhooks
//! security" and its libraries twilio 9.13.0 (Python) and 6.2.0 (Node).

use actix_web::http::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::form::Form;

/// The header that carries it.
const HEADER: &str = "X-Twilio-Signature";
/// The header that names a key shared for webhooks alone, and what is done with it. Source: Twilio's page "Webhook shared
/// keys".
const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";
/// The one algorithm that such a key signs by; which one is ours to say, not theirs who ask.
const SHARED_ALGORITHM: &str = "HMAC_SHA256";
/// What a query says of a body that is no form: its SHA-256 in hex.
const BODY_HASH: &str = "bodySHA256";

/// What a request has to show that the provider made it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp<'a> {
    signature: &'a str,
    settings: Option<&'a str>,
}

impl<'a> Stamp<'a> {
    /// Reads it; `None`: there is none, or it is no text.
    pub(crate) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let settings = match headers.get(SETTINGS) {
            Some(settings) => Some(settings.to_str().ok()?),
            None => None,
        };
        Some(Self {
            signature: headers.get(HEADER)?.to_str().ok()?,
            settings,
        })
    }
}

/// A key that the provider signs webhooks with beside the account's token, or instead of it.
#[derive(Debug, Clone)]
pub struct SharedKey {
    /// Its name at the provider.
    pub id: String,
    /// The key.
    pub secret: SecretString,
}

/// The tokens of an account: a second one while the first is being replaced.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    tokens: Vec<SecretString>,
    shared: Option<SharedKey>,
}

impl Tokens {
    /// The token, the one that is accepted beside it, and the key that is shared for webhooks.
    pub(crate) fn new(
        primary: SecretString,
        secondary: Option<SecretString>,
        shared: Option<SharedKey>,
    ) -> Self {
        let mut tokens = vec![primary];
        tokens.extend(secondary);
        Self { tokens, shared }
    }

    /// Whether the provider signed a request for `url` (with its query, without a fragment) with this form.
    ///
    /// A URL without a port may have been signed with the usual one of its scheme, and one with a port without it; over a
    /// socket the usual port is 443 too, which the libraries get wrong.
    pub(crate) fn signed(&self, url: &str, form: &Form, stamp: Stamp<'_>) -> bool {
        let urls = [Some(url.to_owned()), with_other_port(url)];
        let mut valid = false;
        for url in urls.iter().flatten() {
            for expected in self.expected(url, form, stamp.settings) {
                valid |= bool::from(expected.as_bytes().ct_eq(stamp.signature.as_bytes()));
            }
        }
        valid
    }

    /// What the signature of this may be: none, where it is to be by a key or in a way that is not ours.
    fn expected(&self, url: &str, form: &Form, settings: Option<&str>) -> Vec<String> {
        let text = text(url, form);
        let Some(settings) = settings else {
            let signed = |token: &SecretString| sign::<Hmac<Sha1>>(token, &text);
            return self.tokens.iter().map(signed).collect();
        };
        let said = |name: &str| {
            let mut parts = settings
                .split(',')
                .filter_map(|it| it.trim().split_once('='));
            parts.find(|(it, _)| *it == name).map(|(_, value)| value)
        };
        let key = self.shared.iter().filter(|key| {
            said("key") == Some(key.id.as_str()) && said("algorithm") == Some(SHARED_ALGORITHM)
        });
        key.map(|key| sign::<Hmac<Sha256>>(&key.secret, &text))
            .collect()
    }

    /// The same for a body that is no form: its hash stands in the query and is signed with it.
    pub(crate) fn signed_body(&self, url: &str, body: &[u8], stamp: Stamp<'_>) -> bool {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let said = Form::parse(query.as_bytes());
        let hash = hex(&Sha256::digest(body));
        let fits = said
            .get(BODY_HASH)
            .is_some_and(|said| bool::from(said.as_bytes().ct_eq(hash.as_bytes())));
        fits & self.signed(url, &Form::default(), stamp)
    }
}

/// What is signed: the URL, and each name with each of its distinct values.
fn text(url: &str, form: &Form) -> String {
    let mut text = url.to_owned();
    for (name, value) in form.signed() {
        text.push_str(name);
        text.push_str(value);
    }
    text
}

/// Base64 of the code of that text.
fn sign<M: Mac + KeyInit>(key: &SecretString, text: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.expose_secret().as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The URL without its port, or with the usual one of its scheme.
fn with_other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let port = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            return Some(format!("{scheme}://{host}{path}"));
        }
        _ if matches!(scheme, "https" | "wss") => 443,
        _ => 80,
    };
    Some(format!("{scheme}://{authority}:{port}{path}"))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12345678901234567890123456789012";
    const U: &str = "https://calls.example.test/voice/incoming";
    const SOCKET: &str = "wss://calls.example.test/media/CA00000000000000000000000000000001";
    const INC: &str = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01\
        &CallSid=CA00000000000000000000000000000001&CallStatus=ringing&Direction=inbound\
        &From=%2B15551230001&To=%2B15551239999";
    const FIRST: &str = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01\
        &CallSid=CA00000000000000000000000000000001&CallStatus=ringing&Called=%2B15551239999&CalledCity=\
        &CalledCountry=US&CalledState=&CalledZip=&Caller=%2B15551230001&CallerCity=&CallerCountry=US&CallerState=\
        &CallerZip=&Direction=inbound&From=%2B15551230001&FromCity=&FromCountry=US&FromState=&FromZip=\
        &To=%2B15551239999&ToCity=&ToCountry=US&ToState=&ToZip=";

    fn tokens(token: &str) -> Tokens {
        Tokens::new(token.to_owned().into(), None, None)
    }

    fn by(signature: &str) -> Stamp<'_> {
        Stamp {
            signature,
            settings: None,
        }
    }

    fn valid(url: &str, form: &str, signature: &str) -> bool {
        tokens(TOKEN).signed(url, &Form::parse(form.as_bytes()), by(signature))
    }

    #[test]
    fn the_examples_of_the_documentation_are_accepted() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        for (from, signature) in [
            ("%2B14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("%2B12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        ] {
            let form = format!(
                "To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller={from}&From={from}&Digits=1234"
            );
            let form = Form::parse(form.as_bytes());
            assert!(tokens("12345").signed(url, &form, by(signature)));
            assert!(!tokens("12346").signed(url, &form, by(signature)));
        }
    }

    #[test]
    fn forms_of_every_shape_are_signed_as_the_official_libraries_sign_them() {
        let later = FIRST.replace("ringing", "completed");
        let terminal = format!(
            "{later}&CallDuration=42&Duration=1&Timestamp=Sat%2C+21+Nov+2026+08%3A30%3A00+%2B0000\
             &CallbackSource=call-progress-events&SequenceNumber=0"
        );
        let fallback = format!(
            "{FIRST}&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fcalls.example.test%2Fvoice%2Fincoming"
        );
        let hebrew = "CallSid=CA1&CallerName=A+B+%26+C&Digits=\
            &SpeechResult=%D7%A9%D7%9C%D7%95%D7%9D+%D7%A2%D7%95%D7%9C%D7%9D";
        let repeated = "A=x&StatusCallbackEvent=ringing&StatusCallbackEvent=answered&StatusCallbackEvent=ringing";
        let with_query = format!("{U}?biz=42&x=%20a");
        let status = "https://calls.example.test/voice/status";
        for (url, form, signature) in [
            (U, INC, "wOGfH1rxScmHF1KbEOYKlR2H2fE="),
            (with_query.as_str(), INC, "9XO7Kf5RQ8K9QY/1uQJBDkzZhFo="),
            (U, "", "cWs5Cbe5MaNeLx+pgKVfdesHmsY="),
            (U, hebrew, "f/efvXaRz3QTBnxpeXSecYoSyFk="),
            (U, repeated, "GNN7IVSHBIwYqHKHW0fhXKmcXlk="),
            (U, "b=1&B=2&a=3&A=4&_=5", "Mm3WTvPOSjUEPhtTdTSlddEeXMM="),
            (U, FIRST, "xaGsqJUoPrs62rU6qvVNIbigViA="),
            (status, &terminal, "lhWrB+7H6WHeq1QhF64lC6Yo55Q="),
            (
                "https://calls.example.test/voice/fallback",
                &fallback,
                "MmqmrAiuhiTDlrqvYzz+6S8qAB8=",
            ),
        ] {
            assert!(valid(url, form, signature), "{url} {form}");
            assert!(
                !valid(url, &format!("{form}&More=1"), signature),
                "{url} {form}"
            );
        }
        let get = format!("{U}?CallSid=CA00000000000000000000000000000001&From=%2B15551230001");
        assert!(valid(&get, "", "KB7oAKEkRa3xmexAkrVe4wfGJIQ="));
    }

    #[test]
    fn the_usual_port_may_be_written_or_not_and_another_one_only_left_out() {
        let (bare, on_usual) = (
            "wOGfH1rxScmHF1KbEOYKlR2H2fE=",
            "ZkNYcBwZ04whHrG9YavVdYdwHWA=",
        );
        let on_another = "/5VEbe2DOQMlmEzmxDBel7R+FqI=";
        let at = |port: &str| U.replace(".test/", &format!(".test:{port}/"));
        assert!(valid(U, INC, on_usual) && valid(&at("443"), INC, bare));
        assert!(valid(&at("8443"), INC, bare) && valid(&at("8443"), INC, on_another));
        assert!(!valid(U, INC, on_another));
        let http = U.replace("https", "http");
        assert!(valid(&http, INC, "Dvgn/OTmpHClwjy8zMPIs+uj20c="));
        assert!(valid(&http, INC, "+zBaWohKwyhQwBeiGmgIR4yMSxs="));
        assert!(
            !valid(U, INC, "Dvgn/OTmpHClwjy8zMPIs+uj20c="),
            "another scheme"
        );
        assert!(
            !valid(&format!("{U}#rc=3"), INC, bare),
            "a fragment is never signed"
        );
    }

    #[test]
    fn a_socket_is_signed_by_its_own_scheme() {
        assert!(valid(SOCKET, "", "Yna78DqYaVFek5sKqiUff+g4mp8="));
        assert!(valid(
            &format!("{SOCKET}/"),
            "",
            "3hPITJHAhUsMDX3uvlqN82THV+c="
        ));
        assert!(
            valid(SOCKET, "", "xfx629E0XscNRucshhiMkVkaNyc="),
            "with :443"
        );
        assert!(
            !valid(SOCKET, "", "X62UB98R9LhqAQBS2HP/rVRAbg4="),
            "signed as https"
        );
    }

    #[test]
    fn a_body_that_is_no_form_is_signed_by_its_hash() {
        let url = format!(
            "{U}?bodySHA256=27ebfe91a318dc07829eec267640f3751e9a3cdc12079c47803ad76b3404b82e"
        );
        let signature = "ggKaIguZrYdWYim68/5sP1OyueU=";
        let body = br#"{"event":"x","n":1}"#;
        assert!(tokens(TOKEN).signed_body(&url, body, by(signature)));
        assert!(!tokens(TOKEN).signed_body(&url, br#"{"event":"x","n":1} "#, by(signature)));
        assert!(
            !tokens(TOKEN).signed_body(U, body, by("cWs5Cbe5MaNeLx+pgKVfdesHmsY=")),
            "no hash"
        );
    }

    #[test]
    fn while_a_token_is_replaced_both_are_accepted() {
        let both = Tokens::new("new".to_owned().into(), Some(TOKEN.to_owned().into()), None);
        let form = Form::parse(INC.as_bytes());
        assert!(both.signed(U, &form, by("wOGfH1rxScmHF1KbEOYKlR2H2fE=")));
        assert!(!tokens("new").signed(U, &form, by("wOGfH1rxScmHF1KbEOYKlR2H2fE=")));
        assert!(!both.signed(U, &form, by("")));
    }

    #[test]
    fn a_shared_key_signs_by_its_name_and_its_own_algorithm_alone() {
        let shared = SharedKey {
            id: "webhooks_sharedkey_1".to_owned(),
            secret: TOKEN.to_owned().into(),
        };
        let both = Tokens::new("another".to_owned().into(), None, Some(shared));
        let form = Form::parse(INC.as_bytes());
        let (sha1, sha256) = (
            "wOGfH1rxScmHF1KbEOYKlR2H2fE=",
            "s2S7POOYQDXY9Sd4PyzM/oTtDZJjYKGxgqNq6oKnMTM=",
        );
        let ours = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";
        let with = |tokens: &Tokens, signature, settings| {
            tokens.signed(
                U,
                &form,
                Stamp {
                    signature,
                    settings,
                },
            )
        };
        assert!(with(&both, sha256, Some(ours)));
        assert!(!with(&both, sha1, Some(ours)));
        for other in [
            "",
            "key=webhooks_sharedkey_2,algorithm=HMAC_SHA256",
            "key=webhooks_sharedkey_1,algorithm=HMAC_SHA1",
            "key=webhooks_sharedkey_1",
        ] {
            assert!(!with(&both, sha256, Some(other)), "{other}");
            assert!(!with(&both, sha1, Some(other)), "{other}");
        }
        assert!(
            !with(&both, sha256, None),
            "who does not say so signs by the token"
        );
        assert!(!with(&tokens(TOKEN), sha256, Some(ours)), "none is set");
    }
}
