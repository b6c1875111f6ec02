//! The trace that the present task works for. Jobs that its transactions push carry it on.

use switchyard_core::Trace;

tokio::task_local! {
    static TRACE: Trace;
}

/// Carries out `work` for a trace. A task that it starts is another one, which has to be told.
pub async fn within<F: Future>(trace: Trace, work: F) -> F::Output {
    TRACE.scope(trace, work).await
}

/// The trace that is worked for now, if there is one.
pub fn current() -> Option<Trace> {
    TRACE.try_with(Trace::clone).ok()
}

/// Whether whoever began the present trace wants it told.
pub fn is_sampled() -> bool {
    TRACE.try_with(Trace::is_sampled).unwrap_or(false)
}

/// A line of the log for each station of a trace: at the level INFO where whoever began it wants it told, else DEBUG.
#[macro_export]
macro_rules! told {
    ($($what:tt)*) => {
        if $crate::trace::is_sampled() {
            tracing::info!($($what)*);
        } else {
            tracing::debug!($($what)*);
        }
    };
}
