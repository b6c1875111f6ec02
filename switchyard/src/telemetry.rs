//! Logs: JSON lines on stderr, without what libraries would tell about keys and messages.

use std::panic;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::discreet::Discreet;
use crate::refusal::Refusal;

/// Below WARN these print key material or the content of messages.
const TALKATIVE: [&str; 6] = [
    "wacore_libsignal",
    "wacore_noise",
    "wacore_binary",
    "wacore",
    "whatsapp_rust",
    "Client",
];

/// Starts logging for the whole process.
pub(crate) fn start(directives: &str) -> Result<(), Refusal> {
    let filter: EnvFilter = directives.parse().map_err(|error| {
        Refusal::Setting(format!(
            "SWITCHYARD_LOG: {directives} is no list of levels: {error}"
        ))
    })?;
    // Whatever the directives say: no setting may turn this on.
    let quiet = filter_fn(|metadata| {
        *metadata.level() <= tracing::Level::WARN || !is_talkative(metadata.target())
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(quiet)
        .with(
            fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(Discreet),
        )
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))?;
    panic::set_hook(Box::new(|info| {
        // The message of a panic may quote data; its place is enough to find it.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    Ok(())
}

fn is_talkative(target: &str) -> bool {
    TALKATIVE.iter().any(|name| {
        target
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells the process of the test from the one that panics.
    const PANICS: &str = "SWITCHYARD_TEST_PANICS";

    #[test]
    fn a_panic_is_logged_by_its_place_and_not_by_what_it_says() {
        if std::env::var_os(PANICS).is_some() {
            start("trace").unwrap();
            let panics = || panic!("canary: +447700900201 wrote a canary with sk_canary");
            std::thread::spawn(panics).join().unwrap_err();
            return;
        }
        let test = "telemetry::tests::a_panic_is_logged_by_its_place_and_not_by_what_it_says";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(PANICS, "1")
            .output()
            .unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{log}");
        let line = log.lines().find(|line| line.contains("panicked")).unwrap();
        assert!(line.contains("telemetry.rs"), "{line}");
        assert!(
            !log.contains("canary") && !log.contains("447700900201"),
            "{log}"
        );
    }

    #[test]
    fn libraries_that_see_keys_are_talkative_and_ours_are_not() {
        for target in [
            "wacore_libsignal::protocol::session",
            "whatsapp_rust",
            "Client/AppState",
            "wacore::store",
        ] {
            assert!(is_talkative(target), "{target}");
        }
        for target in ["switchyard::up", "whatsapp_rusty", "store::messages"] {
            assert!(!is_talkative(target), "{target}");
        }
    }
}
