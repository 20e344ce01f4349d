//! Which answers are refusals, which are remembered.

use legion_api::{Problem, ProblemCode};
use legion_model::{Party, ProjectId};

use crate::context::Shared;

/// A caller as far as it is known: its project too, unless it is the person.
pub(crate) type Who = Option<(Option<ProjectId>, Party)>;

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
    let why = format!("{}: {}", problem.code.as_str(), problem.detail);
    context.engine.refused(who.and_then(|(project, _)| project), who.map(|(_, party)| party), request, why).await;
}
