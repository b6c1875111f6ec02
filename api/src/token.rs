//! Access tokens: a JWT of ten minutes that names a row of `user_sessions` and a business, and the keys that sign it.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use switchyard_core::{BusinessId, Timestamp, UserId};
use uuid::Uuid;

use crate::hs256;

/// How long an access token lives: what a stolen one is worth at most.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_mins(10);

/// The kind of token, as RFC 9068 names it: no other kind signed by the same key passes for one.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "switchyard";
const AUDIENCE: &str = "switchyard-api";

/// The secret behind access tokens and the rotation of refresh tokens.
#[derive(Clone)]
pub struct AccessKey([u8; 32]);

impl AccessKey {
    /// Derives it from the installation's master key, so that every process has the same and none is stored.
    pub fn derive(master_key: &[u8]) -> Self {
        Self(keyed(master_key, b"switchyard access tokens 1"))
    }

    /// A key of its own for another purpose.
    pub(crate) fn subkey(&self, purpose: &[u8]) -> [u8; 32] {
        keyed(&self.0, purpose)
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey(…)")
    }
}

/// HMAC-SHA256, which takes a key of any length.
pub(crate) fn keyed(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| {
        mac.chain_update(message).finalize().into_bytes().into()
    })
}

/// What an access token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: Uuid,
    biz: BusinessId,
    iat: i64,
    exp: i64,
}

/// A token that was checked: signed by us, of the right kind, not expired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    pub(crate) session: Uuid,
    pub(crate) business: BusinessId,
    pub(crate) user: UserId,
    pub(crate) expires_at: Timestamp,
}

/// Signs and checks access tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    rotation: [u8; 32],
}

impl Tokens {
    pub(crate) fn new(key: &AccessKey) -> Self {
        hs256::install();
        let secret = key.subkey(b"sign");
        Self {
            signing: EncodingKey::from_secret(&secret),
            checking: DecodingKey::from_secret(&secret),
            rotation: key.subkey(b"rotate"),
        }
    }

    /// The key that successors of refresh tokens are made with.
    pub(crate) fn rotation(&self) -> &[u8; 32] {
        &self.rotation
    }

    /// A token for this session from `now` on, and its end.
    pub(crate) fn sign(
        &self,
        now: Timestamp,
        user: UserId,
        session: Uuid,
        business: BusinessId,
    ) -> Result<(String, Timestamp), errors::Error> {
        let expires_at = Timestamp(now.plus(ACCESS_LIFE).ms() / 1_000 * 1_000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            biz: business,
            iat: now.ms() / 1_000,
            exp: expires_at.ms() / 1_000,
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        Ok((encode(&header, &claims, &self.signing)?, expires_at))
    }

    /// What the token says, if it is one of ours and still good; why not is nobody's business.
    pub(crate) fn check(&self, token: &str) -> Option<Checked> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 0;
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        let read = decode::<Claims>(token, &self.checking, &rules).ok()?;
        (read.header.typ.as_deref() == Some(TYPE)).then_some(Checked {
            session: read.claims.sid,
            business: read.claims.biz,
            user: read.claims.sub,
            expires_at: Timestamp(read.claims.exp.saturating_mul(1_000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD as URL, Engine};

    fn tokens() -> Tokens {
        Tokens::new(&AccessKey::derive(b"of the test"))
    }

    /// A token over any header and claims, signed as the tokens of [`tokens`] are.
    fn forge(header: &str, claims: &str, key: &[u8]) -> String {
        let body = format!("{}.{}", URL.encode(header), URL.encode(claims));
        let signature = keyed(key, body.as_bytes());
        format!("{body}.{}", URL.encode(signature))
    }

    fn claims(change: &str, to: &str) -> String {
        let exp = Timestamp::now().ms() / 1_000 + 60;
        let (sub, sid, biz) = (UserId::generate(), Uuid::now_v7(), BusinessId::generate());
        format!(
            r#"{{"iss":"switchyard","aud":"switchyard-api","sub":"{sub}","sid":"{sid}","biz":"{biz}","iat":0,"exp":{exp}}}"#
        )
        .replace(change, to)
    }

    #[test]
    fn a_token_reads_back_and_names_its_session() {
        let (user, session) = (UserId::generate(), Uuid::now_v7());
        let business = BusinessId::generate();
        let (token, expires_at) = tokens()
            .sign(Timestamp::now(), user, session, business)
            .unwrap();
        let read = tokens().check(&token).unwrap();
        assert_eq!(
            (read.user, read.session, read.business),
            (user, session, business)
        );
        assert_eq!(read.expires_at, expires_at);
    }

    #[test]
    fn only_our_own_kind_of_token_passes() {
        let key = AccessKey::derive(b"of the test").subkey(b"sign");
        let good = r#"{"typ":"at+jwt","alg":"HS256"}"#;
        let plain = claims("", "");
        assert!(tokens().check(&forge(good, &plain, &key)).is_some());

        let headers = [
            r#"{"typ":"at+jwt","alg":"none"}"#,
            r#"{"typ":"at+jwt","alg":"None"}"#,
            r#"{"typ":"at+jwt","alg":"RS256"}"#,
            r#"{"typ":"at+jwt","alg":"HS384"}"#,
            r#"{"typ":"JWT","alg":"HS256"}"#,
            r#"{"alg":"HS256"}"#,
        ];
        for header in headers {
            assert!(
                tokens().check(&forge(header, &plain, &key)).is_none(),
                "{header}"
            );
        }
        let kid =
            r#"{"typ":"at+jwt","alg":"HS256","kid":"../../dev/null","jku":"http://127.0.0.1/"}"#;
        assert!(tokens().check(&forge(kid, &plain, b"")).is_none());
        let expired = format!("\"exp\":{}", Timestamp::now().ms() / 1_000 - 1);
        let wrong = [
            claims("switchyard-api", "another"),
            claims("\"switchyard\"", "\"another\""),
            claims("\"exp\"", "\"until\""),
            claims("\"exp\":", &format!("{expired},\"was\":")),
            claims("usr_", "biz_"),
        ];
        for claims in wrong {
            assert!(
                tokens().check(&forge(good, &claims, &key)).is_none(),
                "{claims}"
            );
        }
        assert!(
            tokens()
                .check(&forge(good, &plain, b"another key"))
                .is_none()
        );
        for rubbish in ["", "a.b.c", "..", "eyJ"] {
            assert!(tokens().check(rubbish).is_none());
        }
    }
}
