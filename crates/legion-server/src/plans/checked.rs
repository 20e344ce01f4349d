//! The checks of a plan against what its project has.

use std::sync::Arc;

use legion_model::plan::{self, CheckedPlan, PlanProblem, PlanSpec, ProblemKind};

use super::resolve::Ground;
use crate::context::Context;
use crate::fault::{Fault, Result};

/// Checks a plan. The target's own configuration is looked up only for a plan that lacks gates: that takes git.
pub(crate) async fn checked(
    context: &Context,
    ground: &Ground,
    spec: PlanSpec,
) -> Result<std::result::Result<CheckedPlan, Vec<PlanProblem>>> {
    let spec = Arc::new(spec);
    let found = check(&spec, ground, false).await?;
    let lacks_gates = |problem: &PlanProblem| matches!(problem.kind, ProblemKind::NoGate | ProblemKind::NoCriteria);
    match found {
        Err(problems) if problems.iter().any(lacks_gates) && target_has_gates(context, ground).await => {
            check(&spec, ground, true).await
        }
        found => Ok(found),
    }
}

async fn check(
    spec: &Arc<PlanSpec>,
    ground: &Ground,
    has_gates: bool,
) -> Result<std::result::Result<CheckedPlan, Vec<PlanProblem>>> {
    let (spec, known) = (Arc::clone(spec), ground.known(has_gates));
    // A large plan takes a while: others are served meanwhile.
    tokio::task::spawn_blocking(move || plan::check(&spec, &known)).await.map_err(Fault::internal)
}

async fn target_has_gates(context: &Context, ground: &Ground) -> bool {
    let (Some(project), Some((session, _))) = (ground.project, &ground.session) else { return false };
    match context.engine.target_gates(project, session).await {
        Ok(gates) => !gates.is_empty(),
        // Said in full where it is used: at each landing.
        Err(error) => {
            tracing::warn!(%session, %error, "the gates of a target cannot be read");
            false
        }
    }
}
