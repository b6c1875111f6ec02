//! Who is a customer of the carrier: accounts with their secrets, and numbers with the addresses that are asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::sids::sid;
use crate::effects::{Row, Table};

/// The account that is there from the start, so that a demonstration needs none: both are public, and the network is
/// reached from this machine only.
pub(crate) const FIRST: &str = "AC00000000000000000000000000000001";
const FIRST_TOKEN: &str = "12345678901234567890123456789012";

/// How many accounts and how many numbers there may be.
const ACCOUNTS: usize = 1_000;
const NUMBERS: usize = 10_000;

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) sid: String,
    /// The secret that signs webhooks and opens REST.
    pub(crate) token: String,
    /// Another secret that opens REST while the first is being replaced.
    pub(crate) secondary: Option<String>,
}

/// A number of an account, as `IncomingPhoneNumbers` has it. Addresses are kept as they were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Number {
    /// Its name: `PN…`.
    pub(crate) sid: String,
    /// E.164.
    pub(crate) phone: String,
    /// Whose it is.
    pub(crate) account: String,
    /// Asked when a call comes in.
    pub(crate) voice_url: Option<String>,
    /// Asked when that fails.
    pub(crate) fallback_url: Option<String>,
    /// Told when a call has ended.
    pub(crate) status_url: Option<String>,
}

/// What may be changed about a number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Asked when a call comes in.
    pub(crate) voice: Option<String>,
    /// Asked when that fails.
    pub(crate) fallback: Option<String>,
    /// Told when a call has ended.
    pub(crate) status: Option<String>,
}

impl Settings {
    fn check(&self) -> anyhow::Result<()> {
        let all = [&self.voice, &self.fallback, &self.status];
        for url in all.into_iter().flatten().filter(|url| !url.is_empty()) {
            Address::parse(url).map_err(anyhow::Error::msg)?;
        }
        Ok(())
    }
}

/// Whose rows of the data file are accounts, and whose are numbers.
const ACCOUNT_ROWS: &str = "account";
const NUMBER_ROWS: &str = "number";

impl Account {
    /// As it is kept.
    pub(crate) fn row(&self) -> Row {
        Row::json(Table::Exchange, ACCOUNT_ROWS, self.sid.clone(), self)
    }
}

impl Number {
    /// As it is kept.
    pub(crate) fn row(&self) -> Row {
        Row::json(Table::Exchange, NUMBER_ROWS, self.phone.clone(), self)
    }
}

/// All customers.
pub(crate) struct Exchange {
    accounts: Mutex<BTreeMap<String, Arc<Account>>>,
    numbers: Mutex<BTreeMap<String, Number>>,
}

impl Default for Exchange {
    /// An exchange with the first account and no number.
    fn default() -> Self {
        let first = Account {
            sid: FIRST.to_owned(),
            token: FIRST_TOKEN.to_owned(),
            secondary: None,
        };
        Self {
            accounts: Mutex::new(BTreeMap::from([(first.sid.clone(), Arc::new(first))])),
            numbers: Mutex::default(),
        }
    }
}

impl Exchange {
    /// Puts a kept account or number back.
    pub(crate) fn restore(&self, owner: &str, value: &[u8]) -> anyhow::Result<()> {
        match owner {
            ACCOUNT_ROWS => {
                self.put_account(serde_json::from_slice(value)?)?;
            }
            NUMBER_ROWS => {
                let number: Number = serde_json::from_slice(value)?;
                lock(&self.numbers).insert(number.phone.clone(), number);
            }
            _ => bail!("a row of neither an account nor a number"),
        }
        Ok(())
    }

    /// Adds an account, or replaces the secrets of one.
    pub(crate) fn put_account(&self, account: Account) -> anyhow::Result<Arc<Account>> {
        let mut accounts = lock(&self.accounts);
        anyhow::ensure!(
            accounts.len() < ACCOUNTS || accounts.contains_key(&account.sid),
            "there are too many accounts"
        );
        let account = Arc::new(account);
        accounts.insert(account.sid.clone(), Arc::clone(&account));
        Ok(account)
    }

    /// The account of that name.
    pub(crate) fn account(&self, sid: &str) -> Option<Arc<Account>> {
        lock(&self.accounts).get(sid).cloned()
    }

    /// All accounts.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        lock(&self.accounts).values().cloned().collect()
    }

    /// Adds a number, or changes what is said of one; an empty address takes one away. Fails when an address is not
    /// on this machine, the account is unknown, or the number is another account's.
    pub(crate) fn put_number(
        &self,
        phone: &str,
        account: &str,
        settings: Settings,
    ) -> anyhow::Result<Number> {
        anyhow::ensure!(is_e164(phone), "a number is + and up to fifteen digits");
        anyhow::ensure!(self.account(account).is_some(), "there is no such account");
        settings.check()?;
        let mut numbers = lock(&self.numbers);
        anyhow::ensure!(
            numbers.len() < NUMBERS || numbers.contains_key(phone),
            "there are too many numbers"
        );
        let number = numbers.entry(phone.to_owned()).or_insert_with(|| Number {
            sid: sid("PN"),
            phone: phone.to_owned(),
            account: account.to_owned(),
            voice_url: None,
            fallback_url: None,
            status_url: None,
        });
        anyhow::ensure!(
            number.account == account,
            "the number belongs to another account"
        );
        set(&mut number.voice_url, settings.voice);
        set(&mut number.fallback_url, settings.fallback);
        set(&mut number.status_url, settings.status);
        Ok(number.clone())
    }

    /// The number that is written so.
    pub(crate) fn number(&self, phone: &str) -> Option<Number> {
        lock(&self.numbers).get(phone).cloned()
    }

    /// All numbers.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        lock(&self.numbers).values().cloned().collect()
    }
}

fn set(to: &mut Option<String>, from: Option<String>) {
    if let Some(from) = from {
        *to = Some(from).filter(|url| !url.is_empty());
    }
}

/// Whether that is a number as it is written between countries.
pub(crate) fn is_e164(phone: &str) -> bool {
    phone.strip_prefix('+').is_some_and(|digits| {
        (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
