//! What was spent, in lines that add up to the total: of one moment, and what no line is kept for in a line of its own.

use std::collections::{BTreeSet, HashMap};

use legion_model::gateway::{Figures, GatewayState, Scope};
use legion_model::{AgentId, MicroUsd, Party};

use crate::engine::Engine;
use crate::error::EngineError;

/// What lines are kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentBy {
    Agent,
    Ticket,
    Model,
    Day,
}

/// One line of what was spent.
#[derive(Debug, Clone)]
pub struct Spending {
    /// What it was spent for, in a word: a name, a number, a model, a day.
    pub name: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    pub figures: Figures,
    /// Nano-dollars that a service left open when it died: they count as spent until they are reconciled.
    pub unsettled: u64,
}

/// All that was spent.
#[derive(Debug, Clone)]
pub struct Spent {
    /// Days: the last first. All others: the most expensive first. What belongs to none of them comes last.
    pub lines: Vec<Spending>,
    /// The sum of all lines.
    pub total: Spending,
}

impl SpentBy {
    fn keeps(self, scope: &Scope) -> bool {
        matches!(
            (self, scope),
            (Self::Agent, Scope::Agent(_)) | (Self::Ticket, Scope::Ticket(..)) | (Self::Day, Scope::Day(_))
        )
    }

    /// What belongs to no line: calls of the person, work without a ticket, money that was reconciled and whose model nobody knows, and
    /// things that are forgotten because there were too many.
    fn rest(self) -> &'static str {
        match self {
            Self::Agent => "(no agent)",
            Self::Ticket => "(no ticket)",
            Self::Model => "(no model)",
            Self::Day => "(earlier)",
        }
    }
}

impl Engine {
    /// What was spent on model calls, of every project.
    ///
    /// # Errors
    /// When the books or a project cannot be read.
    pub async fn spending(&self, by: SpentBy) -> Result<Spent, EngineError> {
        let names = if by == SpentBy::Agent { self.agent_names().await? } else { HashMap::new() };
        self.gateway_read(move |state| spent(state, by, &names)).await
    }

    /// What programs of the agents that are there, and of those that these fired, reported themselves and the gateway did not see.
    ///
    /// # Errors
    /// When a project cannot be read.
    pub async fn spent_beside_gateway(&self) -> Result<MicroUsd, EngineError> {
        let mut total = MicroUsd::default();
        for (_, keeper) in self.keepers_by_project() {
            let of_project = keeper.read(|state| {
                state.reports(Party::Root).map(|agent| state.spent_beside_gateway(agent)).sum::<MicroUsd>()
            });
            total += of_project.await?;
        }
        Ok(total)
    }
}

fn spent(state: &GatewayState, by: SpentBy, names: &HashMap<AgentId, String>) -> Spent {
    let orphans = state.allowances.values().filter(|allowance| allowance.orphaned);
    let total = Spending {
        name: "total".to_owned(),
        id: None,
        figures: state.total.clone(),
        unsettled: orphans.map(|orphan| orphan.rest().0).sum(),
    };
    let mut lines = if by == SpentBy::Model { models(state) } else { scopes(state, by, names) };
    let mut rest = Spending { name: by.rest().to_owned(), ..total.clone() };
    for line in &lines {
        rest.figures.take_away(&line.figures);
        rest.unsettled = rest.unsettled.saturating_sub(line.unsettled);
    }
    if !rest.figures.is_nothing() || rest.unsettled > 0 {
        lines.push(rest);
    }
    Spent { lines, total }
}

fn models(state: &GatewayState) -> Vec<Spending> {
    let line = |(name, figures): (&String, &Figures)| Spending {
        name: name.clone(),
        id: None,
        figures: figures.clone(),
        unsettled: 0,
    };
    let mut lines: Vec<Spending> = state.models.iter().map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.figures.charged));
    lines
}

fn scopes(state: &GatewayState, by: SpentBy, names: &HashMap<AgentId, String>) -> Vec<Spending> {
    let left_open = state.orphaned_scopes();
    let scopes: BTreeSet<&Scope> = state.figures.keys().chain(&left_open).filter(|scope| by.keeps(scope)).collect();
    let line = |scope: &Scope| {
        let (name, id) = called(scope, names);
        Spending {
            name,
            id,
            figures: state.figures.get(scope).cloned().unwrap_or_default(),
            unsettled: if left_open.contains(scope) { state.unsettled(scope).0 } else { 0 },
        }
    };
    if by == SpentBy::Day {
        return scopes.into_iter().rev().map(line).collect();
    }
    let mut lines: Vec<Spending> = scopes.into_iter().map(line).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.figures.charged));
    lines
}

/// The name and the id of what a line is about.
fn called(scope: &Scope, names: &HashMap<AgentId, String>) -> (String, Option<String>) {
    match scope {
        Scope::Agent(agent) => {
            let id = agent.to_string();
            (names.get(agent).cloned().unwrap_or_else(|| id.clone()), Some(id))
        }
        Scope::Ticket(project, ticket) => (ticket.to_string(), Some(super::settings::ticket(*project, *ticket))),
        Scope::Day(day) => (day.to_string(), None),
        other => (other.to_string(), None),
    }
}
