//! Everything that is wrong with a plan, at once.

use std::collections::{HashMap, HashSet};

use crate::driver::DriverKind;
use crate::glob::Glob;
use crate::graph::Graph;

use super::bounds::*;
use super::checked::{CheckedPlan, CheckedTicket};
use super::nearest::nearest;
use super::overlap::{self, Found};
use super::phrase::{listed, quoted};
use super::problem::{PlanProblem, PlanWarning, ProblemKind, WarningKind};
use super::session::check_session;
use super::size::text_bytes;
use super::spec::{PlanSpec, TicketFields, TicketSpec};
use super::ticket::{GlobRoom, Teller, check_fields, check_own, is_blank, label};
use super::words::{self, driver};

/// What is known of the project that the plan is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The repository's configuration has gates: a checkpoint needs none of its own.
    pub has_gates: bool,
    /// Ids of all teams, and of all roles. Not checked when absent.
    pub teams: Option<Vec<String>>,
    pub roles: Option<Vec<String>>,
}

/// Unknown ids for which a similar one is looked for: each means a look at all ids.
const SUGGESTIONS_MAX: usize = 32;

/// Names that one sentence lists.
const NAMES_SHOWN: usize = 12;

/// Checks a plan. The problems come in the order of the plan, circles last; at most [`PROBLEMS_MAX`], and then how many more.
pub fn check(plan: &PlanSpec, known: &Known) -> Result<CheckedPlan, Vec<PlanProblem>> {
    let mut problems = Vec::new();
    let (session_name, protect) = check_session(&plan.session, &mut problems);
    let mut room = GlobRoom { left: Some(GLOBS_BYTES_MAX) };
    let mut teller = Teller { label: "[defaults]".to_owned(), ticket: None, problems: &mut problems };
    let default_files = check_fields(&plan.defaults, &mut room, &mut teller);
    if plan.tickets.is_empty() {
        let sentence = "the plan has no ticket; write at least one `[[ticket]]`".to_owned();
        problems.push(PlanProblem { kind: ProblemKind::Empty, ticket: None, sentence });
    }
    if plan.tickets.len() > TICKETS_MAX {
        let count = plan.tickets.len();
        let sentence =
            format!("the plan has {count} tickets; it may have at most {TICKETS_MAX}, so cut it into several plans");
        problems.push(PlanProblem { kind: ProblemKind::TooManyTickets, ticket: None, sentence });
        return Err(problems);
    }
    let bytes = text_bytes(plan);
    if bytes > PLAN_BYTES_MAX {
        let (all, limit) = (bytes / (1024 * 1024), PLAN_BYTES_MAX / (1024 * 1024));
        let sentence = format!(
            "the plan's texts come to {all} MiB with `[defaults]` in each ticket; they may have at most {limit} MiB"
        );
        problems.push(PlanProblem { kind: ProblemKind::Limit, ticket: None, sentence });
    }
    let places = places(&plan.tickets, &mut problems);
    let mut files = Vec::with_capacity(plan.tickets.len());
    for (at, ticket) in plan.tickets.iter().enumerate() {
        let key = Some(ticket.key.clone()).filter(|key| !key.is_empty());
        let mut teller = Teller { label: label(&ticket.key, at), ticket: key, problems: &mut problems };
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
        problems.push(PlanProblem { kind: ProblemKind::Limit, ticket: None, sentence });
    }
    let upstream = upstream(&plan.tickets, &places, &mut problems);
    let graph = match Graph::new(upstream) {
        Ok(graph) => graph,
        Err(circles) => {
            problems.extend(circles.iter().map(|circle| circle_problem(&plan.tickets, circle)));
            return Err(bounded(problems));
        }
    };
    if !problems.is_empty() {
        return Err(bounded(problems));
    }
    let tickets: Vec<CheckedTicket> =
        plan.tickets.iter().zip(files).map(|(ticket, files)| merge(ticket, &plan.defaults, files)).collect();
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

/// The place of each key. Of tickets with the same key the first one has it.
fn places<'a>(tickets: &'a [TicketSpec], problems: &mut Vec<PlanProblem>) -> HashMap<&'a str, usize> {
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
            problems.push(PlanProblem { kind: ProblemKind::DuplicateKey, ticket: Some(key.to_owned()), sentence });
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
    } else if !gates && !criteria {
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

/// For each ticket the places of those that it waits for. What does not exist is told and left out.
fn upstream(tickets: &[TicketSpec], places: &HashMap<&str, usize>, problems: &mut Vec<PlanProblem>) -> Vec<Vec<usize>> {
    let mut suggestions = 0;
    let mut upstream = Vec::with_capacity(tickets.len());
    for (at, ticket) in tickets.iter().enumerate() {
        let key = Some(ticket.key.clone()).filter(|key| !key.is_empty());
        let mut teller = Teller { label: label(&ticket.key, at), ticket: key, problems };
        if ticket.after.len() > AFTER_MAX {
            let count = ticket.after.len();
            let what =
                format!("`after` names {count} tickets; it may name at most {AFTER_MAX}, so put checkpoints between");
            teller.tell(ProblemKind::Limit, what);
        }
        let mut above = Vec::with_capacity(ticket.after.len());
        let mut told = HashSet::new();
        for name in &ticket.after {
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
    }
    upstream
}

fn circle_problem(tickets: &[TicketSpec], circle: &[usize]) -> PlanProblem {
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
    PlanProblem { kind: ProblemKind::Circle, ticket: Some(first.to_owned()), sentence }
}

fn bounded(mut problems: Vec<PlanProblem>) -> Vec<PlanProblem> {
    if problems.len() > PROBLEMS_MAX {
        let more = problems.len() - PROBLEMS_MAX;
        problems.truncate(PROBLEMS_MAX);
        let sentence = format!("the plan has {more} problems more");
        problems.push(PlanProblem { kind: ProblemKind::More, ticket: None, sentence });
    }
    problems
}

/// A ticket without problems, with the defaults merged in.
fn merge(ticket: &TicketSpec, defaults: &TicketFields, files: Vec<Glob>) -> CheckedTicket {
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
            .and_then(words::on_upstream)
            .unwrap_or_default(),
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

fn warnings(plan: &PlanSpec, tickets: &[CheckedTicket], graph: &Graph, found: &Found) -> Vec<PlanWarning> {
    let mut warnings: Vec<PlanWarning> = Vec::new();
    let mut warn = |kind, sentence| warnings.push(PlanWarning { kind, sentence });
    overlap::sentences(tickets, found).into_iter().for_each(|sentence| warn(WarningKind::Overlap, sentence));
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = |ticket: &CheckedTicket| ticket.prompt.len() + length(&ticket.context) + length(&ticket.plan);
    let long: Vec<&CheckedTicket> = tickets.iter().filter(|ticket| bytes(ticket) > PROMPT_BYTES_WARN).collect();
    if let Some(longest) = long.iter().map(|ticket| bytes(ticket)).max() {
        let names = listed(long.iter().map(|ticket| ticket.key.as_str()), long.len(), NAMES_SHOWN);
        let (limit, longest) = (PROMPT_BYTES_WARN / 1024, longest / 1024);
        warn(
            WarningKind::LongPrompt,
            format!(
                "prompt, context and plan have more than {limit} KiB (up to {longest} KiB) in {names}; agents work better with names of files to read"
            ),
        );
    }
    let (depth, count) = (graph.levels().len(), tickets.len());
    if depth >= CHAIN_WARN && depth * 2 > count {
        warn(
            WarningKind::Chain,
            format!(
                "{depth} of {count} tickets form one chain; more workers will not make it faster, fewer `after` would"
            ),
        );
    }
    let lonely = |at: &usize| tickets[*at].checkpoint && graph.upstream(*at).is_empty();
    let lonely: Vec<usize> = (0..count).filter(lonely).collect();
    if !lonely.is_empty() {
        let names = listed(lonely.iter().map(|at| tickets[*at].key.as_str()), lonely.len(), NAMES_SHOWN);
        warn(
            WarningKind::Checkpoint,
            format!("no `after` in checkpoint {names}; it checks what is there before anything is done"),
        );
    }
    let groups: HashSet<&str> = tickets.iter().filter_map(|ticket| ticket.group.as_deref()).collect();
    let unused: Vec<&str> =
        plan.session.group_caps.keys().map(String::as_str).filter(|group| !groups.contains(group)).collect();
    if !unused.is_empty() {
        let names = listed(unused.iter().copied(), unused.len(), NAMES_SHOWN);
        warn(WarningKind::Group, format!("`group_caps` has {names}, but no ticket is in such a group"));
    }
    if let Some(workers) = plan.session.workers {
        let without = |ticket: &&CheckedTicket| ticket.worker.is_some_and(|worker| worker > workers);
        let without: Vec<&CheckedTicket> = tickets.iter().filter(without).collect();
        if !without.is_empty() {
            let names = listed(without.iter().map(|ticket| ticket.key.as_str()), without.len(), NAMES_SHOWN);
            warn(WarningKind::Worker, format!("the session has {workers} workers; any of them takes {names}"));
        }
    }
    warnings
}
