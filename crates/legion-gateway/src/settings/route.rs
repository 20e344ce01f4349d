//! Routes: whose calls go where.

/// One row of the matrix. The most specific `who` wins; among equals one with `asked`, then the most specific `agents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub who: Who,
    pub agents: Agents,
    /// Only calls that ask for this model; `*` at its end stands for anything. None: any model.
    pub asked: Option<String>,
    pub target: Target,
    /// Tried in this order when the target cannot answer.
    pub fallbacks: Vec<Target>,
}

/// Which of the agents that the calling program runs a route is for. In order of precedence, the weakest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agents {
    All,
    /// Those that the program runs by itself.
    SubAgents,
    /// Of these, the ones that the program calls so.
    SubAgent(String),
}

/// Whom a route is for. In order of precedence, the weakest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Default,
    /// Agents of a kind of driver.
    Worker(String),
    Role(String),
    Session(String),
    Ticket(String),
    /// By id or by name.
    Agent(String),
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub provider: String,
    /// None: the model that was asked for.
    pub model: Option<String>,
}
