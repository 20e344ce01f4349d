//! Orders about tickets.

use legion_model::tickets::{NewTicket, SessionName, SessionSettings, TicketChanges, TicketId};
use legion_model::{AgentId, Body, Key, Party, ProjectId, TicketOrder};

use crate::engine::Engine;
use crate::error::EngineError;

/// Tickets that were added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// In the order in which they were given.
    pub tickets: Vec<TicketId>,
    pub warnings: Vec<String>,
}

impl Engine {
    /// Adds tickets: all or none.
    pub async fn tickets_add(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: Option<SessionName>,
        tickets: Vec<NewTicket>,
        settings: Option<SessionSettings>,
    ) -> Result<Added, EngineError> {
        self.check_tier_of_tickets().await?;
        let session = self.session_named(project, session).await?;
        self.ordered_add(project, by, key, TicketOrder::Add { session, tickets, settings }).await
    }

    /// Stops tickets, whatever they are at. Their agents go; their files are secured.
    pub async fn tickets_stop(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        tickets: Vec<TicketId>,
    ) -> Result<Vec<TicketId>, EngineError> {
        self.ordered_tickets(project, by, key, TicketOrder::Stop { tickets }).await
    }

    /// Stops every unfinished ticket of a session, or of all.
    pub async fn tickets_stop_all(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: Option<SessionName>,
    ) -> Result<Vec<TicketId>, EngineError> {
        self.ordered_tickets(project, by, key, TicketOrder::StopAll { session }).await
    }

    /// Opens a ticket again, with what its agent is told and what is changed. Returns those that are open again because of it.
    pub async fn ticket_retry(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        ticket: TicketId,
        feedback: Option<String>,
        changes: TicketChanges,
    ) -> Result<Vec<TicketId>, EngineError> {
        let feedback = match feedback {
            Some(text) => Some(self.body(text).await?),
            None => None,
        };
        let order = TicketOrder::Retry { ticket, feedback, changes: Box::new(changes) };
        self.ordered_tickets(project, by, key, order).await
    }

    /// Deletes a ticket; with `dependents` those that wait for it, too.
    pub async fn ticket_delete(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        ticket: TicketId,
        dependents: bool,
    ) -> Result<Vec<TicketId>, EngineError> {
        self.ordered_tickets(project, by, key, TicketOrder::Delete { ticket, dependents }).await
    }

    /// Lets an attempt's changes to protected paths through, or sends it back.
    pub async fn held_decide(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        ticket: TicketId,
        approve: bool,
        reason: Option<String>,
    ) -> Result<(), EngineError> {
        self.ordered(project, by, key, TicketOrder::DecideHeld { ticket, approve, reason }).await
    }

    /// What a ticket's agent says: a worker about its work, a reviewer its verdict.
    pub async fn ticket_report(
        &self,
        project: ProjectId,
        agent: AgentId,
        key: Option<Key>,
        done: bool,
        summary: String,
    ) -> Result<(), EngineError> {
        let summary: Body = self.body(summary).await?;
        self.ordered(project, agent.into(), key, TicketOrder::Report { done, summary }).await
    }
}
