//! Waiting for a run to end.

use std::time::Duration;

use legion_api::RunResult;
use legion_api::paths::{self, with_id};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::stopwatch::Stopwatch;
use crate::{Client, ClientError, Patience};

/// The longest that the service holds one question.
const POLL_SECONDS_MAX: u64 = 30;
/// What an answer may take on top of the time that was asked for.
const POLL_GRACE: Duration = Duration::from_secs(15);

impl Client {
    /// Waits until the open run of an agent ends, or returns its last one. Null when the timeout passes first.
    ///
    /// Once the service was reached, a restart in between does not end the wait.
    pub async fn wait(&self, id: &str, limit: Duration) -> Result<Option<RunResult>, ClientError> {
        let start = Stopwatch::start();
        loop {
            let left = limit.saturating_sub(start.elapsed());
            let seconds = left.as_secs_f64().ceil().min(POLL_SECONDS_MAX as f64) as u64;
            let path = PathAndQuery::new(with_id(paths::AGENT_WAIT, id)).with("timeout_seconds", seconds);
            let patience = Patience { lost: self.patience.lost.max(left), ..self.patience };
            let call = Call::get(path).within(Duration::from_secs(seconds) + POLL_GRACE).patience(patience);
            if let Some(result) = self.call(&call).await?.read_some()? {
                return Ok(Some(result));
            }
            if start.elapsed() >= limit {
                return Ok(None);
            }
        }
    }
}
