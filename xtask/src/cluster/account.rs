//! The first business of a cluster: its owner, who is an operator too, and a key.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::http::{Http, text};
use crate::postgres::Site;

use super::Cluster;
use super::book::Book;

/// Where the API's description lists every scope that a key can have.
const SCOPES: &str = "/components/schemas/Scope/enum";

/// Makes them by the API of one replica, and notes them in the book.
pub(super) fn set_up(book: &mut Book, api: &str, token: &str, database: &Site) -> Result<()> {
    let api = Http::new(api, None);
    let owner = api.post(
        "/v1/auth/setup",
        &json!({
            "token": token, "business_name": "Corner Café", "name": "Noa",
            "email": book.email, "password": book.password,
        }),
    )?;
    let business = owner.get("business").unwrap_or(&Value::Null);
    text(business, "id")?.clone_into(&mut book.business_id);
    book.api_key = key(&api, text(&owner, "access_token")?, database)?;
    Ok(())
}

impl Cluster {
    /// Makes another business, with an owner of its own, by the API, on that shard if one is named; a key of it
    /// with every scope and no limit that a load reaches.
    pub fn business(&self, name: &str, shard: Option<u16>) -> Result<String> {
        self.business_by(&self.operator()?, name, shard)
    }

    /// The same by an operator who has signed in: nobody may do that again and again.
    pub(crate) fn business_by(&self, api: &Http, name: &str, shard: Option<u16>) -> Result<String> {
        let email = format!("{}@example.com", name.to_lowercase().replace(' ', "-"));
        let made = api.post(
            "/v1/admin/businesses",
            &json!({ "name": name, "owner_email": email, "shard": shard }),
        )?;
        let invitation = text(&made, "invite_url")?.split_once("#token=");
        let (_, token) = invitation.context("an invitation without a token")?;
        let owner = api.post(
            "/v1/auth/invitation",
            &json!({ "token": token, "name": name, "password": self.book.password }),
        )?;
        key(api, text(&owner, "access_token")?, &self.database()?)
    }

    /// The API for an operator who has just signed in: a token lasts for ten minutes.
    pub(crate) fn operator(&self) -> Result<Http> {
        let url = self.book.of("api").find_map(|api| api.url.clone());
        let api = Http::new(&url.context("no API")?, None);
        let login = json!({ "email": self.book.email, "password": self.book.password });
        let signed_in = api.post("/v1/auth/login", &login)?;
        Ok(api.with_key(text(&signed_in, "access_token")?))
    }
}

/// A key of the business that a token is of.
fn key(api: &Http, token: &str, database: &Site) -> Result<String> {
    let described = api.get("/openapi.json")?;
    let scopes = described.pointer(SCOPES).context("no scopes")?;
    let new = json!({ "name": "cluster", "scopes": scopes });
    let key = api.with_key(token).post("/v1/api-keys", &new)?;
    // The limits of a key are columns; loads are not to meet them.
    database.sql("update api_keys set per_second = 100000, burst = 100000")?;
    Ok(text(&key, "secret")?.to_owned())
}
