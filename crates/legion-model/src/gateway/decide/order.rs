//! One order after the other: who decides it.

use jiff::Timestamp;

use super::{allowances, lanes, providers, routes};
use crate::event::Event;
use crate::gateway::NanoUsd;
use crate::gateway::order::{GatewayAnswer, GatewayCommand, GatewayDecided, GatewayOrder};
use crate::gateway::scope::{BudgetOf, ScopeKind};
use crate::gateway::state::GatewayState;
use crate::ids::Party;
use crate::refusal::{Refusal, RefusalKind};

/// What a decision about settings gives.
pub(super) type Events = Result<Vec<Event>, Refusal>;

/// Budgets that may be set.
const BUDGETS_MAX: usize = 10_000;

pub(in crate::gateway) fn decide(
    state: &GatewayState,
    command: &GatewayCommand,
    at: Timestamp,
) -> Result<GatewayDecided, Refusal> {
    let by = command.by;
    let (events, answer) = match &command.order {
        GatewayOrder::StartService => (allowances::start(state), GatewayAnswer::Done),
        GatewayOrder::SetProvider(provider) => done(providers::set(state, by, provider))?,
        GatewayOrder::RemoveProvider(name) => done(providers::remove(state, by, name))?,
        GatewayOrder::SetRoute { key, route } => done(routes::set(state, by, key, route))?,
        GatewayOrder::RemoveRoute(key) => done(routes::remove(state, by, key))?,
        GatewayOrder::SetBudget { of, limit } => done(set_budget(state, by, of, *limit))?,
        GatewayOrder::RemoveBudget(of) => done(remove_budget(state, by, of))?,
        GatewayOrder::OpenAllowance { allowance, payer, wanted, caps, names } => {
            let wish = allowances::Wish { allowance: *allowance, payer, wanted: *wanted, caps, names };
            allowances::open(state, at, &wish)?
        }
        GatewayOrder::Settle { batch, calls } => done(allowances::settle(state, *batch, calls))?,
        GatewayOrder::CloseAllowances(ids) => (allowances::close(state, ids), GatewayAnswer::Done),
        GatewayOrder::Reconcile { allowance, spent } => allowances::reconcile(state, by, *allowance, *spent)?,
        GatewayOrder::SetCassette(mode) if state.cassette == *mode => (Vec::new(), GatewayAnswer::Done),
        GatewayOrder::SetCassette(mode) => (vec![Event::CassetteSet { mode: mode.clone(), by }], GatewayAnswer::Done),
        GatewayOrder::CloseLane { provider, model, until, class, why } => {
            (lanes::close(state, at, provider, model.as_ref(), *until, *class, why), GatewayAnswer::Done)
        }
        GatewayOrder::OpenLane { provider, model } => {
            (lanes::open(state, provider, model.as_ref()), GatewayAnswer::Done)
        }
    };
    Ok(GatewayDecided { events, answer })
}

fn done(events: Events) -> Result<(Vec<Event>, GatewayAnswer), Refusal> {
    events.map(|events| (events, GatewayAnswer::Done))
}

fn set_budget(state: &GatewayState, by: Party, of: &BudgetOf, limit: NanoUsd) -> Events {
    if let BudgetOf::One(scope) = of
        && scope.kind() == ScopeKind::Run
    {
        // It would hold for one run that is over soon.
        return Err(invalid("a single run has no budget of its own").hint("set one for each run, or for its agent"));
    }
    if limit > NanoUsd::MAX {
        return Err(invalid(format!("a budget is at most {}", NanoUsd::MAX)));
    }
    if !state.budgets.contains_key(of) && state.budgets.len() >= BUDGETS_MAX {
        return Err(Refusal::new(RefusalKind::Limit, format!("{BUDGETS_MAX} budgets are set, which is the limit")));
    }
    if state.budgets.get(of) == Some(&limit) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::BudgetSet { of: of.clone(), limit, by }])
}

fn remove_budget(state: &GatewayState, by: Party, of: &BudgetOf) -> Events {
    if !state.budgets.contains_key(of) {
        return Err(not_found(format!("no budget is set for `{of}`")).hint("`legion budget list` lists them"));
    }
    Ok(vec![Event::BudgetRemoved { of: of.clone(), by }])
}

pub(super) fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, what)
}

pub(super) fn not_found(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::NotFound, what)
}
