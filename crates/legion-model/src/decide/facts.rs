//! Facts that the outside reports: what shims and agent programs did.

use jiff::Timestamp;

use super::end::{EndOfRun, end_run};
use super::process_agent;
use crate::agent::{Agent, OnRestart};
use crate::approval::Verdict;
use crate::body::{Body, clip};
use crate::command::{Fact, Order};
use crate::event::Event;
use crate::ids::{ApprovalId, InjectionId, MessageId, Party, ProcessId, derived};
use crate::message::{MessageKind, Urgency};
use crate::money::MicroUsd;
use crate::organisation::Organisation;
use crate::process::{Exit, ProcessPhase, StopReason};
use crate::run::{Ending, Outcome, Run, TurnReport, Usage};

pub(super) fn process_started(state: &Organisation, process: ProcessId, pid: u32) -> Vec<Event> {
    match state.processes.get(&process) {
        Some(known) if known.phase == ProcessPhase::Starting => vec![Event::ProcessStarted { process, pid }],
        _ => Vec::new(),
    }
}

/// Facts read up to `offset`. What was read before is recorded already: it changes nothing.
pub(super) fn observed(
    state: &Organisation,
    at: Timestamp,
    process: ProcessId,
    offset: u64,
    facts: &[Fact],
) -> Vec<Event> {
    let Some(known) = state.processes.get(&process).filter(|known| offset > known.offset) else { return Vec::new() };
    let mut events = Vec::new();
    // Facts of one reading may build on each other: each is decided on the state that the one before it left.
    let mut after = std::borrow::Cow::Borrowed(state);
    for (index, fact) in facts.iter().enumerate() {
        let more = one_fact(&after, at, process, known.offset, index, fact);
        if more.is_empty() {
            continue;
        }
        if index + 1 < facts.len() {
            for event in &more {
                after.to_mut().apply(event, at);
            }
        }
        events.extend(more);
    }
    if !events.is_empty() {
        events.push(Event::ProcessRead { process, offset });
    }
    events
}

fn one_fact(
    state: &Organisation,
    at: Timestamp,
    process: ProcessId,
    base: u64,
    index: usize,
    fact: &Fact,
) -> Vec<Event> {
    // The agent may be fired while its process still speaks: nothing of that counts any more.
    let Some(agent) = process_agent(state, process) else { return Vec::new() };
    let run = agent.run.as_ref().filter(|run| run.process == process);
    match (fact, run) {
        (Fact::Seen(injection), Some(run)) if run.unseen.contains_key(injection) => {
            vec![Event::InjectionSeen { agent: agent.id, run: run.id, injection: *injection }]
        }
        (Fact::Seen(_), _) => Vec::new(),
        (Fact::TurnBegan, None) => vec![Event::RunOpened {
            agent: agent.id,
            run: agent.id.run(agent.runs + 1),
            number: agent.runs + 1,
            process,
            fresh: false,
            injection: None,
            messages: Vec::new(),
            deadline: deadline(agent, at),
        }],
        (Fact::TurnBegan, Some(_)) => Vec::new(),
        (Fact::TurnEnded(report), Some(run)) => turn_ended(state, at, agent, run, report),
        (Fact::TurnEnded(_), None) => Vec::new(),
        (Fact::ApprovalWanted { request, tool, input }, _) => {
            approval_asked(state, at, agent, process, base, index, request, tool, input)
        }
        (Fact::ApprovalWithdrawn { request }, _) => state
            .approvals
            .values()
            .filter(|open| open.process == process && open.request == *request)
            .flat_map(|open| {
                super::settle_approval(
                    state,
                    open.id,
                    Verdict::Withdrawn,
                    None,
                    Some("the agent no longer asks".to_owned()),
                )
            })
            .collect(),
    }
}

fn turn_ended(state: &Organisation, at: Timestamp, agent: &Agent, run: &Run, report: &TurnReport) -> Vec<Event> {
    let cost = turn_cost(state, agent, run, report);
    if !run.unseen.is_empty() {
        // The program has not taken up what was written, so this turn is not the answer to it: it was steered in too late for
        // this turn, or the program had begun the turn by itself. It goes on with the write in its next turn.
        return vec![Event::TurnNoted {
            agent: agent.id,
            run: run.id,
            usage: report.usage,
            cost,
            cost_total: report.cost_total,
            turns: report.turns,
        }];
    }
    let (outcome, error, by) = outcome_of_turn(run.ending.as_ref(), report.outcome, report.error.clone());
    let mut events = end_run(
        state,
        at,
        agent,
        EndOfRun {
            outcome,
            result: report.text.clone(),
            error,
            exit_code: report.exit_code,
            usage: report.usage,
            cost,
            cost_total: report.cost_total,
            turns: report.turns,
            return_unseen: true,
            seen: Vec::new(),
            tell_parent: true,
            by,
        },
    );
    if run.ending.as_ref().is_some_and(|ending| ending.stop) {
        // It was to be stopped with its process, and so it is.
        events.extend(stop(state, run.process, StopReason::Run));
    }
    events
}

/// Money of this turn: the step of the program's running total. Where the gateway knows better, the program is not asked.
fn turn_cost(state: &Organisation, agent: &Agent, run: &Run, report: &TurnReport) -> Option<MicroUsd> {
    if state.processes.get(&run.process).is_some_and(|process| process.metered) {
        return None;
    }
    let total = report.cost_total?;
    let before = match state.processes.get(&run.process).and_then(|process| process.cost_total) {
        Some(before) => before,
        None if report.cost_continues => agent.cost_reported.unwrap_or_default(),
        None => MicroUsd::default(),
    };
    Some(total.less(before))
}

/// What a turn's end is called when it was being ended from outside.
fn outcome_of_turn(
    ending: Option<&Ending>,
    reported: Outcome,
    error: Option<String>,
) -> (Outcome, Option<String>, Option<Party>) {
    match ending {
        // It got done before the interrupt reached it.
        Some(_) if reported == Outcome::Completed => (Outcome::Completed, error, None),
        Some(ending) => (ending.outcome, Some(ending.why.clone()), ending.by),
        None => (reported, error, None),
    }
}

#[expect(clippy::too_many_arguments, reason = "one place, and each is a different thing")]
fn approval_asked(
    state: &Organisation,
    at: Timestamp,
    agent: &Agent,
    process: ProcessId,
    base: u64,
    index: usize,
    request: &str,
    tool: &str,
    input: &Body,
) -> Vec<Event> {
    if state.approvals.values().any(|open| open.process == process && open.request == request) {
        return Vec::new();
    }
    let approval = ApprovalId(derived(process.0, &format!("approval/{request}"), base + index as u64));
    let message = MessageId(derived(approval.0, "message", 0));
    let deadline = after(at, state.bounds.approval_ms);
    let text = format!(
        "{} asks to use {tool}:\n{}\n\nlegion approve {approval}\nlegion deny {approval}\n\nIt is denied at {deadline}.",
        state.called(agent.id.into()),
        clip(input.head(), 2_000),
    );
    vec![
        Event::ApprovalAsked {
            approval,
            agent: agent.id,
            process,
            request: request.to_owned(),
            tool: tool.to_owned(),
            input: input.clone(),
            deadline,
            message,
        },
        Event::MessageAccepted {
            message,
            from: agent.id.into(),
            from_name: agent.name.clone(),
            to: Party::Root,
            message_kind: MessageKind::Approval,
            body: Body::Text(text),
            urgency: Urgency::Queue,
            by: None,
            approval: Some(approval),
        },
    ]
}

pub(super) fn approval_answered(state: &Organisation, approval: ApprovalId) -> Vec<Event> {
    match state.approvals.get(&approval) {
        Some(open) if open.verdict.is_some() => vec![Event::ApprovalAnswered { approval }],
        _ => Vec::new(),
    }
}

/// The process and its tree are gone: its run ends with it, unless it is to be taken up again.
pub(super) fn process_ended(state: &Organisation, at: Timestamp, order: &Order) -> Vec<Event> {
    let Order::ProcessEnded { process, offset, exit, seen, result, error, at_start } = order else { return Vec::new() };
    let Some(known) = state.processes.get(process) else { return Vec::new() };
    let mut events = Vec::new();
    let open = state.approvals.values().filter(|approval| approval.process == *process);
    for approval in open {
        events.extend(super::settle_approval(
            state,
            approval.id,
            Verdict::Withdrawn,
            None,
            Some("the agent's process ended".to_owned()),
        ));
    }
    if *offset > known.offset {
        events.push(Event::ProcessRead { process: *process, offset: *offset });
    }
    let ended = Event::ProcessEnded { process: *process, agent: known.agent, exit: exit.clone() };
    let agent = state.agents.get(&known.agent);
    let Some((agent, run)) =
        agent.and_then(|agent| Some((agent, agent.run.as_ref().filter(|run| run.process == *process)?)))
    else {
        events.push(ended);
        return events;
    };

    // What the program is proved to have is seen, whatever became of it. The rest waits again.
    let proved: Vec<InjectionId> = run.unseen.keys().copied().filter(|injection| seen.contains(injection)).collect();
    for &injection in &proved {
        events.push(Event::InjectionSeen { agent: agent.id, run: run.id, injection });
    }
    let took_all = run.unseen.keys().all(|injection| proved.contains(injection));
    if *at_start
        && agent.spec.on_restart == OnRestart::Resume
        && run.ending.is_none()
        && took_all
        && matches!(exit, Exit::Lost | Exit::Signal(_) | Exit::Orphaned)
    {
        events.push(ended);
        events.push(Event::RunResumed {
            agent: agent.id,
            run: run.id,
            process: agent.id.process(agent.processes + 1),
            injection: agent.id.injection(agent.injections + 1),
        });
        return events;
    }

    let (reported, why) = exit_outcome(agent, exit);
    let error = error.clone().or(why);
    let (outcome, error, by) = match &run.ending {
        // However its program takes a signal: an exit code of zero says nothing when it was told to end.
        Some(ending) => (ending.outcome, Some(ending.why.clone()), ending.by),
        None => (reported, error, None),
    };
    let exit_code = match exit {
        Exit::Code(code) => Some(*code),
        _ => None,
    };
    // A program that cannot be started is not tried again: the parent is told, and the message is given up.
    let unstartable = matches!(exit, Exit::NotStarted(_));
    let end = EndOfRun {
        outcome,
        result: result.clone(),
        error,
        exit_code,
        usage: Usage::default(),
        cost: None,
        cost_total: None,
        turns: None,
        return_unseen: !unstartable,
        seen: proved,
        tell_parent: true,
        by,
    };
    events.extend(end_run(state, at, agent, end));
    if unstartable {
        let lost = run.unseen.values().flatten();
        events.extend(lost.map(|message| Event::MessageExpired { message: *message, reason: exit.words() }));
    }
    events.push(ended);
    events
}

fn exit_outcome(agent: &Agent, exit: &Exit) -> (Outcome, Option<String>) {
    let converses = agent.spec.driver.capabilities().converses;
    match exit {
        Exit::Code(0) if !converses => (Outcome::Completed, None),
        Exit::Code(_) | Exit::NotStarted(_) => (Outcome::Failed, Some(exit.words())),
        Exit::Signal(_) | Exit::Lost | Exit::Orphaned => (Outcome::Killed, Some(exit.words())),
        Exit::OutputLimit | Exit::ResourceLimit(_) => (Outcome::Limit, Some(exit.words())),
    }
}

/// Marks a process as being stopped, once.
pub(super) fn stop(state: &Organisation, process: ProcessId, reason: StopReason) -> Vec<Event> {
    match state.processes.get(&process) {
        Some(known) if known.stopping.is_none() => vec![Event::ProcessStopping { process, reason }],
        _ => Vec::new(),
    }
}

/// When a run that begins now has to be done.
pub(crate) fn deadline(agent: &Agent, at: Timestamp) -> Option<Timestamp> {
    agent.spec.limits.seconds.map(|seconds| after(at, seconds.saturating_mul(1_000)))
}

/// A time later by so many milliseconds; the far future when that is out of range.
pub(crate) fn after(at: Timestamp, ms: u64) -> Timestamp {
    at.checked_add(std::time::Duration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}
