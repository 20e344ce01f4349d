//! A ticket as the interface has it, for a board that does not begin with the dispatch.

use legion_api as api;

use super::{
    attempt::{Attempt, AttemptEnd, Stage},
    ticket::{BoardTicket, Standing},
};

impl From<&api::Ticket> for BoardTicket {
    fn from(ticket: &api::Ticket) -> Self {
        let why = || ticket.why.clone().unwrap_or_default();
        let standing = match ticket.status {
            api::TicketStatus::Queued | api::TicketStatus::Blocked => Standing::Queued { not_before: ticket.retry_at },
            api::TicketStatus::Working | api::TicketStatus::Verifying | api::TicketStatus::Merging => {
                Standing::Open(stage(ticket))
            }
            api::TicketStatus::Done => Standing::Done {
                commit: ticket.commit.clone().unwrap_or_default(),
                at: ticket.closed_at.unwrap_or(ticket.added_at),
            },
            api::TicketStatus::Error => {
                let class = ticket.error.map_or("", api::ErrorClass::as_str).to_owned();
                Standing::Error { class, why: why() }
            }
            api::TicketStatus::Stopped => Standing::Stopped { why: why() },
            api::TicketStatus::Skipped => Standing::Skipped { why: why() },
        };
        Self {
            checkpoint: ticket.checkpoint,
            attempts_max: ticket.max_attempts,
            standing,
            attempts: attempts(ticket),
            cost_micro_usd: ticket.cost_usd.map(|dollars| (dollars * 1e6).round() as u64),
            ..Self::queued(ticket.id, &ticket.title, ticket.after.iter().map(|link| link.id).collect())
        }
    }
}

fn stage(ticket: &api::Ticket) -> Stage {
    match ticket.stage {
        None | Some(api::Stage::Running) => Stage::Running,
        Some(api::Stage::Preparing) => Stage::Preparing,
        Some(api::Stage::Collecting) => Stage::Collecting,
        Some(api::Stage::Reviewing) => Stage::Reviewing { role: "its team".to_owned() },
        Some(api::Stage::Held) => Stage::Held,
        Some(api::Stage::Queued) => Stage::InQueue,
        Some(api::Stage::Landing) => Stage::Building,
    }
}

/// As much of its attempts as lists say: the open one, or the last.
fn attempts(ticket: &api::Ticket) -> Vec<Attempt> {
    let Some(began_at) = ticket.attempt_began_at.or(ticket.began_at).filter(|_| ticket.attempts > 0) else {
        return Vec::new();
    };
    let worker = ticket.worker.filter(|worker| *worker > 0);
    let mut attempt = Attempt::new(ticket.attempts, worker, began_at);
    if ticket.attempt_began_at.is_none() {
        let worked = jiff::SignedDuration::from_secs(i64::try_from(ticket.working_seconds).unwrap_or(i64::MAX));
        let ended_at = began_at.saturating_add(worked).unwrap_or(began_at);
        let end = match ticket.status {
            api::TicketStatus::Done => AttemptEnd::Merged,
            api::TicketStatus::Stopped => AttemptEnd::Stopped,
            _ => AttemptEnd::Failed { class: ticket.error.map_or("task", api::ErrorClass::as_str).to_owned() },
        };
        attempt.end = Some((end, ended_at));
        attempt.why = ticket.why.clone().unwrap_or_default();
    }
    vec![attempt]
}
