//! The audit.

use legion_api::{AuditPage, paths};

use crate::call::Call;
use crate::query::PathAndQuery;
use crate::{Client, ClientError};

/// Pages that are followed: no audit has a billion entries.
const PAGES_MAX: usize = 100_000;

impl Client {
    /// Returns one page of the audit: what is after the event of a number, about one agent or all.
    pub async fn audit(&self, agent: Option<&str>, after: u64) -> Result<AuditPage, ClientError> {
        let path = PathAndQuery::new(paths::AUDIT).with_some("agent", agent).with_some("after", Some(after));
        self.call(&Call::get(path)).await?.read()
    }

    /// Returns the whole audit, following the pages.
    pub async fn audit_all(&self, agent: Option<&str>) -> Result<AuditPage, ClientError> {
        let mut whole = AuditPage { events: Vec::new(), next: Some(0) };
        for _ in 0..PAGES_MAX {
            let Some(after) = whole.next.take() else { break };
            let page = self.audit(agent, after).await?;
            whole.events.extend(page.events);
            // A page that leads back to itself would be read for ever.
            whole.next = page.next.filter(|next| *next > after);
        }
        Ok(whole)
    }
}
