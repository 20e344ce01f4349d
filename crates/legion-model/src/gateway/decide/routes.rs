//! The matrix of routes: set and removed.

use super::order::{Events, invalid, not_found};
use super::providers::check_target;
use crate::event::Event;
use crate::gateway::route::{Route, RouteKey, RouteWho, Target};
use crate::gateway::state::GatewayState;
use crate::ids::Party;
use crate::refusal::{Refusal, RefusalKind};

/// Rules of one service.
const ROUTES_MAX: usize = 10_000;
/// Characters of a role.
const ROLE_CHARS_MAX: usize = 64;

pub(super) fn set(state: &GatewayState, by: Party, key: &RouteKey, route: &Route) -> Events {
    if let RouteWho::Role(role) = &key.who
        && (role.is_empty() || role.chars().count() > ROLE_CHARS_MAX || role.chars().any(char::is_control))
    {
        return Err(invalid(format!("a role has 1 to {ROLE_CHARS_MAX} characters and no control characters")));
    }
    if key.asked.as_ref().is_some_and(|asked| asked.is_empty() || asked.len() > Target::MODEL_BYTES_MAX) {
        return Err(invalid(format!("the name of a model has 1 to {} bytes", Target::MODEL_BYTES_MAX)));
    }
    // It comes in a header: what no header can hold would never fit.
    let formed = |name: &String| {
        !name.is_empty()
            && name.len() <= RouteKey::SUB_AGENT_BYTES_MAX
            && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    if !key.sub_agent.as_ref().is_none_or(formed) {
        let most = RouteKey::SUB_AGENT_BYTES_MAX;
        return Err(invalid(format!("the name of a sub-agent has 1 to {most} characters, in printable ASCII")));
    }
    if route.fallbacks.len() > Route::FALLBACKS_MAX {
        return Err(invalid(format!("a route has at most {} fallbacks", Route::FALLBACKS_MAX)));
    }
    let targets: Vec<_> = route.targets().collect();
    for (place, target) in targets.iter().enumerate() {
        check_target(state, target)?;
        if targets[..place].contains(target) {
            return Err(invalid(format!("`{target}` stands in the route twice")));
        }
    }
    if !state.routes.contains_key(key) && state.routes.len() >= ROUTES_MAX {
        return Err(Refusal::new(RefusalKind::Limit, format!("{ROUTES_MAX} routes are set, which is the limit")));
    }
    if state.routes.get(key) == Some(route) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::RouteSet { key: key.clone(), route: route.clone(), by }])
}

pub(super) fn remove(state: &GatewayState, by: Party, key: &RouteKey) -> Events {
    if !state.routes.contains_key(key) {
        return Err(not_found(format!("no route is set for `{key}`")).hint("`legion route list` lists them"));
    }
    Ok(vec![Event::RouteRemoved { key: key.clone(), by }])
}
