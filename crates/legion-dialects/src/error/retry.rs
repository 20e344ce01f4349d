//! When a provider may be asked again.

use super::date;
use std::time::Duration;

/// No provider means more than this; a larger number is a mistake.
const WAIT_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

/// The time that a provider asks to wait, from its headers (asked for in lower case): milliseconds, seconds, or a date, which
/// counts from the answer's own `date`.
pub fn retry_after(header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
    let number = |name: &str| header(name).and_then(|value| value.trim().parse::<f64>().ok());
    let answered = || header("date").and_then(|value| date::seconds(&value));
    let until = |seconds: u64| answered().map(|now| Duration::from_secs(seconds.saturating_sub(now)));
    let milliseconds = number("retry-after-ms").map(|value| value / 1000.0);
    let wait = milliseconds
        .or_else(|| number("retry-after"))
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .or_else(|| header("retry-after").and_then(|value| date::seconds(&value)).and_then(until))
        .or_else(|| {
            header("anthropic-ratelimit-unified-reset").and_then(|value| value.trim().parse().ok()).and_then(until)
        });
    wait.map(|wait| wait.min(WAIT_MAX))
}
