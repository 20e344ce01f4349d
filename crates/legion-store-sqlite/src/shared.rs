//! What the threads of one log share.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use legion_store::Publisher;

use crate::files::Files;

#[derive(Debug)]
pub struct Shared {
    pub path: PathBuf,
    pub files: Files,
    pub publisher: Publisher,
    /// Why the log takes and gives nothing any more.
    end: OnceLock<String>,
}

impl Shared {
    pub fn new(path: PathBuf, files: Files) -> Self {
        Self { path, files, publisher: Publisher::new(), end: OnceLock::new() }
    }

    /// Ends the log for ever. The first reason stays.
    pub fn end(&self, reason: impl Into<String>) {
        let reason = reason.into();
        if self.end.set(reason.clone()).is_ok() {
            tracing::info!(path = %self.path.display(), reason, "log closed");
        }
        self.publisher.close();
    }

    /// Returns the reason if the log has ended.
    pub fn ended(&self) -> Option<String> {
        self.end.get().cloned()
    }

    /// Fails with the reason if the log has ended, or ends it if its files are gone.
    pub fn check(&self) -> Result<(), String> {
        if let Some(reason) = self.ended() {
            return Err(reason);
        }
        self.files.check().inspect_err(|reason| self.end(reason))
    }

    /// The reason to give when a thread does not answer.
    pub fn ended_reason(&self) -> String {
        self.ended().unwrap_or_else(|| "its thread has ended".into())
    }
}

/// Ends the log when its writer does, even by a panic: nobody may wait for what cannot come.
pub struct EndGuard(pub Arc<Shared>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.end("its writer has ended");
    }
}
