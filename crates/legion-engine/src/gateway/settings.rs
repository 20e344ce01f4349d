//! What is set, as the gateway reads it.

use legion_gateway::{
    Agents, Authorization, Betas, CassetteMode, Class, ClosedLane, KeySource, Matching, Origin, Pace, Settings, Target,
    Who,
};
use legion_model::ProjectId;
use legion_model::gateway::{self as model, GatewayState, LaneClass};
use legion_model::tickets::{SessionName, TicketId};

use legion_gateway::Dialect;

/// Where Anthropic itself answers.
const ANTHROPIC: &str = "https://api.anthropic.com";

/// The settings that a state means.
pub(super) fn of(state: &GatewayState) -> Settings {
    let providers = state.providers.values().filter_map(|known| Some((known.name.to_string(), provider(known)?)));
    Settings {
        revision: state.version,
        providers: providers.collect(),
        routes: state.routes.iter().map(|(key, set)| route(key, set)).collect(),
        lanes: state.lanes.values().map(lane).collect(),
        cassette: cassette(&state.cassette),
        call_max_nanos: state.call_budget().map(|limit| limit.0),
        budgets: state.budgets_version,
        ..Settings::default()
    }
}

/// Whether two are the same but for their number.
pub(super) fn same(a: &Settings, b: &Settings) -> bool {
    let numbered = Settings { revision: a.revision, ..b.clone() };
    *a == numbered
}

/// The name of a ticket, unique over all projects.
pub(super) fn ticket(project: ProjectId, ticket: TicketId) -> String {
    format!("{project}/{}", ticket.0)
}

/// The name of a session, unique over all projects.
pub(super) fn session(project: ProjectId, session: &SessionName) -> String {
    format!("{project}/{session}")
}

/// `None` for a format that is not spoken yet.
fn provider(known: &model::Provider) -> Option<legion_gateway::Provider> {
    let key = |source| if known.bearer { Authorization::Bearer(source) } else { Authorization::Key(source) };
    Some(legion_gateway::Provider {
        name: known.name.to_string(),
        dialect: dialect(known.format)?,
        url: known.url.clone(),
        authorization: match &known.key {
            model::KeySource::None => Authorization::None,
            model::KeySource::Env(variable) => key(KeySource::Variable(variable.clone())),
            model::KeySource::Sealed => key(KeySource::Sealed),
            model::KeySource::Caller => Authorization::Passthrough,
        },
        headers: known.headers.clone(),
        betas: betas(known),
        authorities: None,
        models: known.models.iter().cloned().collect(),
        prices: Default::default(),
        free: known.free,
    })
}

/// What only Anthropic is to see goes nowhere else unless somebody says so.
fn betas(known: &model::Provider) -> Betas {
    match &known.betas {
        None if is_anthropic_itself(known) => Betas::Forward,
        None => Betas::Drop,
        Some(only) if only.contains(model::Provider::ALL_BETAS) => Betas::Forward,
        Some(only) if only.is_empty() => Betas::Drop,
        Some(only) => Betas::Only(only.iter().cloned().collect()),
    }
}

/// A login of the caller's own is one at Anthropic, by whatever way it is reached.
fn is_anthropic_itself(known: &model::Provider) -> bool {
    known.key == model::KeySource::Caller
        || Origin::of(&known.url).is_ok_and(|origin| Origin::of(ANTHROPIC).is_ok_and(|itself| itself == origin))
}

/// The dialects that the gateway speaks.
pub(super) fn dialect(format: model::Format) -> Option<Dialect> {
    match format {
        model::Format::Anthropic => Some(Dialect::Anthropic),
        model::Format::OpenaiChat => Some(Dialect::Chat),
        model::Format::OpenaiResponses => Some(Dialect::Responses),
        model::Format::Gemini | model::Format::Copilot => None,
    }
}

fn route(key: &model::RouteKey, set: &model::Route) -> legion_gateway::Route {
    legion_gateway::Route {
        who: match &key.who {
            model::RouteWho::Default => Who::Default,
            model::RouteWho::Worker(driver) => Who::Worker(driver.as_str().to_owned()),
            model::RouteWho::Role(role) => Who::Role(role.clone()),
            model::RouteWho::Session(project, name) => Who::Session(session(*project, name)),
            model::RouteWho::Ticket(project, number) => Who::Ticket(ticket(*project, *number)),
            model::RouteWho::Agent(agent) => Who::Agent(agent.to_string()),
        },
        agents: match (&key.sub_agent, key.sub_agents) {
            (Some(name), _) => Agents::SubAgent(name.clone()),
            (None, true) => Agents::SubAgents,
            (None, false) => Agents::All,
        },
        asked: key.asked.clone(),
        target: target(&set.target),
        fallbacks: set.fallbacks.iter().map(target).collect(),
    }
}

fn target(target: &model::Target) -> Target {
    Target { provider: target.provider.to_string(), model: target.model.clone() }
}

fn lane(lane: &model::Lane) -> ClosedLane {
    ClosedLane {
        provider: lane.provider.to_string(),
        model: lane.model.clone(),
        until: lane.until,
        class: match lane.class {
            LaneClass::RateLimited => Class::RateLimited { retry_after: None },
            LaneClass::Overloaded => Class::Overloaded,
            LaneClass::SpendLimit => Class::SpendLimit,
            LaneClass::Authentication => Class::Authentication,
            LaneClass::Server => Class::Server,
        },
        why: lane.why.clone(),
    }
}

/// The class as it is logged. What closes no lane counts as a failure of the provider's.
pub(super) fn lane_class(class: Class) -> LaneClass {
    match class {
        Class::RateLimited { .. } => LaneClass::RateLimited,
        Class::Overloaded => LaneClass::Overloaded,
        Class::SpendLimit => LaneClass::SpendLimit,
        Class::Authentication => LaneClass::Authentication,
        Class::Permission
        | Class::InvalidRequest
        | Class::TooLarge
        | Class::NotFound
        | Class::NotSupported
        | Class::Server
        | Class::Unknown => LaneClass::Server,
    }
}

fn cassette(mode: &model::CassetteMode) -> CassetteMode {
    match mode {
        model::CassetteMode::Off => CassetteMode::Off,
        model::CassetteMode::Record { name } => CassetteMode::Record { name: name.to_string() },
        model::CassetteMode::Replay { name, nearest, full_speed } => CassetteMode::Replay {
            name: name.to_string(),
            matching: if *nearest { Matching::Nearest } else { Matching::Strict },
            pace: if *full_speed { Pace::Full } else { Pace::Recorded },
        },
    }
}

#[cfg(test)]
mod tests {
    use legion_model::gateway::{Format, KeySource as Key, Provider};

    use super::*;

    #[test]
    fn flags_and_attribution_go_to_anthropic_and_to_those_who_were_named_only() {
        let betas = |url: &str, key: Key, said: Option<&[&str]>| {
            let name = "p".parse().expect("a name");
            let said = said.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
            let known = Provider { betas: said, ..Provider::new(name, Format::Anthropic, url.to_owned(), key) };
            provider(&known).expect("a dialect").betas
        };
        let only = |word: &str| Betas::Only(vec![word.to_owned()]);
        for (url, key, said, expected) in [
            ("https://api.anthropic.com/v1", Key::Sealed, None, Betas::Forward),
            ("https://API.anthropic.com:443", Key::Sealed, None, Betas::Forward),
            ("https://proxy.example", Key::Caller, None, Betas::Forward),
            ("https://api.anthropic.com.evil.example", Key::Sealed, None, Betas::Drop),
            ("http://api.anthropic.com", Key::None, None, Betas::Drop),
            ("https://llm.example/v1", Key::Sealed, None, Betas::Drop),
            // A server of one's own is not Anthropic: its cache dies of the attribution.
            ("http://127.0.0.1:11434", Key::None, None, Betas::Drop),
            ("https://llm.example/v1", Key::Sealed, Some(&["*"][..]), Betas::Forward),
            ("https://llm.example/v1", Key::Sealed, Some(&["b-1"][..]), only("b-1")),
            ("https://api.anthropic.com", Key::Sealed, Some(&[][..]), Betas::Drop),
        ] {
            assert_eq!(betas(url, key, said), expected, "{url} {said:?}");
        }
    }
}
