//! Tickets and plans.
//!
//! Each call that changes something takes an idempotency key; without one, a fresh key covers the repeats of that one call.

use std::time::Duration;

use http::Method;
use legion_api::paths;
use legion_api::{
    Deps, Diff, DispatchRequest, Dispatched, HeldRequest, LogPage, PlanCheck, PlanRequest, ReportRequest, Reported,
    RescueList, RetryRequest, StopAllRequest, Ticket, TicketDetail, TicketNumbers, TicketPage, TicketStatus,
    UndeleteRequest, Undeleted, Why, WhyPage,
};

use crate::call::Call;
use crate::{ClientError, ProjectClient};

/// A plan of 10,000 tickets has its texts written; files are brought back one by one.
const LONG_CALL_TIMEOUT: Duration = Duration::from_secs(120);
/// More pages than any project has: a service that never ends its list is not followed for ever.
const PAGES_MAX: usize = 10_000;

/// The caller's own ticket, in the place of a number.
const OWN: &str = "self";

/// Which tickets to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Of this session only.
    pub session: Option<String>,
    /// With one of these; all when empty.
    pub status: Vec<TicketStatus>,
    /// Number at which the last page ended.
    pub after: Option<u32>,
    /// Tickets in a page, 1 to 1000.
    pub limit: Option<u32>,
}

impl ProjectClient {
    /// Dispatches one ticket.
    pub async fn dispatch(&self, request: &DispatchRequest, key: Option<&str>) -> Result<Dispatched, ClientError> {
        self.client.call(&Call::change(Method::POST, self.path(paths::TICKETS), key)?.json(request)?).await?.read()
    }

    /// Dispatches a whole plan: all of it, or nothing.
    pub async fn dispatch_plan(&self, request: &PlanRequest, key: Option<&str>) -> Result<Dispatched, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::PLANS), key)?;
        self.client.call(&call.json(request)?.within(LONG_CALL_TIMEOUT)).await?.read()
    }

    /// Returns what is wrong with a plan, and what it is like. Changes nothing.
    pub async fn check_plan(&self, request: &PlanRequest) -> Result<PlanCheck, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::PLANS).with("check", true), None)?;
        self.client.call(&call.json(request)?.within(LONG_CALL_TIMEOUT)).await?.read()
    }

    /// Returns one page of tickets.
    pub async fn tickets(&self, filter: &TicketFilter) -> Result<TicketPage, ClientError> {
        let words: Vec<&str> = filter.status.iter().map(|status| status.as_str()).collect();
        let path = self
            .path(paths::TICKETS)
            .with_some("session", filter.session.as_deref())
            .with_some("status", (!words.is_empty()).then(|| words.join(",")))
            .with_some("after", filter.after)
            .with_some("limit", filter.limit);
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Returns all tickets that match, following the pages.
    pub async fn tickets_all(&self, filter: &TicketFilter) -> Result<Vec<Ticket>, ClientError> {
        let mut filter = filter.clone();
        let mut tickets = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = self.tickets(&filter).await?;
            tickets.extend(page.tickets);
            match page.next {
                // A page that leads back to itself would be read for ever.
                Some(next) if filter.after.is_none_or(|after| next > after) => filter.after = Some(next),
                _ => return Ok(tickets),
            }
        }
        let what = format!("its list of tickets has more than {PAGES_MAX} pages");
        Err(ClientError::Protocol { url: self.client.url(), what })
    }

    /// Returns one ticket with everything that is known of it.
    pub async fn ticket(&self, ticket: u32) -> Result<TicketDetail, ClientError> {
        self.get_of(paths::TICKET, ticket).await
    }

    /// Returns the ticket that the caller, or an agent above it, was hired for.
    pub async fn own_ticket(&self) -> Result<TicketDetail, ClientError> {
        self.client.call(&Call::get(self.path_of(paths::TICKET, OWN))).await?.read()
    }

    /// Returns who moves a ticket on, and until when.
    pub async fn why(&self, ticket: u32) -> Result<Why, ClientError> {
        self.get_of(paths::TICKET_WHY, ticket).await
    }

    /// Returns what a ticket waits for or builds on.
    pub async fn deps(&self, ticket: u32) -> Result<Deps, ClientError> {
        self.get_of(paths::TICKET_DEPS, ticket).await
    }

    /// Returns one page of who moves tickets on: unfinished ones, and those that were closed without being merged.
    pub async fn whys(&self, session: Option<&str>, after: Option<u32>) -> Result<WhyPage, ClientError> {
        let path = self.path(paths::TICKETS_WHY).with_some("session", session).with_some("after", after);
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Returns what the caller's own ticket waits for or builds on.
    pub async fn own_deps(&self) -> Result<Deps, ClientError> {
        self.client.call(&Call::get(self.path_of(paths::TICKET_DEPS, OWN))).await?.read()
    }

    /// Returns what a ticket changes.
    pub async fn diff(&self, ticket: u32) -> Result<Diff, ClientError> {
        let call = Call::get(self.path_of(paths::TICKET_DIFF, &ticket.to_string())).within(LONG_CALL_TIMEOUT);
        self.client.call(&call).await?.read()
    }

    /// Returns the last lines that the agent of a ticket wrote.
    pub async fn ticket_log(&self, ticket: u32, lines: u32) -> Result<LogPage, ClientError> {
        let path = self.path_of(paths::TICKET_LOG, &ticket.to_string()).with("lines", lines);
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Returns what the agent of a ticket wrote after a [`LogPage::next`].
    pub async fn ticket_log_after(&self, ticket: u32, cursor: &str) -> Result<LogPage, ClientError> {
        let path = self.path_of(paths::TICKET_LOG, &ticket.to_string()).with("after", cursor);
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Returns the files of all tickets that were secured.
    pub async fn all_rescues(&self) -> Result<RescueList, ClientError> {
        self.client.call(&Call::get(self.path(paths::RESCUES))).await?.read()
    }

    /// Returns the files of a ticket that were secured.
    pub async fn rescues(&self, ticket: u32) -> Result<RescueList, ClientError> {
        self.get_of(paths::TICKET_RESCUES, ticket).await
    }

    /// Brings secured files back into a new directory on the service's machine.
    pub async fn undelete(
        &self,
        ticket: u32,
        request: &UndeleteRequest,
        key: Option<&str>,
    ) -> Result<Undeleted, ClientError> {
        let path = self.path_of(paths::TICKET_UNDELETE, &ticket.to_string());
        let call = Call::change(Method::POST, path, key)?.json(request)?.within(LONG_CALL_TIMEOUT);
        self.client.call(&call).await?.read()
    }

    /// Stops one ticket.
    pub async fn stop(&self, ticket: u32, key: Option<&str>) -> Result<TicketNumbers, ClientError> {
        let path = self.path_of(paths::TICKET_STOP, &ticket.to_string());
        self.client.call(&Call::change(Method::POST, path, key)?).await?.read()
    }

    /// Stops every unfinished ticket that the caller may stop, of a session or of all.
    pub async fn stop_all(&self, session: Option<&str>, key: Option<&str>) -> Result<TicketNumbers, ClientError> {
        let request = StopAllRequest { session: session.map(str::to_owned) };
        let call = Call::change(Method::POST, self.path(paths::TICKETS_STOP), key)?.json(&request)?;
        self.client.call(&call).await?.read()
    }

    /// Opens a ticket again.
    pub async fn retry(
        &self,
        ticket: u32,
        request: &RetryRequest,
        key: Option<&str>,
    ) -> Result<TicketNumbers, ClientError> {
        let path = self.path_of(paths::TICKET_RETRY, &ticket.to_string());
        self.client.call(&Call::change(Method::POST, path, key)?.json(request)?).await?.read()
    }

    /// Deletes a ticket; with `dependents`, those that wait for it, too.
    pub async fn delete_ticket(
        &self,
        ticket: u32,
        dependents: bool,
        key: Option<&str>,
    ) -> Result<TicketNumbers, ClientError> {
        let path = self.path_of(paths::TICKET, &ticket.to_string()).with("dependents", dependents);
        self.client.call(&Call::change(Method::DELETE, path, key)?).await?.read()
    }

    /// Lets changes of a ticket to protected files through, or sends them back.
    pub async fn decide_held(
        &self,
        ticket: u32,
        approve: bool,
        reason: Option<&str>,
        key: Option<&str>,
    ) -> Result<TicketDetail, ClientError> {
        let path = if approve { paths::TICKET_APPROVE } else { paths::TICKET_DENY };
        let request = HeldRequest { reason: reason.map(str::to_owned) };
        let call = Call::change(Method::POST, self.path_of(path, &ticket.to_string()), key)?.json(&request)?;
        self.client.call(&call).await?.read()
    }

    /// Says how the caller's own work on its ticket went.
    pub async fn report(&self, request: &ReportRequest, key: Option<&str>) -> Result<Reported, ClientError> {
        self.client.call(&Call::change(Method::POST, self.path(paths::REPORT), key)?.json(request)?).await?.read()
    }

    async fn get_of<T: serde::de::DeserializeOwned>(&self, path: &str, ticket: u32) -> Result<T, ClientError> {
        self.client.call(&Call::get(self.path_of(path, &ticket.to_string()))).await?.read()
    }
}
