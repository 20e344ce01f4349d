//! Routes: whose calls go where.

/// One row of the matrix. The most specific `who` wins; among equals one with `asked`, then one for sub-agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub who: Who,
    /// Only calls of sub-agents that the calling program runs by itself.
    pub sub_agents: bool,
    /// Only calls that ask for this model; `*` at its end stands for anything. None: any model.
    pub asked: Option<String>,
    pub target: Target,
    /// Tried in this order when the target cannot answer.
    pub fallbacks: Vec<Target>,
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
