//! Where a piece of work is done.

use std::sync::Arc;

use legion_git::{Control, Oid};
use legion_model::{Body, ProjectId};

use super::failure::Failure;
use super::ground::Ground;
use crate::engine::Inner;

/// Where a piece of work is done, and with what.
#[derive(Clone)]
pub(crate) struct Site {
    pub inner: Arc<Inner>,
    pub project: ProjectId,
    pub ground: Arc<Ground>,
}

impl Site {
    pub(crate) fn of(inner: &Arc<Inner>, project: ProjectId) -> Self {
        Self { inner: inner.clone(), project, ground: inner.grounds.of(&inner.data_dir, project) }
    }

    pub(crate) async fn control(&self) -> Result<Control, Failure> {
        self.ground.control(&self.inner).await
    }

    pub(crate) async fn text(&self, body: &Body) -> Result<String, Failure> {
        Ok(crate::bodies::fetch(self.inner.clone(), body.clone()).await?)
    }

    pub(crate) async fn body(&self, text: String) -> Result<Body, Failure> {
        Ok(crate::bodies::store(self.inner.clone(), text).await?)
    }

    pub(crate) fn pass(&self, failpoint: &'static str) {
        self.inner.failpoints.pass(failpoint);
    }
}

/// A commit or tree that the log names.
pub(crate) fn oid(text: &str) -> Result<Oid, Failure> {
    text.parse().map_err(|error| Failure::fatal(format!("{error}")))
}
