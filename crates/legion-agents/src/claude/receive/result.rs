use legion_model::MicroUsd;
use serde_json::Value;

use super::field::{number, text};
use crate::{AgentEvent, TurnOutcome, Usage};

/// Returns what the running total of money was when the process began, from its first result.
///
/// 2.1.197 begins at zero. 2.1.329 goes on from the total that the session's last process left, if that one ended
/// properly and was not killed; it also says what was spent since the last result, which for the first one is all.
pub(in crate::claude) fn cost_before(line: &Value) -> f64 {
    let Some(models) = line["model_usage_since_last_result"].as_object() else { return 0.0 };
    let since: f64 = models.values().filter_map(|model| model["costUSD"].as_f64()).sum();
    line["total_cost_usd"].as_f64().map_or(0.0, |total| (total - since).max(0.0))
}

/// A turn ended. `cost_before` is taken off the running total.
pub(in crate::claude) fn events(line: &Value, cost_before: f64) -> Vec<AgentEvent> {
    let outcome = outcome(line);
    let said = text(line, "result").unwrap_or_default();
    let error = match outcome {
        TurnOutcome::Completed => None,
        // Its `errors` are a note of the program to its makers.
        TurnOutcome::Interrupted => text(line, "terminal_reason"),
        TurnOutcome::Failed | TurnOutcome::Limit => Some(reason(line, &said)),
    };
    vec![AgentEvent::TurnEnded {
        outcome,
        // The words of an error stand in `result` like an answer.
        text: if outcome == TurnOutcome::Failed { String::new() } else { said },
        error,
        usage: usage(&line["usage"]),
        cost_total: line["total_cost_usd"]
            .as_f64()
            .and_then(|total| MicroUsd::from_dollars((total - cost_before).max(0.0))),
        turns: number(line, "num_turns"),
        denials: line["permission_denials"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|denial| text(denial, "tool_name"))
            .collect(),
    }]
}

fn outcome(line: &Value) -> TurnOutcome {
    let aborted = line["terminal_reason"].as_str().is_some_and(|reason| reason.starts_with("aborted"));
    match line["subtype"].as_str().unwrap_or_default() {
        "success" if line["is_error"] == true => TurnOutcome::Failed,
        "success" => TurnOutcome::Completed,
        "error_max_turns" | "error_max_budget_usd" => TurnOutcome::Limit,
        "error_during_execution" if aborted => TurnOutcome::Interrupted,
        _ => TurnOutcome::Failed,
    }
}

fn reason(line: &Value, said: &str) -> String {
    let errors: Vec<&str> = line["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !errors.is_empty() {
        return errors.join("; ");
    }
    if !said.is_empty() {
        return said.to_owned();
    }
    let terminal = line["terminal_reason"].as_str();
    terminal.or(line["subtype"].as_str()).unwrap_or("unknown").to_owned()
}

fn usage(usage: &Value) -> Usage {
    let tokens = |key: &str| usage[key].as_u64().unwrap_or(0);
    Usage {
        input_tokens: tokens("input_tokens"),
        output_tokens: tokens("output_tokens"),
        cache_read_tokens: tokens("cache_read_input_tokens"),
        cache_write_tokens: tokens("cache_creation_input_tokens"),
    }
}
