//! Providers, routes, budgets and costs.

use jiff::Timestamp;
use legion_api as api;
use legion_engine::Spending;
use legion_model::gateway::{GatewayState, KeySource, Provider, Route, RouteKey, RouteWho};

pub(crate) fn provider(state: &GatewayState, known: &Provider, now: Timestamp, usable: bool) -> api::Provider {
    let (key, key_env) = match &known.key {
        KeySource::None => ("none", None),
        KeySource::Env(variable) => ("env", Some(variable.clone())),
        KeySource::Sealed => ("sealed", None),
        KeySource::Caller => ("caller", None),
    };
    let closed = state.closed_lanes(now).filter(|lane| lane.provider == known.name);
    api::Provider {
        name: known.name.to_string(),
        format: known.format.to_string(),
        url: known.url.clone(),
        key: key.to_owned(),
        key_env,
        // Filled in by who can look for it.
        key_present: matches!(known.key, KeySource::None | KeySource::Caller),
        bearer: known.bearer,
        free: known.free,
        models: known.models.iter().cloned().collect(),
        usable,
        closed: closed
            .map(|lane| api::ClosedLane { model: lane.model.clone(), until: lane.until, why: lane.why.clone() })
            .collect(),
    }
}

pub(crate) fn route(key: &RouteKey, set: &Route) -> api::Route {
    let mut who = api::RouteFor {
        sub_agents: key.sub_agents,
        sub_agent: key.sub_agent.clone(),
        asked: key.asked.clone(),
        ..api::RouteFor::default()
    };
    match &key.who {
        RouteWho::Default => {}
        RouteWho::Worker(driver) => who.worker = Some(driver.as_str().to_owned()),
        RouteWho::Role(role) => who.role = Some(role.clone()),
        RouteWho::Session(_, session) => who.session = Some(session.to_string()),
        RouteWho::Ticket(_, ticket) => who.ticket = Some(ticket.0),
        RouteWho::Agent(agent) => who.agent = Some(agent.to_string()),
    }
    api::Route { who, to: set.target.to_string(), fallbacks: set.fallbacks.iter().map(ToString::to_string).collect() }
}

pub(crate) fn cost_line(spending: Spending) -> api::CostLine {
    let Spending { name, id, figures, unsettled } = spending;
    let tokens = &figures.tokens;
    api::CostLine {
        name,
        id,
        calls: figures.calls,
        tokens: api::CallTokens {
            input: tokens.input,
            cache_read: tokens.cache_read,
            cache_write_5m: tokens.cache_write_5m,
            cache_write_1h: tokens.cache_write_1h,
            output: tokens.output,
            reasoning: tokens.reasoning,
            web_searches: tokens.web_searches,
        },
        cost: figures.cost.dollars(),
        cost_nanos: figures.cost.0,
        unknown_calls: figures.unknown,
        estimated_calls: figures.estimated,
        charged_nanos: figures.charged.0,
        unsettled_nanos: unsettled,
    }
}
