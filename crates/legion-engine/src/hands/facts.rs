//! Facts from a transcript, on their way to the keeper.

use std::time::Duration;

use legion_model::{ApprovalId, Body, Fact, InjectionId, Order};
use legion_process::{ProcessState, Shim, process_state};

use super::follow::Seen;
use super::held::Held;
use super::refusal_id;
use super::report::KeeperGone;
use crate::engine::Engine;

/// How long the session file of a program may be behind its echo.
const PROOF_TRIES: u32 = 1_500;
const PROOF_PAUSE: Duration = Duration::from_millis(20);
/// Places for facts of one entry of a transcript. The last one is for a turn that was held back.
pub(super) const FACTS_OF_ENTRY: u64 = 16;

impl Held {
    pub(super) async fn report(&mut self, at: u64, seen: Seen, shim: Option<&Shim>) -> Result<(), KeeperGone> {
        match seen {
            Seen::Started { pid } => {
                self.task.reporter.fact(Order::ProcessStarted { process: self.process(), pid }).await?;
                if !self.order.driver.capabilities().converses
                    && let Some(prompt) = self.order.prompt
                {
                    // Its program was executed with the message on its standard input: it has it.
                    self.fact(at, Fact::Seen(prompt)).await?;
                }
                Ok(())
            }
            Seen::Written(id) => {
                // A decision that was written before a restart, and not recorded.
                self.task.reporter.fact(Order::ApprovalAnswered { approval: ApprovalId(id) }).await
            }
            Seen::Echoed(injection) => {
                if at * FACTS_OF_ENTRY > self.offset && !self.prove(injection).await {
                    return Ok(());
                }
                self.fact(at, Fact::Seen(injection)).await
            }
            Seen::Fact(fact) => self.fact(at, fact).await,
            Seen::Refuse(request) => {
                let answer = self.follower.conversation().refuse(&request, "Legion does not know this request");
                if let (Some(shim), Some(bytes)) = (shim, answer) {
                    let id = refusal_id(self.process(), &request);
                    self.write(shim, id, &bytes).await;
                }
                Ok(())
            }
            Seen::Ended { exit, tree_gone } => {
                self.exit = Some((exit, tree_gone));
                Ok(())
            }
        }
    }

    /// Reports a fact with its place in the transcript: the entry, and which fact of that entry.
    pub(super) async fn fact(&mut self, at: u64, fact: Fact) -> Result<(), KeeperGone> {
        if let Fact::Seen(injection) = fact {
            self.seen.insert(injection);
        }
        let first = at * FACTS_OF_ENTRY;
        let offset = if self.last_fact >= first { self.last_fact + 1 } else { first };
        self.last_fact = offset;
        self.report_fact(offset, fact).await
    }

    pub(super) async fn report_fact(&mut self, offset: u64, fact: Fact) -> Result<(), KeeperGone> {
        if offset <= self.offset {
            return Ok(());
        }
        if matches!(fact, Fact::TurnEnded(_)) {
            Engine { inner: self.task.inner.clone() }.settle_turn().await;
        }
        self.task.inner.failpoints.pass("hands.before-observed");
        let fact = self.with_stored_text(fact).await;
        self.task.reporter.fact(Order::Observed { process: self.process(), offset, facts: vec![fact] }).await?;
        self.task.inner.failpoints.pass("hands.after-observed");
        Ok(())
    }

    /// A long result goes into a file, as any long text.
    pub(super) async fn with_stored_text(&self, fact: Fact) -> Fact {
        match fact {
            Fact::TurnEnded(mut report) => {
                if let Body::Text(text) = report.text {
                    report.text = self.stored(text).await;
                }
                Fact::TurnEnded(report)
            }
            Fact::ApprovalWanted { request, tool, input: Body::Text(text) } => {
                Fact::ApprovalWanted { request, tool, input: self.stored(text).await }
            }
            fact => fact,
        }
    }

    pub(super) async fn stored(&self, text: String) -> Body {
        let short = legion_model::body::clip(&text, Body::INLINE_BYTES_MAX / 2);
        // Without room for the file the head of the text is better than nothing.
        crate::bodies::store(self.task.inner.clone(), text).await.unwrap_or(Body::Text(short))
    }

    /// Waits until the session file holds a write that was echoed: only then would a resumed conversation know it. False when the
    /// program ended before that: then it is as if it had never been written.
    pub(super) async fn prove(&self, injection: InjectionId) -> bool {
        for _ in 0..PROOF_TRIES {
            match self.follower.conversation().proof(injection.0) {
                None | Some(Ok(true)) => return true,
                Some(Ok(false) | Err(_)) if !matches!(process_state(&self.dir), Ok(ProcessState::Held)) => {
                    // Its last words to the file may have come between the two looks.
                    return matches!(self.follower.conversation().proof(injection.0), Some(Ok(true)));
                }
                Some(Ok(false) | Err(_)) => tokio::time::sleep(PROOF_PAUSE).await,
            }
        }
        tracing::warn!(process = %self.process(), %injection, "the session file does not hold a message that was taken up");
        true
    }

    /// Reports the turn that was held back. Its place is behind all facts of the entry that was read last.
    pub(super) async fn report_held(&mut self) -> Result<(), KeeperGone> {
        let Some((held_at, report)) = self.follower.take_held() else { return Ok(()) };
        let last = FACTS_OF_ENTRY - 1;
        let reported = self.offset % FACTS_OF_ENTRY == last && self.offset >= held_at * FACTS_OF_ENTRY + last;
        if reported {
            return Ok(());
        }
        let offset = self.follower.entries * FACTS_OF_ENTRY + last;
        self.last_fact = offset;
        self.report_fact(offset, Fact::TurnEnded(report)).await
    }
}
