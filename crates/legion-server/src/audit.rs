//! Refusals on their way into the log. One that asks again and again is entered a few times and then counted: nobody fills the disk
//! by being refused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use legion_api::{Problem, ProblemCode};
use legion_model::{AuditEntry, Party, ProjectId};
use legion_runtime::TaskKind;

use crate::context::Shared;
use crate::ration::{Ration, Taken};

/// Callers of whom a ration is kept. Beyond that, those that have been quiet are forgotten.
const CALLERS_MAX: usize = 4_096;

/// A caller as far as it is known: its project too, unless it is the person.
pub(crate) type Who = Option<(Option<ProjectId>, Party)>;

/// What each caller may still have entered.
#[derive(Debug, Default)]
pub(crate) struct Rations(Mutex<BTreeMap<Option<Party>, Ration>>);

impl Rations {
    fn take(&self, caller: Option<Party>, now_ms: u64) -> Taken {
        let mut rations = self.0.lock().expect("no holder panics");
        if rations.len() >= CALLERS_MAX {
            rations.retain(|_, ration| !ration.is_quiet(now_ms));
        }
        rations.entry(caller).or_default().take(now_ms)
    }

    fn settle(&self, caller: Option<Party>) -> u64 {
        let mut rations = self.0.lock().expect("no holder panics");
        rations.get_mut(&caller).map_or(0, Ration::settle)
    }
}

/// Whether a problem means that somebody wanted what it may not, or more than it may.
pub(crate) fn is_refusal(problem: &Problem) -> bool {
    matches!(
        problem.code,
        ProblemCode::Forbidden
            | ProblemCode::Unauthorized
            | ProblemCode::ForeignOrigin
            | ProblemCode::LimitExceeded
            | ProblemCode::Busy
    )
}

/// Enters a refusal.
pub(crate) async fn refused(context: &Shared, who: Who, request: String, problem: &Problem) {
    let caller = who.map(|(_, party)| party);
    let project = who.and_then(|(project, _)| project);
    let now_ms = context.engine.clock().mono_ms();
    match context.rations.take(caller, now_ms) {
        Taken::Enter => {
            let why = format!("{}: {}", problem.code.as_str(), problem.detail);
            enter(context, project, AuditEntry::Refused { caller, request, why }).await;
        }
        Taken::Omit { first_of: Some(left_ms) } => {
            let context = context.clone();
            context.engine.tasks().spawn(TaskKind::Upkeep, move |cancel| async move {
                // At the end of the service, too, the count goes into the log.
                let _ = tokio::time::timeout(Duration::from_millis(left_ms), cancel.cancelled()).await;
                let count = context.rations.settle(caller);
                if count > 0 {
                    enter(&context, project, AuditEntry::Omitted { caller, count }).await;
                }
            });
        }
        Taken::Omit { first_of: None } => {}
    }
}

async fn enter(context: &Shared, project: Option<ProjectId>, entry: AuditEntry) {
    if let Err(error) = context.engine.audit(project, entry).await {
        tracing::warn!(%error, "a refusal is not in the log");
    }
}
