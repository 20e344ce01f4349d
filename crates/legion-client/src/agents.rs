//! The agents of the organisation.
//!
//! Each call that changes something takes an idempotency key; without one, a fresh key covers the repeats of that one call.

use http::Method;
use legion_api::paths::{self, with_id};
use legion_api::{
    Agent, AgentPage, AgentStatus, FireReply, HireRequest, Hired, InterruptAllReply, InterruptReply, InterruptRequest,
    LogPage, Message, ResourceUsage, StatusReport, TellRequest, Told, Tree,
};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

/// More pages than any organisation has: a service that never ends its list is not followed for ever.
const PAGES_MAX: usize = 10_000;

/// Which agents to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentFilter {
    pub level: Option<u32>,
    /// UUID, or `root`.
    pub parent: Option<String>,
    pub status: Option<AgentStatus>,
    /// Directory of a project.
    pub project: Option<String>,
    /// Where the last page ended.
    pub after: Option<String>,
    /// Agents in a page.
    pub limit: Option<u32>,
}

/// Which agents a tree shows; those above them stay in it, marked as not matched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeFilter {
    pub level: Option<u32>,
    /// UUID, or `root`.
    pub parent: Option<String>,
    pub status: Option<AgentStatus>,
}

impl Client {
    /// Hires an agent.
    pub async fn hire(&self, request: &HireRequest, key: Option<&str>) -> Result<Hired, ClientError> {
        self.call(&Call::change(Method::POST, PathAndQuery::new(paths::AGENTS), key)?.json(request)?).await?.read()
    }

    /// Returns one page of agents.
    pub async fn agents(&self, filter: &AgentFilter) -> Result<AgentPage, ClientError> {
        let path = PathAndQuery::new(paths::AGENTS)
            .with_some("level", filter.level)
            .with_some("parent", filter.parent.as_deref())
            .with_some("status", filter.status.map(AgentStatus::as_str))
            .with_some("project", filter.project.as_deref())
            .with_some("after", filter.after.as_deref())
            .with_some("limit", filter.limit);
        self.call(&Call::get(path)).await?.read()
    }

    /// Returns all agents that match, following the pages.
    pub async fn agents_all(&self, filter: &AgentFilter) -> Result<Vec<Agent>, ClientError> {
        let mut filter = filter.clone();
        let mut agents = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = self.agents(&filter).await?;
            agents.extend(page.agents);
            match page.next {
                // A page that leads back to itself would be read for ever.
                Some(next) if filter.after.as_ref() != Some(&next) => filter.after = Some(next),
                _ => return Ok(agents),
            }
        }
        Err(ClientError::Protocol {
            url: self.url(),
            what: format!("its list of agents has more than {PAGES_MAX} pages"),
        })
    }

    /// Returns one agent.
    pub async fn agent(&self, id: &str) -> Result<Agent, ClientError> {
        self.call(&Call::get(PathAndQuery::new(with_id(paths::AGENT, id)))).await?.read()
    }

    /// Fires an agent with everything below it; with `keep_reports`, its reports go to its parent.
    pub async fn fire(&self, id: &str, keep_reports: bool, key: Option<&str>) -> Result<FireReply, ClientError> {
        let path = PathAndQuery::new(with_id(paths::AGENT, id)).with("keep_reports", keep_reports);
        self.call(&Call::change(Method::DELETE, path, key)?).await?.read()
    }

    /// Tells an agent something.
    pub async fn tell(&self, id: &str, request: &TellRequest, key: Option<&str>) -> Result<Told, ClientError> {
        let path = PathAndQuery::new(with_id(paths::AGENT_MESSAGES, id));
        self.call(&Call::change(Method::POST, path, key)?.json(request)?).await?.read()
    }

    /// Ends the turn of an agent.
    pub async fn interrupt(
        &self,
        id: &str,
        request: &InterruptRequest,
        key: Option<&str>,
    ) -> Result<InterruptReply, ClientError> {
        let path = PathAndQuery::new(with_id(paths::AGENT_INTERRUPT, id));
        self.call(&Call::change(Method::POST, path, key)?.json(request)?).await?.read()
    }

    /// Ends the turns of all agents below the caller.
    pub async fn interrupt_all(&self, key: Option<&str>) -> Result<InterruptAllReply, ClientError> {
        self.call(&Call::change(Method::POST, PathAndQuery::new(paths::INTERRUPT_ALL), key)?).await?.read()
    }

    /// Returns the last lines that an agent wrote.
    pub async fn logs(&self, id: &str, lines: u32) -> Result<LogPage, ClientError> {
        let path = PathAndQuery::new(with_id(paths::AGENT_LOGS, id)).with("lines", lines);
        self.call(&Call::get(path)).await?.read()
    }

    /// Returns what an agent wrote after a [`LogPage::next`].
    pub async fn logs_after(&self, id: &str, cursor: &str) -> Result<LogPage, ClientError> {
        let path = PathAndQuery::new(with_id(paths::AGENT_LOGS, id)).with("after", cursor);
        self.call(&Call::get(path)).await?.read()
    }

    /// Returns the caller, its inbox and its direct reports; or those of an agent below it.
    pub async fn status(&self, agent: Option<&str>) -> Result<StatusReport, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::STATUS).with_some("agent", agent))).await?.read()
    }

    /// Returns the organisation below the caller.
    pub async fn tree(&self, filter: &TreeFilter) -> Result<Tree, ClientError> {
        let path = PathAndQuery::new(paths::TREE)
            .with_some("level", filter.level)
            .with_some("parent", filter.parent.as_deref())
            .with_some("status", filter.status.map(AgentStatus::as_str));
        self.call(&Call::get(path)).await?.read()
    }

    /// Returns what agents take of the machine now: of one project (its directory), or of all.
    pub async fn usage(&self, project: Option<&str>) -> Result<ResourceUsage, ClientError> {
        self.call(&Call::get(PathAndQuery::new(paths::USAGE).with_some("project", project))).await?.read()
    }

    /// Returns one message with its delivery state.
    pub async fn message(&self, id: &str) -> Result<Message, ClientError> {
        self.call(&Call::get(PathAndQuery::new(with_id(paths::MESSAGE, id)))).await?.read()
    }
}
