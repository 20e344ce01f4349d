//! The resources: the organisation, its agents, what they wrote, messages, and tickets.

use legion_api::{LogPage, Report};
use legion_client::{ClientError, TicketFilter, TreeFilter};

use crate::Caller;
use crate::answer::compact;

/// The organisation below the caller.
pub(crate) const AGENTS: &str = "legion://agents";
pub(crate) const AGENT: &str = "legion://agents/{id}";
pub(crate) const LOGS: &str = "legion://agents/{id}/logs";
pub(crate) const MESSAGE: &str = "legion://messages/{id}";

/// The tickets of the project.
pub(crate) const TICKETS: &str = "legion://tickets";
pub(crate) const TICKET: &str = "legion://tickets/{id}";
pub(crate) const TICKET_DIFF: &str = "legion://tickets/{id}/diff";
pub(crate) const TICKET_LOG: &str = "legion://tickets/{id}/log";

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain";

/// Lines of a log resource.
const LINES: u32 = 200;

/// What a resource holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// Why a resource cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    NoSuch,
    Client(ClientError),
}

impl From<ClientError> for ReadError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// The address of an agent.
pub(crate) fn agent_uri(id: &str) -> String {
    AGENT.replace("{id}", id)
}

/// The address of a message.
pub(crate) fn message_uri(id: &str) -> String {
    MESSAGE.replace("{id}", id)
}

/// Reads a resource.
pub(crate) async fn read(caller: &Caller, uri: &str) -> Result<Content, ReadError> {
    let path = uri.strip_prefix("legion://").ok_or(ReadError::NoSuch)?;
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(ReadError::NoSuch);
    }
    let (client, project) = (&caller.client, caller.project());
    let json = |value: serde_json::Value| Content { kind: JSON, text: value.to_string() };
    Ok(match parts[..] {
        ["agents"] => json(compact(&client.tree(&TreeFilter::default()).await?)),
        ["agents", id] => json(compact(&client.agent(id).await?)),
        ["agents", id, "logs"] => Content { kind: TEXT, text: lines(&client.logs(id, LINES).await?) },
        ["messages", id] => json(compact(&client.message(id).await?)),
        ["tickets"] => json(compact(&project.tickets_all(&TicketFilter::default()).await?)),
        ["tickets", id] => json(compact(&project.ticket(number(id)?).await?)),
        ["tickets", id, "diff"] => Content { kind: TEXT, text: project.diff(number(id)?).await?.text },
        ["tickets", id, "log"] => Content { kind: TEXT, text: lines(&project.ticket_log(number(id)?, LINES).await?) },
        _ => return Err(ReadError::NoSuch),
    })
}

/// The caller's direct reports, each a resource.
pub(crate) async fn reports(caller: &Caller) -> Result<Vec<Report>, ClientError> {
    Ok(caller.client.status(None).await?.reports)
}

fn number(id: &str) -> Result<u32, ReadError> {
    id.parse().map_err(|_| ReadError::NoSuch)
}

fn lines(page: &LogPage) -> String {
    page.lines.iter().map(|line| format!("{} {} {}\n", line.at, line.stream, line.text)).collect()
}
