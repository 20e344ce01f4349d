//! Adding tickets: a whole plan, or one; all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{invalid, not_found};
use crate::body::clip;
use crate::command::{Answer, HireOrder};
use crate::decide::Decision;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party};
use crate::limits::Limits;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};
use crate::tickets::names::{SessionName, TicketId};
use crate::tickets::session::SessionSettings;
use crate::tickets::spec::{GateSpec, NewTicket, OnUpstream, TicketSpec, UpstreamPolicy};
use crate::tickets::team::Duty;

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 200;
/// Criteria, gates and globs of one ticket.
const LIST_MAX: usize = 200;
/// Bytes of one criterion, gate or glob.
const ITEM_BYTES_MAX: usize = 8 * 1024;
/// Attempts that may fail.
const ATTEMPTS_MAX: u32 = 10;
/// Seconds of a run or gate.
const TIMEOUT_S_MAX: u64 = 24 * 3_600;
/// Tickets that one waits for.
const AFTER_MAX: usize = 1_000;
/// Warnings that an answer carries.
const WARNINGS_MAX: usize = 50;

pub(super) fn add(
    state: &Organisation,
    by: Party,
    session: &SessionName,
    tickets: &[NewTicket],
    settings: Option<&SessionSettings>,
) -> Decision {
    let board = &state.board;
    let known = super::sessions::active(board, session)?;
    if tickets.is_empty() {
        return Err(invalid("there is no ticket to add"));
    }
    if board.tickets.len() + tickets.len() > state.bounds.tickets_max {
        return Err(Refusal::new(
            RefusalKind::Limit,
            format!(
                "{} tickets more would be too many: the project has {}, and the limit is {}",
                tickets.len(),
                board.tickets.len(),
                state.bounds.tickets_max
            ),
        )
        .hint("delete tickets that are done"));
    }
    let mut events = Vec::new();
    if let Some(settings) = settings {
        super::sessions::check_settings(settings)?;
        if known.settings != *settings {
            events.push(Event::SessionSet { session: session.clone(), settings: settings.clone(), by });
        }
    }
    let settings = settings.unwrap_or(&known.settings);
    let mut warnings = Vec::new();
    for ticket in tickets {
        check(state, by, session, settings, ticket, &mut warnings)?;
    }
    let mut locals = BTreeSet::new();
    if let Some(twice) = tickets.iter().find(|ticket| ticket.local.as_ref().is_some_and(|id| !locals.insert(id))) {
        return Err(invalid(format!("{} is in the plan twice", called(twice))).hint("give each an id of its own"));
    }
    let order = in_order(tickets)?;
    let id_of = |index: usize| TicketId(board.last_ticket + 1 + index as u32);
    // Those that wait come first: so each one's rank is known when it is added, and no chain is gone up again and again.
    for index in order.into_iter().rev() {
        let ticket = &tickets[index];
        let new = ticket.after_new.iter().map(|(&other, &policy)| (id_of(other), policy));
        let after: BTreeMap<TicketId, OnUpstream> =
            ticket.after.iter().map(|(&id, &policy)| (id, policy)).chain(new).collect();
        let own = after.iter().filter(|(_, policy)| **policy != ticket.spec.on_upstream);
        let policies = own.map(|(&upstream, &on_upstream)| UpstreamPolicy { upstream, on_upstream }).collect();
        events.push(Event::TicketAdded {
            ticket: id_of(index),
            session: session.clone(),
            local: ticket.local.clone(),
            spec: Box::new(ticket.spec.clone()),
            after: after.into_keys().collect(),
            policies,
            by,
        });
    }
    warnings.truncate(WARNINGS_MAX);
    Ok((events, Answer::Added { tickets: (0..tickets.len()).map(id_of).collect(), warnings }))
}

fn called(ticket: &NewTicket) -> String {
    match &ticket.local {
        Some(local) => format!("ticket `{}`", clip(local, 80)),
        None => format!("ticket `{}`", clip(&ticket.spec.title, 80)),
    }
}

fn check(
    state: &Organisation,
    by: Party,
    session: &SessionName,
    settings: &SessionSettings,
    ticket: &NewTicket,
    warnings: &mut Vec<String>,
) -> Result<(), Refusal> {
    let board = &state.board;
    let who = called(ticket);
    for upstream in ticket.after.keys() {
        let Some(known) = board.tickets.get(upstream) else {
            let (was, hint) = match board.deleted.get(upstream) {
                Some(_) if board.deleted_done.contains(upstream) => ("was deleted", "it is merged: leave it out"),
                Some(_) => ("was deleted", "`legion check` lists the tickets"),
                None => ("does not exist", "`legion check` lists the tickets"),
            };
            return Err(not_found(format!("{who} is to come after {upstream}, which {was}")).hint(hint));
        };
        // It would never see that one's work: each session has a target of its own.
        if known.session != *session {
            return Err(invalid(format!("{who} is to come after {upstream}, which is in session `{}`", known.session))
                .hint(format!("dispatch it in session `{}`", known.session)));
        }
    }
    if ticket.after.len() + ticket.after_new.len() > AFTER_MAX {
        return Err(invalid(format!("{who} waits for more than {AFTER_MAX} tickets")));
    }
    check_spec(state, &who, &ticket.spec)?;
    if ticket.spec.worker.is_some_and(|worker| worker > settings.workers) {
        warnings.push(format!("{who} asks for a worker that the session does not have: any worker takes it"));
    }
    if ticket.spec.gates.is_empty() && settings.gates.is_empty() {
        warnings.push(format!("{who} has no gate: only those of the target's own configuration judge it"));
    }
    if let Some(driver) = ticket.spec.driver {
        // What its agent may not have is said now, and not when it begins.
        let order = HireOrder {
            agent: AgentId(uuid::Uuid::nil()),
            message: MessageId(uuid::Uuid::nil()),
            parent: by,
            task: ticket.spec.prompt.clone(),
            task_head: String::new(),
            task_bytes: 0,
            name: None,
            role: None,
            driver,
            command: ticket.spec.command.clone(),
            model: ticket.spec.model.clone(),
            cwd: Some("/".to_owned()),
            tools: None,
            permission_mode: None,
            containment: crate::containment::ContainmentAsk::default(),
            limits: Limits::default(),
            on_restart: crate::agent::OnRestart::Resume,
            files: Vec::new(),
        };
        crate::decide::hire_for_ticket(state, &crate::decide::TicketHire { order: &order, name: "ticket" })?;
    }
    Ok(())
}

/// A ticket's content by itself: at its adding, and when a retry changes it.
pub(super) fn check_spec(state: &Organisation, who: &str, spec: &TicketSpec) -> Result<(), Refusal> {
    let board = &state.board;
    let title = spec.title.trim();
    if title.is_empty() || spec.title.chars().count() > TITLE_CHARS_MAX || spec.title.chars().any(char::is_control) {
        return Err(invalid(format!(
            "{who} needs a title of 1 to {TITLE_CHARS_MAX} characters without control characters"
        )));
    }
    if spec.max_attempts == 0 || spec.max_attempts > ATTEMPTS_MAX {
        return Err(invalid(format!("{who} may have 1 to {ATTEMPTS_MAX} attempts, not {}", spec.max_attempts)));
    }
    if spec.timeout_s == 0 || spec.timeout_s > TIMEOUT_S_MAX {
        return Err(invalid(format!("{who} may take 1 to {TIMEOUT_S_MAX} seconds, not {}", spec.timeout_s)));
    }
    if spec.worker == Some(0) {
        return Err(invalid(format!("{who} asks for worker 0; workers are numbered from 1")));
    }
    for list in [&spec.criteria, &spec.files] {
        if list.len() > LIST_MAX || list.iter().any(|item| item.len() > ITEM_BYTES_MAX) {
            return Err(invalid(format!(
                "{who} has more than {LIST_MAX} criteria or files, or one of more than {ITEM_BYTES_MAX} bytes"
            )));
        }
    }
    for glob in &spec.files {
        check_glob(who, glob)?;
    }
    check_gates(who, &spec.gates)?;
    // Whether a checkpoint has a gate at all is seen when it is landed: the target's configuration may name them.
    if !spec.has_agent() && !spec.checkpoint {
        return Err(invalid(format!("{who} has nobody to work on it")).hint("name a driver"));
    }
    if let Some(team) = &spec.team {
        let Some(team) = board.team(team) else {
            let ids: Vec<String> = board.all_teams().into_iter().map(|team| team.id).collect();
            return Err(not_found(format!("{who} names the team `{}`, which does not exist", clip(team, 80)))
                .hint(format!("teams: {}", ids.join(", "))));
        };
        for role in team.roles.iter().filter_map(|role| board.role(role)).filter(|role| role.duty != Duty::Write) {
            let own_command = role.command.is_some();
            let driver = role.driver.or(spec.driver);
            if driver == Some(crate::driver::DriverKind::Command) && !own_command {
                return Err(invalid(format!(
                    "{who} is done by a program, and the role `{}` of team `{}` has no program of its own to judge it with",
                    role.id, team.id
                ))
                .hint(format!("`legion roles set {} --driver … [--command …]`, or `--team solo`", role.id)));
            }
        }
    }
    if let Some(role) = &spec.role
        && board.role(role).is_none()
    {
        let ids: Vec<String> = board.all_roles().into_iter().map(|role| role.id).collect();
        return Err(not_found(format!("{who} names the role `{}`, which does not exist", clip(role, 80)))
            .hint(format!("roles: {}", ids.join(", "))));
    }
    Ok(())
}

pub(super) fn check_gates(who: &str, gates: &[GateSpec]) -> Result<(), Refusal> {
    for gate in gates {
        if gate.command.trim().is_empty() || gate.command.contains('\0') || gate.command.len() > ITEM_BYTES_MAX {
            return Err(invalid(format!(
                "{who} has a gate whose command is empty, has a NUL, or is longer than {ITEM_BYTES_MAX} bytes"
            )));
        }
        if gate.timeout_s == 0 || gate.timeout_s > TIMEOUT_S_MAX {
            return Err(invalid(format!(
                "the gate `{}` of {who} may take 1 to {TIMEOUT_S_MAX} seconds",
                clip(&gate.name, 80)
            )));
        }
    }
    if gates.len() > LIST_MAX {
        return Err(invalid(format!("{who} has more than {LIST_MAX} gates")));
    }
    Ok(())
}

pub(super) fn check_glob(who: &str, glob: &str) -> Result<(), Refusal> {
    crate::glob::Glob::parse(glob)
        .map(|_| ())
        .map_err(|fault| invalid(format!("`{}` of {who} is not a pattern of files: {fault}", clip(glob, 200))))
}

/// Upstreams first. A cycle is named.
fn in_order(tickets: &[NewTicket]) -> Result<Vec<usize>, Refusal> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; tickets.len()];
    let mut order = Vec::with_capacity(tickets.len());
    for start in 0..tickets.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // Depth first, with a stack of our own: a chain may be as long as the plan.
        let mut stack = vec![(start, tickets[start].after_new.keys())];
        marks[start] = Mark::Open;
        while let Some((at, mut next)) = stack.pop() {
            let Some(&upstream) = next.next() else {
                marks[at] = Mark::Done;
                order.push(at);
                continue;
            };
            stack.push((at, next));
            if upstream >= tickets.len() {
                return Err(invalid(format!("{} waits for a ticket that is not in the plan", called(&tickets[at]))));
            }
            match marks[upstream] {
                Mark::Done => {}
                Mark::New => {
                    marks[upstream] = Mark::Open;
                    stack.push((upstream, tickets[upstream].after_new.keys()));
                }
                Mark::Open => {
                    let from = stack.iter().position(|(at, _)| *at == upstream).unwrap_or_default();
                    let mut names: Vec<String> = stack[from..].iter().map(|(at, _)| called(&tickets[*at])).collect();
                    names.push(called(&tickets[upstream]));
                    return Err(invalid(format!("tickets wait for each other: {}", clip(&names.join(" → "), 1_000))));
                }
            }
        }
    }
    Ok(order)
}
