//! Lanes: closed until a time on the wall clock, and opened before it when the provider answers again.

use jiff::Timestamp;

use crate::body::clip;
use crate::event::Event;
use crate::gateway::lane::{Lane, LaneClass};
use crate::gateway::provider::ProviderName;
use crate::gateway::route::Target;
use crate::gateway::state::GatewayState;

/// Lanes that may be closed at the same time.
const LANES_MAX: usize = 1_000;

pub(super) fn close(
    state: &GatewayState,
    at: Timestamp,
    provider: &ProviderName,
    model: Option<&String>,
    until: Timestamp,
    class: LaneClass,
    why: &str,
) -> Vec<Event> {
    let key = (provider.clone(), model.cloned());
    let full = state.lanes.len() >= LANES_MAX && !state.lanes.contains_key(&key);
    let too_long = model.is_some_and(|model| model.len() > Target::MODEL_BYTES_MAX);
    // Many calls find the same quota used up: once is enough.
    let known =
        state.lanes.get(&key).is_some_and(|lane| lane.until > until || (lane.until == until && lane.class == class));
    if until <= at || full || too_long || known || !state.providers.contains_key(provider) {
        return Vec::new();
    }
    let why = clip(why, Lane::WHY_BYTES_MAX);
    vec![Event::LaneClosed { provider: key.0, model: key.1, until, class, why }]
}

pub(super) fn open(state: &GatewayState, provider: &ProviderName, model: Option<&String>) -> Vec<Event> {
    let key = (provider.clone(), model.cloned());
    if !state.lanes.contains_key(&key) {
        return Vec::new();
    }
    vec![Event::LaneOpened { provider: key.0, model: key.1 }]
}
