//! What the log still knows and the state has forgotten.

use legion_model::{Event, ProjectId};
use legion_store::{Record, StreamId, decode};

use crate::context::Context;
use crate::fault::{Fault, Result};

/// Records read in one go.
const PAGE: usize = 4_096;

impl Context {
    /// Goes through the events of a project from the beginning, until `look` finds something.
    pub(crate) async fn recall<T>(
        &self,
        project: ProjectId,
        mut look: impl FnMut(&Event, &Record) -> Option<T> + Send,
    ) -> Result<Option<T>> {
        let (log, stream) = (self.engine.log(), StreamId::project(project.0));
        let mut version = 0;
        loop {
            let page = log.read(&stream, version, PAGE).await?;
            let Some(last) = page.last() else { return Ok(None) };
            version = last.version;
            for record in &page {
                let event = decode(&record.kind, record.schema, &record.body).map_err(Fault::internal)?;
                if let Some(found) = look(&event, record) {
                    return Ok(Some(found));
                }
            }
        }
    }
}
