//! Steps, carried out on a process that is there.

use std::time::Duration;

use legion_model::{Body, Verdict};
use legion_process::Shim;
use uuid::Uuid;

use super::compose::compose;
use super::held::Held;
use super::interrupt_id;
use super::order::Task;
use super::report::KeeperGone;
use crate::keeper::WorldChange;

/// A longer input goes to the shim as a file.
const LINE_INPUT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How soon it is tried again when that file cannot be written.
const FILE_PAUSE: Duration = Duration::from_secs(1);
/// CPU time between two probes that counts as a sign of life.
const CPU_SIGN: Duration = Duration::from_millis(10);

impl Held {
    pub(super) async fn carry_out(&mut self, shim: &Shim, task: Task) -> Result<(), KeeperGone> {
        let bytes = match &task {
            Task::Write { injection, driver, letter, steer } => {
                match compose(&self.task.inner, *driver, letter).await {
                    Ok(text) => self.follower.conversation().message(injection.0, &text, *steer),
                    Err(error) => {
                        tracing::error!(process = %self.process(), %injection, %error, "a message cannot be written");
                        None
                    }
                }
            }
            Task::Answer { request, input, verdict, reason, .. } => {
                self.answer(request, input, *verdict, reason.as_deref()).await
            }
            Task::Interrupt { run, number } => self.follower.conversation().interrupt(interrupt_id(*run, *number)),
            Task::Probe => {
                self.probe(shim).await?;
                None
            }
            Task::Stop { reason } => {
                self.task.stopper.stop(&self.task.inner, *reason);
                None
            }
        };
        if let (Some(id), Some(bytes)) = (task.id(), bytes) {
            self.task.inner.failpoints.pass("hands.before-write");
            self.write(shim, id, &bytes).await;
            self.task.inner.failpoints.pass("hands.after-write");
        }
        Ok(())
    }

    pub(super) async fn answer(
        &self,
        request: &str,
        input: &Body,
        verdict: Verdict,
        reason: Option<&str>,
    ) -> Option<Vec<u8>> {
        match verdict {
            Verdict::Approved => {
                let input = crate::bodies::fetch(self.task.inner.clone(), input.clone()).await.ok()?;
                self.follower.conversation().allow(request, &input)
            }
            Verdict::Denied | Verdict::Expired => {
                self.follower.conversation().deny(request, reason.unwrap_or("the person denied it"))
            }
            Verdict::Withdrawn => None,
        }
    }

    pub(super) async fn write(&self, shim: &Shim, id: Uuid, bytes: &[u8]) {
        let written = if bytes.len() <= LINE_INPUT_BYTES_MAX {
            shim.write(id, bytes, false).await
        } else {
            // The shim reads it when it takes the request, and may be asked again: the file stays as long as the transcript.
            let file = self.dir.join(format!("input-{id}"));
            if let Err(error) = std::fs::write(&file, bytes) {
                tracing::warn!(process = %self.process(), %id, %error, "a long input could not be put into a file");
                tokio::time::sleep(FILE_PAUSE).await;
                // It may be tried again, as one that the shim refused. An error means that the keeper is gone.
                let _ = self.task.reporter.world(WorldChange::WriteFailed { process: self.process(), id }).await;
                return;
            }
            shim.write_file(id, &file, false).await
        };
        if let Err(error) = written {
            // The end of the shim is reported by its own event, and what was not seen waits again then.
            tracing::debug!(process = %self.process(), %id, %error, "a write did not go out");
        }
    }

    /// Two signals: the protocol where it answers, else the processor time of the tree.
    pub(super) async fn probe(&mut self, shim: &Shim) -> Result<(), KeeperGone> {
        let request = legion_runtime::new_id();
        if let Some(bytes) = self.follower.conversation().probe(request) {
            self.write(shim, request, &bytes).await;
            return Ok(());
        }
        let Some(pid) = self.shim_pid else { return Ok(()) };
        let usage = tokio::task::spawn_blocking(move || legion_process::Usage::of(pid, None)).await;
        let Ok(Ok(usage)) = usage else { return Ok(()) };
        let before = self.cpu.replace(usage.cpu);
        if before.is_some_and(|before| usage.cpu.saturating_sub(before) >= CPU_SIGN) {
            return self.task.reporter.world(WorldChange::Sign { process: self.process() }).await;
        }
        Ok(())
    }
}
