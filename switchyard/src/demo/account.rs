//! The demo's business, owner and API key: made at the first start, the same at every other.

use std::time::Duration;

use api::Passwords;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use store::accounts::{self, NewApiKey, NewBusiness};
use store::audit::Actor;
use store::{Error, Store};
use switchyard_core::permission::Scope;
use switchyard_core::{BusinessId, Timestamp, UserId};

use crate::folder::DataFolder;
use crate::refusal::Refusal;

use super::file;

/// Who signs in to a demo.
const EMAIL: &str = "owner@example.com";

/// The contract's limit of the demo's key, a second: no benchmark meets it.
const PER_SECOND: u32 = 100_000;

/// How long a sign-in link lives.
const LINK_LIFE: Duration = Duration::from_mins(10);

/// Who owns the demo and how to act as the owner.
pub(super) struct Account {
    pub(super) email: &'static str,
    pub(super) password: SecretString,
    pub(super) api_key: SecretString,
    pub(super) business: BusinessId,
    owner: UserId,
}

impl Account {
    /// The account of this folder's demo; made when there is none yet.
    pub(super) async fn of(
        store: &Store,
        folder: &DataFolder,
        master: &SecretString,
    ) -> Result<Self, Refusal> {
        let password = password(master)?;
        let owner = match accounts::password(store, EMAIL).await? {
            Some(known) => known.user,
            None => set_up(store, &password).await?,
        };
        let business = accounts::home(store, owner).await?.ok_or_else(not_a_demo)?;
        let api_key = match kept_key(store, folder).await? {
            Some(key) => key,
            None => new_key(store, business, owner).await?,
        };
        Ok(Self {
            email: EMAIL,
            password,
            api_key,
            business,
            owner,
        })
    }

    /// A fresh link that signs the owner in once.
    pub(super) async fn sign_in_link(
        &self,
        store: &Store,
        api_url: &str,
    ) -> Result<String, Refusal> {
        let now = Timestamp::now();
        let token = accounts::create_sign_in_link(store, now, self.owner, LINK_LIFE).await?;
        Ok(format!("{api_url}/sign-in#link={}", token.expose_secret()))
    }
}

/// Random, as the master key is, and the same at every start without being kept anywhere but in `demo.json`:
/// a death between making the account and writing the file loses nothing.
fn password(master: &SecretString) -> Result<SecretString, Refusal> {
    let keyed = Hmac::<Sha256>::new_from_slice(master.expose_secret().as_bytes());
    let mac = keyed.map_err(|error| anyhow::anyhow!("deriving the password: {error}"))?;
    let bytes = mac
        .chain_update(b"switchyard demo password 1")
        .finalize()
        .into_bytes();
    // 144 bits, as 24 characters that survive a shell and a double click.
    Ok(URL_SAFE_NO_PAD
        .encode(bytes.get(..18).unwrap_or(&bytes))
        .into())
}

async fn set_up(store: &Store, password: &SecretString) -> Result<UserId, Refusal> {
    let hash = Passwords::hash_blocking(password)
        .map_err(|error| anyhow::anyhow!("the demo's password: {error}"))?;
    let new = NewBusiness {
        name: "Corner Café".to_owned(),
        owner_name: "Noa Owner".to_owned(),
        owner_email: EMAIL.to_owned(),
        password_hash: Some(hash),
        operator: true,
    };
    match accounts::set_up(store, Timestamp::now(), new).await {
        Ok((_, owner)) => Ok(owner.id),
        Err(Error::Conflict(_)) => Err(not_a_demo()),
        Err(error) => Err(error.into()),
    }
}

fn not_a_demo() -> Refusal {
    Refusal::Setting(
        "the data folder holds an installation that is not a demo; choose another with --data-dir"
            .to_owned(),
    )
}

/// The key of the last start, if it is still good.
async fn kept_key(store: &Store, folder: &DataFolder) -> Result<Option<SecretString>, Refusal> {
    let Some(key) = file::kept_key(folder) else {
        return Ok(None);
    };
    let found = accounts::api_key(store, Timestamp::now(), key.expose_secret()).await?;
    Ok(found.map(|_| key))
}

async fn new_key(
    store: &Store,
    business: BusinessId,
    owner: UserId,
) -> Result<SecretString, Refusal> {
    let new = NewApiKey {
        name: "Demo".to_owned(),
        scopes: Scope::ALL.to_vec(),
        per_second: PER_SECOND,
        burst: PER_SECOND,
        expires_at: None,
        by: Actor {
            id: Some(owner.uuid()),
            ..Actor::system()
        },
    };
    let (_, secret) = accounts::create_api_key(store, Timestamp::now(), business, new).await?;
    Ok(secret)
}
