//! From the wire to what the model checks. Program lines are split into words here.

use legion_api::{self as api, PlanDuration, TextOrList};
use legion_model::plan::{PlanSpec, ProblemKind, SessionSpec, TicketFields, TicketSpec, UpstreamSpec};

/// A plan as it was read, with what the checks cannot see any more.
pub(crate) struct Read {
    pub(crate) spec: PlanSpec,
    pub(crate) problems: Vec<api::PlanProblem>,
    /// The plan itself says what is to be done about overlapping files.
    pub(crate) names_overlap: bool,
}

/// The fields that a ticket and the defaults of a plan have in common.
macro_rules! fields {
    ($from:ident, $label:expr, $ticket:expr, $problems:ident) => {
        TicketFields {
            context: $from.context,
            criteria: $from.criteria.map(TextOrList::into_list),
            checkpoint: $from.checkpoint,
            gate: $from.gate.map(TextOrList::into_list),
            gate_timeout_seconds: $from.gate_timeout.map(seconds),
            files: $from.files,
            plan: $from.plan,
            team: $from.team,
            role: $from.role,
            group: $from.group,
            worker: $from.worker,
            driver: $from.driver,
            command: $from.command.map(|command| match words(command) {
                Ok(words) => words,
                Err(why) => {
                    $problems.push(api::PlanProblem {
                        kind: ProblemKind::Command.as_str().to_owned(),
                        ticket: $ticket,
                        text: format!("{}: {why}", $label),
                    });
                    // Something in its place, so that it is not missed, too.
                    vec!["false".to_owned()]
                }
            }),
            model: $from.model,
            max_attempts: $from.max_attempts,
            timeout_seconds: $from.timeout.map(seconds),
            on_upstream: $from.on_upstream,
        }
    };
}

pub(crate) fn plan(plan: api::Plan) -> Read {
    let mut problems = Vec::new();
    let session = plan.session.unwrap_or_default();
    let names_overlap = session.overlap.is_some();
    let defaults = plan.defaults.unwrap_or_default();
    let defaults = fields!(defaults, "[defaults]", None, problems);
    let tickets = plan.ticket.into_iter().map(|wire| ticket(wire, &mut problems)).collect();
    let session = SessionSpec {
        name: session.name,
        target: session.target,
        from: session.from,
        workers: session.workers,
        overlap: session.overlap,
        protect: session.protect.unwrap_or_default(),
        group_caps: session.group_caps.unwrap_or_default(),
    };
    Read { spec: PlanSpec { session, defaults, tickets }, problems, names_overlap }
}

/// A ticket alone, as a plan with nothing else in it. Its `after` is not part of it: it names tickets that are there already.
pub(crate) fn one(request: api::DispatchRequest, key: &str) -> Read {
    let mut problems = Vec::new();
    let wire = api::PlanTicket {
        id: key.into(),
        title: request.title,
        prompt: request.prompt,
        after: Vec::new(),
        context: request.context,
        criteria: request.criteria,
        checkpoint: Some(request.checkpoint),
        gate: request.gate,
        gate_timeout: request.gate_timeout,
        files: request.files,
        plan: request.plan,
        team: request.team,
        role: request.role,
        group: request.group,
        worker: request.worker,
        driver: request.driver,
        command: request.command,
        model: request.model,
        max_attempts: request.max_attempts,
        timeout: request.timeout,
        on_upstream: request.on_upstream,
    };
    let tickets = vec![ticket(wire, &mut problems)];
    Read { spec: PlanSpec { tickets, ..PlanSpec::default() }, problems, names_overlap: false }
}

fn ticket(wire: api::PlanTicket, problems: &mut Vec<api::PlanProblem>) -> TicketSpec {
    let key = wire.id.0;
    TicketSpec {
        title: wire.title,
        prompt: wire.prompt,
        after: wire.after.into_iter().map(upstream).collect(),
        fields: fields!(wire, format!("ticket `{key}`"), Some(key.clone()), problems),
        key,
    }
}

fn upstream(wire: api::PlanUpstream) -> UpstreamSpec {
    UpstreamSpec { key: wire.id.0, on_upstream: wire.on_upstream }
}

fn seconds(duration: PlanDuration) -> u64 {
    duration.seconds
}

/// The words of a program: a line is split as a shell would, a list is taken as it is.
pub(crate) fn words(command: TextOrList) -> Result<Vec<String>, String> {
    let words = match command {
        TextOrList::List(words) => words,
        TextOrList::Text(line) => shlex::split(&line).ok_or_else(|| {
            let shown: String = line.chars().take(200).collect();
            format!("its `command` `{}` has an open quote or ends in a backslash", shown.escape_debug())
        })?,
    };
    if words.first().is_none_or(|program| program.is_empty()) || words.iter().any(|word| word.contains('\0')) {
        return Err("its `command` names no program, or has a NUL".to_owned());
    }
    Ok(words)
}
