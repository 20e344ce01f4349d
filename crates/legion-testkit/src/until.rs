//! Waiting for a state: on a level, with a deadline, and with a reason when it does not come.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

/// How long to wait between two looks at the state.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `check` answers `Ok`, and returns what it held.
///
/// `check` looks at a level (a file, a list, a status), never at an edge, and says in its `Err` what it saw
/// instead: the last such text is what the panic shows when `deadline` has passed.
///
/// # Panics
/// When `check` has not answered `Ok` within `deadline`.
pub async fn until<T, E, F, Fut>(deadline: Duration, what: &str, mut check: F) -> T
where
    E: Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let started = Instant::now();
    loop {
        let seen = match tokio::time::timeout(deadline.saturating_sub(started.elapsed()), check()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(seen)) => seen.to_string(),
            Err(_) => "(the last look itself did not end in time)".to_owned(),
        };
        assert!(started.elapsed() < deadline, "waited {deadline:?} for: {what}\nlast seen: {seen}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
