//! Allowances: money is set aside before it is spent, charged when it is, and given back when it is not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::order::{Events, invalid, not_found};
use crate::event::Event;
use crate::gateway::allowance::{AllowanceId, Payer};
use crate::gateway::call::SettledCalls;
use crate::gateway::money::NanoUsd;
use crate::gateway::order::GatewayAnswer;
use crate::gateway::scope::Scope;
use crate::gateway::state::{GatewayState, day};
use crate::ids::{AgentId, Party};
use crate::refusal::{Refusal, RefusalKind};

/// What is granted where there is plenty, so that a call seldom has to wait for the log.
const GRANT: NanoUsd = NanoUsd::DOLLAR;
/// The part of what is left that is granted at most: others that share it need some, too.
const PART: u64 = 8;
/// Less than this is not divided.
const PART_MIN: NanoUsd = NanoUsd(100_000_000);
/// Allowances that may be open at the same time.
const ALLOWANCES_MAX: usize = 10_000;
/// Lines of one batch.
const LINES_MAX: usize = 10_000;

/// One limit that holds for a payer.
struct Limit {
    scope: Scope,
    limit: NanoUsd,
}

/// Who wants what.
pub(super) struct Wish<'a> {
    pub allowance: AllowanceId,
    pub payer: &'a Payer,
    pub wanted: NanoUsd,
    pub caps: &'a [(AgentId, NanoUsd)],
    pub names: &'a BTreeMap<AgentId, String>,
}

/// A log that has nothing open needs no word about a start.
pub(super) fn start(state: &GatewayState) -> Vec<Event> {
    let open = state.allowances.values().any(|allowance| !allowance.orphaned);
    open.then_some(Event::ServiceStarted).into_iter().collect()
}

/// The narrowest scope of a payer whose budget is used up.
pub(in crate::gateway) fn used_up(
    state: &GatewayState,
    payer: &Payer,
    caps: &[(AgentId, NanoUsd)],
    at: Timestamp,
) -> Option<Scope> {
    let limits = limits(state, payer, caps, Scope::Day(day(at)));
    limits.into_iter().find(|limit| state.spent(&limit.scope) >= limit.limit).map(|limit| limit.scope)
}

pub(super) fn open(
    state: &GatewayState,
    at: Timestamp,
    wish: &Wish<'_>,
) -> Result<(Vec<Event>, GatewayAnswer), Refusal> {
    let Wish { allowance, payer, wanted, caps, names } = *wish;
    if let Some(known) = state.allowances.get(&allowance) {
        return Ok((Vec::new(), GatewayAnswer::Granted(known.rest())));
    }
    if state.allowances.values().filter(|allowance| !allowance.orphaned).count() >= ALLOWANCES_MAX {
        return Err(Refusal::new(
            RefusalKind::Busy,
            format!("{ALLOWANCES_MAX} allowances are open, which is the limit"),
        ));
    }
    if wanted == NanoUsd::default() {
        // A call that costs nothing is refused by no budget: it is counted for its payer all the same.
        let opened = Event::AllowanceOpened { allowance, payer: payer.clone(), granted: wanted };
        return Ok((vec![opened], GatewayAnswer::Granted(wanted)));
    }
    let today = day(at);
    let mut left = None::<NanoUsd>;
    for Limit { scope, limit } in limits(state, payer, caps, Scope::Day(today)) {
        let spent = state.spent(&scope);
        if spent >= limit {
            return Err(refused(&scope.called(names), limit, spent, state.unsettled(&scope)));
        }
        let free = limit.less(spent).less(state.held(&scope, today));
        if free == NanoUsd::default() {
            return Err(set_aside(&scope.called(names), limit, spent));
        }
        left = Some(left.map_or(free, |left| left.min(free)));
    }
    let wanted = wanted.max(GRANT);
    let granted = left.map_or(wanted, |left| wanted.min(NanoUsd(left.0 / PART).max(PART_MIN)).min(left));
    Ok((vec![Event::AllowanceOpened { allowance, payer: payer.clone(), granted }], GatewayAnswer::Granted(granted)))
}

/// Everything that limits a payer, the narrowest first. Where an agent has a budget from its hire and one that was set, both hold.
fn limits(state: &GatewayState, payer: &Payer, caps: &[(AgentId, NanoUsd)], today: Scope) -> Vec<Limit> {
    let mut limits = Vec::new();
    for scope in payer.scopes().into_iter().chain([today]) {
        if let Some(limit) = state.budget(&scope) {
            limits.push(Limit { scope: scope.clone(), limit });
        }
        if let Scope::Subtree(agent) = scope {
            let hired_with = caps.iter().filter(|(holder, _)| *holder == agent);
            limits.extend(hired_with.map(|(_, limit)| Limit { scope: Scope::Subtree(agent), limit: *limit }));
        }
    }
    limits.sort_by_key(|limit| limit.scope.kind());
    limits
}

fn refused(of: &str, limit: NanoUsd, spent: NanoUsd, unsettled: NanoUsd) -> Refusal {
    let mut what = format!("the budget of {of} is used up: {spent} of {limit} are spent");
    if unsettled > NanoUsd::default() {
        what.push_str(&format!(" ({unsettled} of it were left open by a service that ended without a word)"));
    }
    let hint = if unsettled > NanoUsd::default() {
        "`legion budget reconcile` settles what was left open; `legion budget set` raises a budget"
    } else {
        "a person raises it with `legion budget set`, or waits for the next day where it is the day's"
    };
    Refusal::new(RefusalKind::Limit, what).hint(hint)
}

/// It may become free again.
fn set_aside(of: &str, limit: NanoUsd, spent: NanoUsd) -> Refusal {
    Refusal::new(
        RefusalKind::Busy,
        format!(
            "what is left of the budget of {of} is set aside for calls that are under way: {spent} of {limit} are spent"
        ),
    )
}

pub(super) fn settle(state: &GatewayState, batch: Uuid, calls: &[SettledCalls]) -> Events {
    if calls.len() > LINES_MAX {
        return Err(invalid(format!("a batch has at most {LINES_MAX} lines")));
    }
    if calls.is_empty() || state.batches.contains(&batch) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CallsSettled { batch, calls: calls.to_vec() }])
}

pub(super) fn close(state: &GatewayState, ids: &[AllowanceId]) -> Vec<Event> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    ids.into_iter()
        .filter(|id| state.allowances.get(id).is_some_and(|allowance| !allowance.orphaned))
        .map(|allowance| Event::AllowanceClosed { allowance })
        .collect()
}

pub(super) fn reconcile(
    state: &GatewayState,
    by: Party,
    allowance: Option<AllowanceId>,
    spent: NanoUsd,
) -> Result<(Vec<Event>, GatewayAnswer), Refusal> {
    if spent > NanoUsd::MAX {
        return Err(invalid(format!("an amount is at most {}", NanoUsd::MAX)));
    }
    let orphans: Vec<AllowanceId> = match allowance {
        Some(id) => {
            let known = state.allowances.get(&id).ok_or_else(|| {
                not_found(format!("no allowance {id} is open"))
                    .hint("`legion budget list` lists those that a service left open")
            })?;
            if !known.orphaned {
                let what = format!("the allowance {id} is in use; it is settled by itself");
                return Err(Refusal::new(RefusalKind::Conflict, what));
            }
            vec![id]
        }
        None => state.allowances.values().filter(|known| known.orphaned).map(|known| known.id).collect(),
    };
    if orphans.is_empty() && spent > NanoUsd::default() {
        // It would be counted for nothing.
        return Err(Refusal::new(
            RefusalKind::Conflict,
            "no service left anything open: there is nothing to reconcile",
        )
        .hint("`legion budget list` lists what is left open; what a call cost is settled by itself"));
    }
    // Of several, nobody knows which of them spent it: the first ones that could have.
    let mut left = spent;
    let last = orphans.last().copied();
    let events = orphans.iter().filter_map(|id| {
        let rest = state.allowances.get(id)?.rest();
        let spent = if Some(*id) == last { left } else { left.min(rest) };
        left = left.less(spent);
        Some(Event::AllowanceReconciled { allowance: *id, spent, by })
    });
    let events: Vec<Event> = events.collect();
    Ok((events, GatewayAnswer::Reconciled(orphans)))
}
