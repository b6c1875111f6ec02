//! Fetching what callers recorded from the telephone company, and removing its copy.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use store::calls::{self, AUDIO_MAX, Audio};
use switchyard_core::call::{CallSid, RecordingState};
use switchyard_core::{BusinessId, Timestamp};

use crate::jobs::Context;
use crate::outcome::Outcome;

mod account;

pub(crate) use account::Account;

/// A recording has this header and something after it, or it is none.
const WAV_HEADER: usize = 44;
/// Storage may stand behind so many redirects.
const REDIRECTS: usize = 3;
/// The waits for a file that is not there yet, by the age of the recording: it mostly comes within seconds, and never
/// after two hours. Source: the providers' documentation of recording callbacks.
const NOT_YET: [(Duration, Duration); 5] = [
    (Duration::from_secs(3), Duration::from_secs(1)),
    (Duration::from_secs(15), Duration::from_secs(5)),
    (Duration::from_mins(1), Duration::from_secs(15)),
    (Duration::from_mins(5), Duration::from_mins(1)),
    (Duration::from_hours(2), Duration::from_mins(5)),
];

/// Why nothing was fetched.
enum Trouble {
    /// The account is not taken: it comes when it is again.
    Denied,
    /// It is not there (yet).
    NotThere,
    /// Try again.
    Fault(&'static str),
    /// It never will be.
    Never(&'static str),
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Self::Fault(if error.is_timeout() {
            "provider_timed_out"
        } else {
            "provider_unreachable"
        })
    }
}

/// Fetched once, checked, kept with its event. Whatever was told, the file is asked of the company that this
/// installation is set to, and of nobody else with its credentials.
pub(super) async fn fetch(
    context: &Context,
    business: BusinessId,
    recording: &CallSid,
) -> store::Result<Outcome> {
    let store = &context.store;
    let Some((state, since)) = calls::recording_state(store, business, recording).await? else {
        return Ok(Outcome::Done);
    };
    if !matches!(state, RecordingState::Pending | RecordingState::Failed) {
        return Ok(Outcome::Done);
    }
    let Some(from) = &context.recordings else {
        return Ok(Outcome::Dead {
            code: "no_provider",
        });
    };
    let now = Timestamp::now();
    match download(from, recording).await {
        Ok(audio) => {
            let (recording, keys) = (recording.clone(), &from.company().keys);
            match calls::keep_recording(keys, now, business, recording.clone(), audio).await {
                Err(store::Error::QuotaExceeded(_)) => {
                    calls::fail_recording(store, now, business, recording).await?;
                    Ok(Outcome::Dead {
                        code: "quota_exceeded",
                    })
                }
                kept => kept.map(|_| Outcome::Done),
            }
        }
        Err(Trouble::Denied) => Ok(from.waits()),
        Err(Trouble::NotThere) => {
            let age = now.since(since);
            match NOT_YET.iter().find(|(until, _)| age < *until) {
                Some((_, after)) => Ok(Outcome::Again {
                    after: *after,
                    code: "not_there_yet",
                }),
                None => give_up(context, business, recording, "never_came").await,
            }
        }
        Err(Trouble::Never(code)) => give_up(context, business, recording, code).await,
        Err(Trouble::Fault(code)) => Ok(Outcome::Failed { code }),
    }
}

async fn give_up(
    context: &Context,
    business: BusinessId,
    recording: &CallSid,
    code: &'static str,
) -> store::Result<Outcome> {
    let (store, now) = (&context.store, Timestamp::now());
    calls::fail_recording(store, now, business, recording.clone()).await?;
    Ok(Outcome::Dead { code })
}

/// The provider's copy goes, unless it is to be fetched still; what is gone there already is done.
pub(super) async fn drop_copy(
    context: &Context,
    business: BusinessId,
    recording: &CallSid,
) -> store::Result<Outcome> {
    let state = calls::recording_state(&context.store, business, recording).await?;
    if state.is_none_or(|(state, _)| state == RecordingState::Pending) {
        return Ok(Outcome::Done);
    }
    let Some(from) = &context.recordings else {
        return Ok(Outcome::Dead {
            code: "no_provider",
        });
    };
    if from.is_denied() {
        return Ok(from.waits());
    }
    let path = format!("/Recordings/{recording}.json");
    let answer = from.company().request(Method::DELETE, &path).send().await;
    let Ok(answer) = answer else {
        return Ok(Outcome::Failed {
            code: "provider_unreachable",
        });
    };
    let status = answer.status();
    Ok(if status.is_success() || status == StatusCode::NOT_FOUND {
        Outcome::Done
    } else if from.hears(answer).await {
        from.waits()
    } else {
        Outcome::Failed {
            code: "provider_refused",
        }
    })
}

async fn download(from: &Account, recording: &CallSid) -> Result<Audio, Trouble> {
    if from.is_denied() {
        return Err(Trouble::Denied);
    }
    let path = format!("/Recordings/{recording}.wav");
    let mut answer = from.company().request(Method::GET, &path).send().await?;
    for _ in 0..REDIRECTS {
        if !answer.status().is_redirection() {
            break;
        }
        // Without the credentials: it is another house.
        let elsewhere = elsewhere(&answer).ok_or(Trouble::Never("bad_redirect"))?;
        let storage = from.company().client.get(elsewhere).send().await?;
        // What a storage refuses says nothing of the account.
        if !storage.status().is_success() && !storage.status().is_redirection() {
            return Err(refused(storage.status()));
        }
        answer = storage;
    }
    let status = answer.status();
    if status != StatusCode::OK {
        let denied = status != StatusCode::NOT_FOUND && from.hears(answer).await;
        return Err(if denied {
            Trouble::Denied
        } else {
            refused(status)
        });
    }
    let is_mp3 = (answer.headers().get(CONTENT_TYPE))
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.starts_with("audio/mpeg"));
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > AUDIO_MAX {
            return Err(Trouble::Never("too_large"));
        }
    }
    if bytes.len() <= WAV_HEADER {
        return Err(Trouble::Never("empty"));
    }
    Ok(Audio {
        mime: if is_mp3 { "audio/mpeg" } else { "audio/wav" }.to_owned(),
        duration_s: None,
        bytes,
    })
}

/// What an answer says that is no file.
fn refused(status: StatusCode) -> Trouble {
    match status {
        StatusCode::NOT_FOUND => Trouble::NotThere,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::Fault("provider_refused_us"),
        _ => Trouble::Fault("provider_refused"),
    }
}

/// Where it stands instead: by https, or by the scheme of who sent us there.
fn elsewhere(answer: &Response) -> Option<Url> {
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    let url = answer.url().join(location).ok()?;
    (url.scheme() == "https" || url.scheme() == answer.url().scheme()).then_some(url)
}
