//! What gates wrote.

use legion_model::tickets::{Judgement, TicketId};
use legion_model::{GateRunId, ProjectId};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::gate::Reading;
use crate::tickets::site::Site;

/// Bytes of what a gate wrote that one call gives: the end of it.
const LOG_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Engine {
    /// All that a run of a gate wrote, up to 8 MiB of its end; also while it runs. `None` when its transcript is not kept any more.
    pub async fn gate_log(&self, project: ProjectId, run: GateRunId) -> Result<Option<String>, EngineError> {
        let dir = Site::of(&self.inner, project).ground.gate_run(run);
        let read = move || {
            if !dir.exists() {
                return Ok(None);
            }
            Reading::of(&dir, LOG_BYTES_MAX).map(|reading| Some(reading.log)).map_err(EngineError::internal)
        };
        tokio::task::spawn_blocking(read).await.map_err(EngineError::internal)?
    }

    /// The verdicts of a ticket's landing that is under way, oldest first.
    pub async fn gate_logs(&self, project: ProjectId, ticket: TicketId) -> Result<Vec<Judgement>, EngineError> {
        self.read(project, move |state| {
            let attempt = state.board.tickets.get(&ticket).and_then(|found| found.attempt().map(|open| open.id));
            let landings = state.board.sessions.values().filter_map(|session| session.landing.as_ref());
            let mut own = landings.filter(|landing| {
                matches!(&landing.item, legion_model::tickets::Item::Attempt { attempt: landed, .. } if Some(*landed) == attempt)
            });
            own.next().map(|landing| landing.verdicts.clone()).unwrap_or_default()
        })
        .await
    }
}
