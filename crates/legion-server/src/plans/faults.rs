//! What is wrong with a plan, as a problem.

use legion_api::{self as api, ProblemCode};
use legion_model::plan::PlanProblem;

use crate::fault::Fault;

/// Faults that the sentence of the problem tells; `problems` lists all of them.
const TOLD_MAX: usize = 3;

pub(crate) fn problem(problem: &PlanProblem) -> api::PlanProblem {
    api::PlanProblem {
        kind: problem.kind.as_str().to_owned(),
        ticket: problem.ticket.clone(),
        text: problem.sentence.clone(),
    }
}

pub(crate) fn refused_plan(problems: &[api::PlanProblem]) -> Fault {
    let sentences: Vec<String> = problems.iter().map(|problem| problem.text.clone()).collect();
    let mut fault = Fault::new(ProblemCode::PlanInvalid, told("the plan", &sentences))
        .hint("mend the plan; nothing of it was dispatched");
    fault.0.problems = sentences;
    fault
}

/// A ticket that was dispatched alone has no name to say.
pub(crate) fn refused_ticket(problems: &[api::PlanProblem], name: &str) -> Fault {
    let prefix = format!("ticket `{name}`: ");
    let plain = |text: &str| text.strip_prefix(&prefix).unwrap_or(text).to_owned();
    let sentences: Vec<String> = problems.iter().map(|problem| plain(&problem.text)).collect();
    let mut fault = Fault::invalid(told("the ticket", &sentences));
    fault.0.problems = sentences;
    fault
}

fn told(what: &str, sentences: &[String]) -> String {
    match sentences {
        [one] => format!("{what} cannot be dispatched: {one}"),
        many => {
            let mut told = many.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join("; ");
            if many.len() > TOLD_MAX {
                told.push_str(&format!("; and {} more", many.len() - TOLD_MAX));
            }
            format!("{what} cannot be dispatched, for {} reasons: {told}", many.len())
        }
    }
}
