//! Answers of the model, taken apart.

use legion_model::tickets::{SessionName, TicketId};
use legion_model::{Answer, Key, Order, Party, ProjectId, Refusal, RefusalKind, TicketOrder};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::failure::Failure;

impl From<Failure> for EngineError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure { full: true, .. } => Self::DiskFull,
            Failure { why, fatal: true, .. } => Self::Refused(Refusal::new(RefusalKind::Conflict, why)),
            Failure { why, .. } => Self::Internal { what: why },
        }
    }
}

pub(super) fn invalid(what: impl Into<String>) -> EngineError {
    Refusal::new(RefusalKind::Invalid, what).into()
}

pub(super) fn not_found(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::NotFound, what)
}

fn unexpected(answer: &Answer) -> EngineError {
    EngineError::Internal { what: format!("an order about tickets was answered with {answer:?}") }
}

impl Engine {
    pub(super) async fn ticket_order(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: TicketOrder,
    ) -> Result<Answer, EngineError> {
        self.command(project, by, key, Order::Tickets(order)).await
    }

    pub(super) async fn ordered(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: TicketOrder,
    ) -> Result<(), EngineError> {
        match self.ticket_order(project, by, key, order).await? {
            Answer::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn ordered_tickets(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: TicketOrder,
    ) -> Result<Vec<TicketId>, EngineError> {
        match self.ticket_order(project, by, key, order).await? {
            Answer::Tickets { tickets } => Ok(tickets),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn ordered_import(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: TicketOrder,
    ) -> Result<u32, EngineError> {
        match self.ticket_order(project, by, key, order).await? {
            Answer::Imported { number } => Ok(number),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn ordered_add(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: TicketOrder,
    ) -> Result<super::Added, EngineError> {
        match self.ticket_order(project, by, key, order).await? {
            Answer::Added { tickets, warnings } => Ok(super::Added { tickets, warnings }),
            other => Err(unexpected(&other)),
        }
    }

    /// The session that is meant: the one that is named, else the current one.
    pub(super) async fn session_named(
        &self,
        project: ProjectId,
        session: Option<SessionName>,
    ) -> Result<SessionName, EngineError> {
        if let Some(name) = session {
            return Ok(name);
        }
        let current = self.read(project, |state| state.board.current.clone()).await?;
        current.ok_or_else(|| {
            not_found("the project has no session")
                .hint("`legion init`, or `legion sessions new NAME`, makes one")
                .into()
        })
    }
}
