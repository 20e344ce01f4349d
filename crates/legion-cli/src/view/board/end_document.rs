//! The end of a session's tickets for programs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    reckoning::Reckoning,
    state::Board,
    ticket::{BoardTicket, Standing},
};

/// What became of the tickets on the board, as one JSON document.
pub(crate) fn end_document(board: &Board, now: Timestamp) -> Value {
    let reckoning = Reckoning::of(board, now);
    let bound = &reckoning.bound;
    let seconds = |ms: u64| ms as f64 / 1e3;
    json!({
        "session": board.session,
        "target": board.target,
        "verdict": board.verdict().as_str(),
        "tickets": board.tickets.values().map(|it| ticket(it, now)).collect::<Vec<_>>(),
        "attempts": reckoning.attempts,
        "merges": board.commits.len(),
        "conflicts": reckoning.conflicts,
        "gate_runs": board.tally.gate_runs,
        "gate_hits": board.tally.gate_hits,
        "gate_seconds": seconds(board.tally.gate_ms),
        "cost_usd": board.cost_usd(),
        "seconds": reckoning.elapsed.as_secs_f64(),
        "sequential_seconds": reckoning.sequential.as_secs_f64(),
        "speed_up": reckoning.speed_up(),
        "bound": {
            "seconds": seconds(bound.ms()),
            "critical_path": bound.path.tickets,
            "critical_path_seconds": seconds(bound.path.ms),
            "workers": bound.workers,
            "shared_seconds": seconds(bound.shared_ms),
            "merges_seconds": seconds(bound.merges_ms),
            "reached": reckoning.reached(),
        },
    })
}

fn ticket(ticket: &BoardTicket, now: Timestamp) -> Value {
    let (commit, why) = match &ticket.standing {
        Standing::Done { commit, .. } => (Some(commit), None),
        Standing::Error { why, .. } | Standing::Stopped { why } | Standing::Skipped { why } => (None, Some(why)),
        _ => (None, None),
    };
    json!({
        "id": ticket.number,
        "title": ticket.title,
        "status": ticket.standing.word(),
        "checkpoint": ticket.checkpoint,
        "attempts": ticket.attempts.len(),
        "seconds": SignedDuration::as_secs_f64(&ticket.took(now)),
        "cost_usd": ticket.cost_micro_usd.map(|micro| micro as f64 / 1e6),
        "commit": commit,
        "why": why,
    })
}
