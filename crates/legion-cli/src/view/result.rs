//! How a run ended, in a line.

use legion_api::RunResult;

use super::{Look, run::dollars, style::Style};
use crate::text::{escape_line, span};

/// Outcome, agent, time and cost; the error when there is one.
pub(crate) fn outcome_line(name: &str, result: &RunResult, look: &Look) -> String {
    let outcome = look.palette.paint(Style::of_outcome(result.outcome), result.outcome.as_str());
    let took = span(result.ended_at.duration_since(result.started_at));
    let mut text = format!("{outcome}  run {} of {} in {took}", result.number, escape_line(name));
    if let Some(cost) = result.cost_usd {
        text.push_str(&format!("  {}", dollars(cost)));
    }
    if let Some(error) = &result.error {
        text.push_str(&format!("  {}", escape_line(error)));
    }
    text
}

#[cfg(test)]
mod tests {
    use legion_api::Outcome;

    use super::*;
    use crate::view::samples;

    #[test]
    fn an_outcome_says_what_it_took_and_what_went_wrong() {
        let line = |outcome| outcome_line("leader", &samples::result(outcome), &samples::look());
        assert_eq!(line(Outcome::Completed), "completed  run 1 of leader in 12.0s  $0.0123");
        assert_eq!(line(Outcome::Failed), "failed  run 1 of leader in 12.0s  $0.0123  exit code 1");
    }
}
