//! One order after the other: who decides it.

use jiff::Timestamp;

use super::{facts, fire, hire, inbox, interrupt, metered, tell, time, wait};
use crate::authority;
use crate::command::{Answer, Command, Order};
use crate::event::Event;
use crate::ids::{AgentId, ApprovalId, Party, ProcessId};
use crate::organisation::Organisation;
use crate::process::StopReason;
use crate::refusal::{Refusal, RefusalKind};
use crate::run::Outcome;

/// What a decision gives: events in order, and the caller's answer.
pub(crate) type Decision = Result<(Vec<Event>, Answer), Refusal>;

pub(crate) fn decide(state: &Organisation, command: &Command, at: Timestamp) -> Decision {
    let by = command.by;
    if let Party::Agent(caller) = by
        && !state.agents.contains_key(&caller)
    {
        return Err(gone(state, caller));
    }
    authority::check(state, by, &command.order)?;
    match &command.order {
        Order::OpenProject { project, path } => Ok(match state.project {
            Some(_) => (Vec::new(), Answer::Done),
            None => (vec![Event::ProjectOpened { project: *project, path: path.clone() }], Answer::Done),
        }),
        Order::StartService => Ok((vec![Event::ServiceStarted], Answer::Done)),
        Order::Hire(hire) => hire::hire(state, by, hire),
        Order::Tell { message, to, body, bytes, now, deadline } => tell::tell(
            state,
            by,
            at,
            &tell::Letter { message: *message, to: *to, body, bytes: *bytes, now: *now, deadline: *deadline },
        ),
        Order::Interrupt { agent, message, body, bytes } => {
            interrupt::interrupt(state, by, *agent, *message, body.as_ref(), *bytes)
        }
        Order::InterruptAll => interrupt::interrupt_all(state, by),
        Order::Fire { agent, keep_reports } => fire::fire(state, by, at, *agent, *keep_reports),
        Order::Ack { messages } => inbox::ack(state, by, messages.as_deref()),
        Order::Decide { approval, verdict, reason } => {
            inbox::decide_approval(state, by, *approval, *verdict, reason.clone())
        }
        Order::BeginWait { waiter, target } => wait::begin(state, *waiter, *target),
        Order::EndWait { waiter, target } => Ok((wait::end(state, *waiter, *target), Answer::Done)),
        Order::Audit(entry) => Ok((vec![entry.event()], Answer::Done)),
        Order::Tickets(order) => crate::tickets::decide(state, by, at, order),
        Order::StopAll => Ok((stop_all(state), Answer::Done)),
        Order::ProcessStarted { process, pid } => Ok((facts::process_started(state, *process, *pid), Answer::Done)),
        Order::Observed { process, offset, facts } => {
            Ok((facts::observed(state, at, *process, *offset, facts), Answer::Done))
        }
        Order::ProcessEnded { .. } => Ok((facts::process_ended(state, at, &command.order), Answer::Done)),
        Order::ApprovalAnswered { approval } => Ok((facts::approval_answered(state, *approval), Answer::Done)),
        Order::ProcessMetered { process } => Ok((metered::process(state, *process), Answer::Done)),
        Order::AgentMetered { agent, run, total } => Ok((metered::agent(state, *agent, *run, *total), Answer::Done)),
        Order::MoneyUsedUp { agent, run, why } => Ok((metered::used_up(state, *agent, *run, why), Answer::Done)),
        order => Ok((time::due(state, at, order), Answer::Done)),
    }
}

/// The refusal for an agent that is not there.
pub(crate) fn gone(state: &Organisation, agent: AgentId) -> Refusal {
    match state.fired.get(&agent) {
        Some(name) => Refusal::new(RefusalKind::NotFound, format!("agent `{name}` ({agent}) was fired"))
            .hint("hire a new agent; `legion tree` lists those that are there"),
        None => Refusal::new(RefusalKind::NotFound, format!("no agent has the id {agent}"))
            .hint("`legion tree` lists the agents"),
    }
}

/// Ends all runs and stops all processes: the service goes down.
fn stop_all(state: &Organisation) -> Vec<Event> {
    let mut events = vec![Event::ServiceStopping];
    for process in state.processes.values() {
        let run = state.agents.get(&process.agent).and_then(|agent| agent.run.as_ref());
        if let Some(run) = run.filter(|run| run.process == process.id && run.ending.as_ref().is_none_or(|e| !e.stop)) {
            events.push(Event::RunEnding {
                agent: process.agent,
                run: run.id,
                outcome: Outcome::Interrupted,
                why: "the service went down".to_owned(),
                by: Some(Party::Root),
                stop: true,
            });
        }
        if process.stopping.is_none() {
            events.push(Event::ProcessStopping { process: process.id, reason: StopReason::Down });
        }
    }
    events
}

/// The process and the agent of an open run on it.
pub(crate) fn process_agent(state: &Organisation, process: ProcessId) -> Option<&crate::agent::Agent> {
    state.processes.get(&process).and_then(|process| state.agents.get(&process.agent))
}

/// Decides an open approval, and settles its message in the person's inbox.
pub(crate) fn settle_approval(
    state: &Organisation,
    approval: ApprovalId,
    verdict: crate::approval::Verdict,
    by: Option<Party>,
    reason: Option<String>,
) -> Vec<Event> {
    let Some(open) = state.approvals.get(&approval).filter(|open| open.verdict.is_none()) else { return Vec::new() };
    vec![Event::ApprovalDecided { approval, verdict, by, reason }, Event::MessageAcked { message: open.message }]
}
