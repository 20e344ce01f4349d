//! Everything that is wrong with a plan, at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::driver::DriverKind;
use crate::glob::Glob;
use crate::graph::Graph;
use crate::tickets::OnUpstream;

use super::bounds::*;
use super::checked::{CheckedPlan, CheckedTicket};
use super::merge::merge;
use super::nearest::nearest;
use super::overlap;
use super::phrase::{NAMES_SHOWN, listed, quoted};
use super::problem::{PlanProblem, ProblemKind, Problems};
use super::session::check_session;
use super::size::text_bytes;
use super::spec::{PlanSpec, TicketFields, TicketSpec, UpstreamSpec};
use super::ticket::{GlobRoom, Teller, check_fields, check_own, is_blank, label};
use super::warnings::warnings;
use super::words::{self, driver};

/// What is known of the project that the plan is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The session or the repository's configuration has gates: a ticket needs none of its own.
    pub has_gates: bool,
    /// Ids of all teams, and of all roles. Not checked when absent.
    pub teams: Option<Vec<String>>,
    pub roles: Option<Vec<String>>,
}

/// Unknown ids for which a similar one is looked for: each means a look at all ids.
const SUGGESTIONS_MAX: usize = 32;

/// Checks a plan. The problems are those of the session, of each ticket, and of the graph, circles last; at most [`PROBLEMS_MAX`],
/// and then how many more.
pub fn check(plan: &PlanSpec, known: &Known) -> Result<CheckedPlan, Vec<PlanProblem>> {
    let mut problems = Problems::default();
    let (session_name, protect) = check_session(&plan.session, &mut problems);
    let files = check_tickets(plan, known, &mut problems);
    let graph = check_graph(&plan.tickets, &mut problems);
    let (Some(files), Some((graph, policies)), true) = (files, graph, problems.is_empty()) else {
        return Err(problems.told());
    };
    let tickets = plan.tickets.iter().zip(files).zip(policies);
    let tickets: Vec<CheckedTicket> =
        tickets.map(|((ticket, files), policies)| merge(ticket, &plan.defaults, files, policies)).collect();
    let files: Vec<&[Glob]> = tickets.iter().map(|ticket| ticket.files.as_slice()).collect();
    let found = overlap::find(&files, &graph);
    let warnings = warnings(plan, &tickets, &graph, &found);
    Ok(CheckedPlan {
        session_name,
        target: plan.session.target.clone(),
        from: plan.session.from.clone(),
        workers: plan.session.workers,
        overlap: plan.session.overlap.as_deref().and_then(words::overlap).unwrap_or_default(),
        protect,
        group_caps: plan.session.group_caps.clone(),
        tickets,
        graph,
        overlaps: found.overlaps,
        warnings,
    })
}

/// Checks the tickets and the defaults; returns the globs of each ticket, or nothing when there are too many tickets to look at.
fn check_tickets(plan: &PlanSpec, known: &Known, problems: &mut Problems) -> Option<Vec<Vec<Glob>>> {
    let mut room = GlobRoom { left: Some(GLOBS_BYTES_MAX) };
    let mut teller = Teller { label: "[defaults]".to_owned(), ticket: None, problems };
    let default_files = check_fields(&plan.defaults, &mut room, &mut teller);
    if plan.tickets.is_empty() {
        problems.push(ProblemKind::Empty, None, "the plan has no ticket; write at least one `[[ticket]]`".to_owned());
    }
    if plan.tickets.len() > TICKETS_MAX {
        let count = plan.tickets.len();
        let sentence =
            format!("the plan has {count} tickets; it may have at most {TICKETS_MAX}, so cut it into several plans");
        problems.push(ProblemKind::TooManyTickets, None, sentence);
        return None;
    }
    let bytes = text_bytes(plan);
    if bytes > PLAN_BYTES_MAX {
        let (all, limit) = (bytes / (1024 * 1024), PLAN_BYTES_MAX / (1024 * 1024));
        let sentence = format!(
            "the plan's texts come to {all} MiB with `[defaults]` in each ticket; they may have at most {limit} MiB"
        );
        problems.push(ProblemKind::Limit, None, sentence);
    }
    let mut files = Vec::with_capacity(plan.tickets.len());
    for (at, ticket) in plan.tickets.iter().enumerate() {
        let mut teller = teller_of(ticket, at, problems);
        check_own(ticket, &mut teller);
        let own_files = check_fields(&ticket.fields, &mut room, &mut teller);
        files.push(match ticket.fields.files {
            Some(_) => own_files,
            None => default_files.iter().take_while(|glob| room.take(glob)).cloned().collect(),
        });
        check_merged(ticket, &plan.defaults, known, &mut teller);
    }
    if room.left.is_none() {
        let mebibytes = GLOBS_BYTES_MAX / (1024 * 1024);
        let sentence = format!(
            "the globs in `files` of all tickets come to more than {mebibytes} MiB with their braces written out; write shorter ones"
        );
        problems.push(ProblemKind::Limit, None, sentence);
    }
    Some(files)
}

/// Of those that a ticket waits for, by their places: the ones that have a policy of their own.
type Policies = BTreeMap<usize, OnUpstream>;

/// Checks who waits for whom; returns the graph of what exists, if it has no circles, and the policies of each ticket.
fn check_graph(tickets: &[TicketSpec], problems: &mut Problems) -> Option<(Graph, Vec<Policies>)> {
    if tickets.len() > TICKETS_MAX {
        return None;
    }
    let places = places(tickets, problems);
    let (upstream, policies) = upstream(tickets, &places, problems);
    match Graph::new(upstream) {
        Ok(graph) => Some((graph, policies)),
        Err(circles) => {
            for circle in circles {
                tell_circle(tickets, &circle, problems);
            }
            None
        }
    }
}

fn teller_of<'a>(ticket: &TicketSpec, at: usize, problems: &'a mut Problems) -> Teller<'a> {
    let key = Some(ticket.key.clone()).filter(|key| !key.is_empty());
    Teller { label: label(&ticket.key, at), ticket: key, problems }
}

/// The place of each key. Of tickets with the same key the first one has it.
fn places<'a>(tickets: &'a [TicketSpec], problems: &mut Problems) -> HashMap<&'a str, usize> {
    let mut places = HashMap::with_capacity(tickets.len());
    let mut told = HashSet::new();
    for (at, ticket) in tickets.iter().enumerate() {
        let key = ticket.key.as_str();
        let first = *places.entry(key).or_insert(at);
        if first != at && !key.is_empty() && told.insert(key) {
            let name = quoted(key);
            let sentence = format!(
                "ticket {name}: tickets number {} and {} both have this `id`; ids must differ",
                first + 1,
                at + 1
            );
            problems.push(ProblemKind::DuplicateKey, Some(key.to_owned()), sentence);
        }
    }
    places
}

/// Checks what a ticket says itself together with the defaults.
fn check_merged(ticket: &TicketSpec, defaults: &TicketFields, known: &Known, teller: &mut Teller<'_>) {
    let own = &ticket.fields;
    let gates = own.gate.as_ref().or(defaults.gate.as_ref()).is_some_and(|gate| !gate.is_empty());
    let criteria = own.criteria.as_ref().or(defaults.criteria.as_ref());
    let criteria = criteria.is_some_and(|criteria| criteria.iter().any(|text| !is_blank(Some(text))));
    if own.checkpoint.or(defaults.checkpoint).unwrap_or_default() {
        if !gates && !known.has_gates {
            teller.tell(
                ProblemKind::NoGate,
                "a checkpoint needs a gate: give it, `[defaults]` or the repository's legion.toml a command such as \"cargo test\"",
            );
        }
    } else if !gates && !criteria && !known.has_gates {
        teller
            .tell(ProblemKind::NoCriteria, "it has neither `criteria` nor `gate`, so nothing can tell when it is done");
    }
    let command = own.command.is_some() || defaults.command.is_some();
    match own.driver.as_deref().or(defaults.driver.as_deref()).and_then(driver) {
        Some(DriverKind::Command) if !command => {
            teller.tell(ProblemKind::Command, "its driver is `command`, but it has no `command`");
        }
        Some(DriverKind::Claude) if own.command.is_some() => {
            teller.tell(ProblemKind::Command, "its driver is `claude`, which takes no `command`");
        }
        _ => {}
    }
    for (field, name, all) in [
        ("team", own.team.as_ref().or(defaults.team.as_ref()), &known.teams),
        ("role", own.role.as_ref().or(defaults.role.as_ref()), &known.roles),
    ] {
        if let (Some(name), Some(all)) = (name, all)
            && !all.contains(name)
        {
            let valid = listed(all.iter().map(String::as_str), all.len(), NAMES_SHOWN);
            teller.tell(ProblemKind::Word, format!("there is no {field} {}; there is {valid}", quoted(name)));
        }
    }
}

/// For each ticket the places of those that it waits for, and their policies. What does not exist is told and left out.
fn upstream(
    tickets: &[TicketSpec],
    places: &HashMap<&str, usize>,
    problems: &mut Problems,
) -> (Vec<Vec<usize>>, Vec<Policies>) {
    let mut suggestions = 0;
    let mut upstream = Vec::with_capacity(tickets.len());
    let mut policies = Vec::with_capacity(tickets.len());
    for (at, ticket) in tickets.iter().enumerate() {
        let mut teller = teller_of(ticket, at, problems);
        if ticket.after.len() > AFTER_MAX {
            let count = ticket.after.len();
            let what =
                format!("`after` names {count} tickets; it may name at most {AFTER_MAX}, so put checkpoints between");
            teller.tell(ProblemKind::Limit, what);
        }
        let mut above = Vec::with_capacity(ticket.after.len());
        let mut told = HashSet::new();
        for UpstreamSpec { key: name, .. } in &ticket.after {
            match places.get(name.as_str()) {
                Some(place) if *name != ticket.key => above.push(*place),
                _ if !told.insert(name) => {}
                Some(_) => teller.tell(ProblemKind::AfterItself, "it waits for itself in `after`"),
                None => {
                    let others = tickets.iter().map(|other| other.key.as_str()).filter(|other| *other != ticket.key);
                    suggestions += 1;
                    let similar = if suggestions <= SUGGESTIONS_MAX { nearest(name, others) } else { None };
                    let hint =
                        similar.map(|similar| format!("; did you mean {}?", quoted(similar))).unwrap_or_default();
                    let name = quoted(name);
                    teller.tell(
                        ProblemKind::UnknownUpstream,
                        format!("`after` names {name}, but no ticket has that `id`{hint}"),
                    );
                }
            }
        }
        upstream.push(above);
        policies.push(check_policies(ticket, places, &mut teller));
    }
    (upstream, policies)
}

/// What is said beside a ticket in `after`: a known word, and one only.
fn check_policies(ticket: &TicketSpec, places: &HashMap<&str, usize>, teller: &mut Teller<'_>) -> Policies {
    if ticket.after.iter().all(|upstream| upstream.on_upstream.is_none()) {
        return Policies::new();
    }
    let (mut said, mut told) = (HashMap::new(), HashSet::new());
    let mut policies = Policies::new();
    for UpstreamSpec { key, on_upstream } in &ticket.after {
        if *said.entry(key).or_insert(on_upstream) != on_upstream && told.insert(key) {
            let what = format!("`after` names {} twice, and not with the same `on_upstream`", quoted(key));
            teller.tell(ProblemKind::Word, what);
        }
        let Some(word) = on_upstream else { continue };
        match (words::on_upstream(word), places.get(key.as_str())) {
            (Some(policy), Some(place)) => _ = policies.insert(*place, policy),
            (Some(_), None) => {}
            (None, _) => teller.tell(
                ProblemKind::Word,
                format!(
                    "`on_upstream` of {} in `after` is {}; it must be `skip`, `fail` or `wait`",
                    quoted(key),
                    quoted(word)
                ),
            ),
        }
    }
    policies
}

fn tell_circle(tickets: &[TicketSpec], circle: &[usize], problems: &mut Problems) {
    let key = |at: &usize| tickets[*at].key.as_str();
    let first = circle.first().map(key).unwrap_or_default();
    let mut names: Vec<String> = circle.iter().take(NAMES_SHOWN).map(|at| quoted(key(at))).collect();
    if circle.len() > NAMES_SHOWN {
        names.push(format!("({} more)", circle.len() - NAMES_SHOWN));
    }
    names.push(quoted(first));
    let way = names.join(" → ");
    let sentence =
        format!("ticket {}: tickets wait for each other in a circle, so none can start: {way}", quoted(first));
    problems.push(ProblemKind::Circle, Some(first.to_owned()), sentence);
}
