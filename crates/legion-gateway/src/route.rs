//! Which providers a call may go to, in order.

use crate::directory::Caller;
use crate::settings::{Agents, Route, Settings, Target, Who};

/// Targets that one call may try.
const TARGETS_MAX: usize = 8;

/// Which of the agents that one program runs asks, as far as the program says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker<'a> {
    /// The one that the program was started for.
    Main,
    /// One that it runs by itself, with what the program calls agents of that kind.
    SubAgent(Option<&'a str>),
}

/// A provider and the model to ask it for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub provider: String,
    pub model: String,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// No provider can take the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error("no provider is set up\nhint: add one with `legion provider add`")]
    NoProvider,
    #[error(
        "no route leads from the model `{model}` to one of the providers {known}\nhint: set one with `legion route set --default PROVIDER/MODEL`"
    )]
    NotNamed { model: String, known: String },
    #[error(
        "the route leads to the provider `{0}`, which is not set up\nhint: add it with `legion provider add`, or change the route"
    )]
    Unknown(String),
}

/// The stops of a call: the target of the most specific route, then its fallbacks. Never empty.
pub(crate) fn plan(settings: &Settings, caller: &Caller, asker: Asker<'_>, asked: &str) -> Result<Vec<Stop>, NoRoute> {
    if settings.providers.is_empty() {
        return Err(NoRoute::NoProvider);
    }
    let route = best(settings, caller, asker, asked);
    // Whoever names the provider means it, unless a route is for just this caller.
    if route.is_none_or(|route| route.who == Who::Default)
        && let Some(stop) = named(settings, asked)
    {
        return Ok(vec![stop]);
    }
    let Some(route) = route else {
        let mut names = settings.providers.keys();
        let (Some(only), None) = (names.next(), names.next()) else {
            let known = settings.providers.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(NoRoute::NotNamed { model: asked.to_owned(), known });
        };
        return Ok(vec![Stop { provider: only.clone(), model: asked.to_owned() }]);
    };
    let stop = |target: &Target| Stop {
        provider: target.provider.clone(),
        model: target.model.clone().unwrap_or_else(|| asked.to_owned()),
    };
    let all = std::iter::once(&route.target).chain(&route.fallbacks);
    let stops: Vec<Stop> =
        all.filter(|target| settings.providers.contains_key(&target.provider)).map(stop).take(TARGETS_MAX).collect();
    if stops.is_empty() { Err(NoRoute::Unknown(route.target.provider.clone())) } else { Ok(stops) }
}

fn best<'a>(settings: &'a Settings, caller: &Caller, asker: Asker<'_>, asked: &str) -> Option<&'a Route> {
    let fits = |route: &&Route| {
        is_for(&route.who, caller)
            && route.agents.fit(asker)
            && route.asked.as_deref().is_none_or(|pattern| matches(pattern, asked))
    };
    let rank = |route: &&Route| {
        let who = match &route.who {
            Who::Default => 0,
            Who::Worker(_) => 1,
            Who::Role(_) => 2,
            Who::Session(_) => 3,
            Who::Ticket(_) => 4,
            Who::Agent(_) => 5,
        };
        let agents = match &route.agents {
            Agents::All => 0,
            Agents::SubAgents => 1,
            Agents::SubAgent(_) => 2,
        };
        (who, route.asked.as_ref().map_or(0, |pattern| pattern.len() + 1), agents)
    };
    settings.routes.iter().filter(fits).max_by_key(rank)
}

impl Agents {
    fn fit(&self, asker: Asker<'_>) -> bool {
        match (self, asker) {
            (Self::All, _) | (Self::SubAgents, Asker::SubAgent(_)) => true,
            (Self::SubAgent(name), Asker::SubAgent(kind)) => kind == Some(name.as_str()),
            (Self::SubAgents | Self::SubAgent(_), Asker::Main) => false,
        }
    }
}

fn is_for(who: &Who, caller: &Caller) -> bool {
    let is = |value: &Option<String>, wanted: &str| value.as_deref() == Some(wanted);
    match who {
        Who::Default => true,
        Who::Worker(name) => is(&caller.worker, name),
        Who::Role(name) => is(&caller.role, name),
        Who::Session(id) => is(&caller.session, id),
        Who::Ticket(id) => is(&caller.ticket, id),
        Who::Agent(name) => is(&caller.agent, name) || is(&caller.agent_name, name),
    }
}

fn matches(pattern: &str, model: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == model, |start| model.starts_with(start))
}

fn named(settings: &Settings, asked: &str) -> Option<Stop> {
    let (provider, model) = asked.split_once('/')?;
    (settings.providers.contains_key(provider) && !model.is_empty())
        .then(|| Stop { provider: provider.to_owned(), model: model.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates;

    fn settings(routes: Vec<Route>) -> Settings {
        let provider = |name: &str| {
            let provider = templates::ollama(name, "http://127.0.0.1:1");
            (name.to_owned(), provider)
        };
        Settings { providers: [provider("a"), provider("b"), provider("c")].into(), routes, ..Settings::default() }
    }

    fn target(text: &str) -> Target {
        match text.split_once('/') {
            Some((provider, model)) => Target { provider: provider.to_owned(), model: Some(model.to_owned()) },
            None => Target { provider: text.to_owned(), model: None },
        }
    }

    fn route(who: Who, to: &str) -> Route {
        Route { who, agents: Agents::All, asked: None, target: target(to), fallbacks: Vec::new() }
    }

    fn goes(settings: &Settings, caller: &Caller, asker: Asker<'_>, asked: &str) -> String {
        match plan(settings, caller, asker, asked) {
            Ok(stops) => stops.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    }

    const UNNAMED: Asker<'static> = Asker::SubAgent(None);

    #[test]
    fn the_most_specific_route_wins() {
        let name = |name: &str| Some(name.to_owned());
        let caller = Caller { agent: name("7"), role: name("coder"), ticket: name("t"), ..Caller::default() };
        let mut set = settings(vec![
            route(Who::Default, "a"),
            route(Who::Role("coder".to_owned()), "b/strong"),
            Route { agents: Agents::SubAgents, ..route(Who::Role("coder".to_owned()), "b/small") },
            Route { agents: Agents::SubAgent("Explore".to_owned()), ..route(Who::Role("coder".to_owned()), "b/named") },
            Route { asked: name("haiku*"), ..route(Who::Role("coder".to_owned()), "c/tiny") },
        ]);
        assert_eq!(goes(&set, &Caller::default(), Asker::Main, "m"), "a/m");
        assert_eq!(goes(&set, &caller, Asker::Main, "m"), "b/strong");
        assert_eq!(goes(&set, &caller, UNNAMED, "m"), "b/small");
        assert_eq!(goes(&set, &caller, Asker::SubAgent(Some("Plan")), "m"), "b/small");
        assert_eq!(goes(&set, &caller, Asker::SubAgent(Some("Explore")), "m"), "b/named");
        assert_eq!(goes(&set, &Caller::default(), Asker::SubAgent(Some("Explore")), "m"), "a/m");
        assert_eq!(goes(&set, &caller, UNNAMED, "haiku-4"), "c/tiny");
        set.routes.push(route(Who::Agent("7".to_owned()), "c"));
        assert_eq!(goes(&set, &caller, UNNAMED, "haiku-4"), "c/haiku-4");
    }

    #[test]
    fn fallbacks_follow_and_those_of_unknown_providers_are_left_out() {
        let fallbacks = vec![target("gone"), target("b/x"), target("c")];
        let set = settings(vec![Route { fallbacks, ..route(Who::Default, "a") }]);
        assert_eq!(goes(&set, &Caller::default(), Asker::Main, "m"), "a/m b/x c/m");
    }

    #[test]
    fn a_provider_may_be_named_in_the_model() {
        let set = settings(vec![route(Who::Default, "a"), route(Who::Role("r".to_owned()), "a/fixed")]);
        assert_eq!(goes(&set, &Caller::default(), Asker::Main, "b/vendor/m"), "b/vendor/m");
        let caller = Caller { role: Some("r".to_owned()), ..Caller::default() };
        assert_eq!(goes(&set, &caller, Asker::Main, "b/vendor/m"), "a/fixed");
        assert_eq!(goes(&set, &caller, Asker::Main, "unknown/m"), "a/fixed");
    }

    #[test]
    fn without_a_route_only_a_single_provider_is_meant() {
        assert!(goes(&settings(Vec::new()), &Caller::default(), Asker::Main, "m").starts_with("no route leads"));
        assert_eq!(goes(&Settings::default(), &Caller::default(), Asker::Main, "m"), "no provider is set up");
        let gone = settings(vec![route(Who::Default, "gone")]);
        assert!(
            goes(&gone, &Caller::default(), Asker::Main, "m").starts_with("the route leads to the provider `gone`")
        );
        let mut one = settings(Vec::new());
        one.providers.retain(|name, _| name == "b");
        assert_eq!(goes(&one, &Caller::default(), Asker::Main, "m"), "b/m");
    }
}
