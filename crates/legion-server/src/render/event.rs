//! Events of the log.

use legion_api as api;
use legion_model::Event;
use legion_model::tickets::TicketId;
use legion_store::{Record, decode};
use serde_json::{Value, json};

/// The kind of an event that is not in the log: the reader was too slow.
pub(crate) const LAGGED: &str = "lagged";

/// The event of a record, when this version knows it.
pub(crate) fn understood(record: &Record) -> Option<Event> {
    decode(&record.kind, record.schema, &record.body).ok()
}

pub(crate) fn event(record: &Record, understood: Option<&Event>, ticket: Option<TicketId>) -> api::Event {
    let body: Value = serde_json::from_str(&record.body).unwrap_or_default();
    let agent = match understood {
        Some(event) => event.agent().map(|agent| agent.to_string()),
        None => body.get("agent").and_then(Value::as_str).map(str::to_owned),
    };
    api::Event {
        number: record.position,
        at: record.at,
        kind: record.kind.clone(),
        stream: record.stream.to_string(),
        agent,
        ticket: ticket.map(|ticket| ticket.0),
        body,
    }
}

/// Tells a reader that it was too slow. What it missed follows at once, from the event after `number` on.
pub(crate) fn lagged(number: u64, at: jiff::Timestamp) -> api::Event {
    api::Event {
        number,
        at,
        kind: LAGGED.to_owned(),
        stream: "service".to_owned(),
        agent: None,
        ticket: None,
        body: json!({ "after": number }),
    }
}
