//! Which agent is meant: `root`, an id, the beginning of an id, or a name.

use legion_api::ProblemCode;
use legion_model::authority::{Verb, authorise};
use legion_model::{AgentId, Organisation, Party, ProjectId};

use crate::context::Context;
use crate::fault::{Fault, Result};
use crate::guard::Caller;

/// Characters from which on the beginning of an id counts.
const PREFIX_CHARS_MIN: usize = 4;
/// Candidates that are named when an address is ambiguous.
const CANDIDATES_MAX: usize = 10;

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Root,
    Agent { project: ProjectId, agent: AgentId },
    Fired { project: ProjectId, agent: AgentId, name: String },
}

impl Found {
    /// The agent, for an order: one that was fired is refused by the model, in its words.
    pub(crate) fn for_order(&self, verb: &str) -> Result<(ProjectId, AgentId)> {
        match *self {
            Self::Root => Err(Fault::invalid(format!("the person cannot be {verb}")).hint("name an agent")),
            Self::Agent { project, agent } | Self::Fired { project, agent, .. } => Ok((project, agent)),
        }
    }

    /// The agent, for a look: it must be there.
    pub(crate) fn living(&self, verb: &str) -> Result<(ProjectId, AgentId)> {
        match self {
            Self::Fired { agent, name, .. } => Err(fired(*agent, name)),
            found => found.for_order(verb),
        }
    }
}

/// The problem of an agent that is gone.
pub(crate) fn fired(agent: AgentId, name: &str) -> Fault {
    Fault::not_found(format!("agent `{name}` ({agent}) was fired"))
        .hint("hire a new agent; `legion tree` lists those that are there")
}

struct Hit {
    project: ProjectId,
    agent: AgentId,
    name: String,
    parent: String,
}

/// What a project knows under an address, the best kind of match first.
#[derive(Default)]
struct Hits {
    named: Vec<Hit>,
    begun: Vec<Hit>,
    fired: Vec<Hit>,
}

impl Context {
    /// Finds out who is meant, among those whom the caller may know of.
    pub(crate) async fn find(&self, caller: Caller, text: &str) -> Result<Found> {
        if text == "root" {
            return Ok(Found::Root);
        }
        let id: Option<AgentId> = text.parse().ok();
        let mut hits = Hits::default();
        for (project, _) in self.projects(caller, None).await? {
            let (party, text) = (caller.party(), text.to_owned());
            let here = self.engine.read(project, move |state| match id {
                Some(id) => by_id(state, project, id),
                None => by_text(state, project, party, &text),
            });
            let here = here.await?;
            hits.named.extend(here.named);
            hits.begun.extend(here.begun);
            hits.fired.extend(here.fired);
        }
        for living in [&hits.named, &hits.begun] {
            match living.as_slice() {
                [] => {}
                [hit] => return Ok(Found::Agent { project: hit.project, agent: hit.agent }),
                many => return Err(ambiguous(text, many)),
            }
        }
        match hits.fired.as_slice() {
            [] => Err(Fault::not_found(format!("no agent is called `{text}`"))
                .hint("give an id, at least 4 characters of its beginning, or a name; `legion tree` lists the agents")),
            [.., last] => Ok(Found::Fired { project: last.project, agent: last.agent, name: last.name.clone() }),
        }
    }
}

fn by_id(state: &Organisation, project: ProjectId, id: AgentId) -> Hits {
    let mut hits = Hits::default();
    if state.agents.contains_key(&id) {
        hits.named.push(hit(state, project, id));
    } else if state.fired.contains_key(&id) {
        hits.fired.push(hit(state, project, id));
    }
    hits
}

fn by_text(state: &Organisation, project: ProjectId, caller: Party, text: &str) -> Hits {
    let beginning = beginning(text);
    let begins = |id: AgentId| beginning.as_ref().is_some_and(|hex| id.0.simple().to_string().starts_with(hex));
    let mut hits = Hits::default();
    for agent in state.agents.values().filter(|agent| authorise(state, caller, Verb::Name, agent.id).is_ok()) {
        if agent.name == text {
            hits.named.push(hit(state, project, agent.id));
        } else if begins(agent.id) {
            hits.begun.push(hit(state, project, agent.id));
        }
    }
    for (id, _) in state.fired.iter().filter(|(id, name)| *name == text || begins(**id)) {
        hits.fired.push(hit(state, project, *id));
    }
    hits
}

/// The hex digits of the beginning of an id, when it may be one.
fn beginning(text: &str) -> Option<String> {
    let formed = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let hex = text.replace('-', "").to_ascii_lowercase();
    (formed && hex.len() >= PREFIX_CHARS_MIN).then_some(hex)
}

fn hit(state: &Organisation, project: ProjectId, agent: AgentId) -> Hit {
    let parent = state.agents.get(&agent).map(|agent| state.name(agent.parent)).unwrap_or_default();
    Hit { project, agent, name: state.name(agent.into()), parent }
}

fn ambiguous(text: &str, hits: &[Hit]) -> Fault {
    let mut names: Vec<String> = hits
        .iter()
        .take(CANDIDATES_MAX)
        .map(|hit| format!("`{}` below {} ({})", hit.name, hit.parent, hit.agent))
        .collect();
    if hits.len() > CANDIDATES_MAX {
        names.push(format!("and {} more", hits.len() - CANDIDATES_MAX));
    }
    Fault::new(ProblemCode::Conflict, format!("`{text}` may be any of {} agents: {}", hits.len(), names.join(", ")))
        .hint("give the id, or more of its beginning")
}
