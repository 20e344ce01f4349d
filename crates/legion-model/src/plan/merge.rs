//! A ticket with the plan's defaults merged in.

use std::collections::BTreeMap;

use crate::driver::DriverKind;
use crate::glob::Glob;
use crate::tickets::OnUpstream;

use super::checked::CheckedTicket;
use super::spec::{TicketFields, TicketSpec};
use super::ticket::is_blank;
use super::words::{driver, on_upstream};

/// Merges a ticket that has no problem. `files` are its globs, or those of the defaults; `policies` those of what it waits for.
pub(super) fn merge(
    ticket: &TicketSpec,
    defaults: &TicketFields,
    files: Vec<Glob>,
    policies: BTreeMap<usize, OnUpstream>,
) -> CheckedTicket {
    fn either<T: Clone>(own: &Option<T>, default: &Option<T>) -> Option<T> {
        own.as_ref().or(default.as_ref()).cloned()
    }
    let own = &ticket.fields;
    let checkpoint = own.checkpoint.or(defaults.checkpoint).unwrap_or_default();
    let text =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (title, prompt) = (text(&ticket.title), ticket.prompt.clone().filter(|prompt| !is_blank(Some(prompt))));
    let chosen = either(&own.driver, &defaults.driver).as_deref().and_then(driver);
    // A command without a driver can only mean one; the defaults' command does not follow a ticket to another driver.
    let command = either(&own.command, &defaults.command).filter(|_| chosen != Some(DriverKind::Claude));
    CheckedTicket {
        key: ticket.key.clone(),
        title: title.clone().unwrap_or_else(|| first_line(prompt.as_deref().unwrap_or_default())),
        prompt: match (prompt, checkpoint) {
            (Some(prompt), _) => prompt,
            // Nothing to do but to run the gate.
            (None, true) => String::new(),
            (None, false) => title.unwrap_or_default(),
        },
        context: either(&own.context, &defaults.context),
        criteria: either(&own.criteria, &defaults.criteria)
            .unwrap_or_default()
            .into_iter()
            .filter(|text| !is_blank(Some(text)))
            .collect(),
        checkpoint,
        gate: either(&own.gate, &defaults.gate).unwrap_or_default(),
        gate_timeout_seconds: own.gate_timeout_seconds.or(defaults.gate_timeout_seconds),
        files,
        plan: either(&own.plan, &defaults.plan),
        team: either(&own.team, &defaults.team),
        role: either(&own.role, &defaults.role),
        group: either(&own.group, &defaults.group),
        worker: own.worker.or(defaults.worker),
        driver: chosen.or(command.is_some().then_some(DriverKind::Command)),
        command,
        model: either(&own.model, &defaults.model),
        max_attempts: own.max_attempts.or(defaults.max_attempts),
        timeout_seconds: own.timeout_seconds.or(defaults.timeout_seconds),
        on_upstream: either(&own.on_upstream, &defaults.on_upstream)
            .as_deref()
            .and_then(on_upstream)
            .unwrap_or_default(),
        policies,
    }
}

/// The first line that says something, as a title.
fn first_line(prompt: &str) -> String {
    /// Characters of a title that is made.
    const CHARS: usize = 72;
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut title: String = line.chars().filter(|char| !char.is_control()).take(CHARS).collect();
    if line.chars().count() > CHARS {
        title.push('…');
    }
    title
}
