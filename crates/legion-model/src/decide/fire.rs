//! Fire: the subtree below goes first, or is re-parented; then the agent.

use jiff::Timestamp;

use super::end::{EndOfRun, end_run};
use super::{Decision, gone};
use crate::approval::Verdict;
use crate::body::Body;
use crate::command::Answer;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, derived};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::process::StopReason;
use crate::run::{Outcome, Usage};

pub(crate) fn fire(state: &Organisation, by: Party, at: Timestamp, agent: AgentId, keep_reports: bool) -> Decision {
    let Some(top) = state.agents.get(&agent) else { return Err(gone(state, agent)) };
    let mut events = Vec::new();
    let mut kept = Vec::new();
    let mut fired = vec![agent];
    if keep_reports {
        let mut taken: Vec<String> =
            state.reports(top.parent).filter(|a| a.id != agent).map(|a| a.name.clone()).collect();
        for report in state.reports(agent.into()) {
            let name = super::hire::free_name(&report.name, |name| taken.iter().any(|other| other == name));
            taken.push(name.clone());
            events.push(Event::AgentReparented { agent: report.id, parent: top.parent, name });
            kept.push(report.id);
        }
    } else {
        fired.extend(state.subtree(agent.into()));
        fired.reverse();
    }
    for &id in &fired {
        fire_one(state, by, at, id, &fired, &mut events);
    }
    if by != top.parent && top.parent != Party::Root {
        events.push(notice(
            MessageId(derived(agent.0, "fired", 0)),
            agent.into(),
            &top.name,
            top.parent,
            format!("{} was fired by {}.", state.called(agent.into()), state.name(by)),
        ));
    }
    Ok((events, Answer::Fired { agents: fired, kept }))
}

fn fire_one(state: &Organisation, by: Party, at: Timestamp, id: AgentId, fired: &[AgentId], events: &mut Vec<Event>) {
    let Some(agent) = state.agents.get(&id) else { return };
    for approval in state.approvals.values().filter(|approval| approval.agent == id) {
        events.extend(super::settle_approval(
            state,
            approval.id,
            Verdict::Withdrawn,
            Some(by),
            Some("the agent was fired".to_owned()),
        ));
    }
    if agent.run.is_some() {
        let tell_parent = agent.parent.agent().is_none_or(|parent| !fired.contains(&parent));
        let end = EndOfRun {
            outcome: Outcome::Killed,
            result: Body::Text(String::new()),
            error: Some(format!("fired by {}", state.name(by))),
            exit_code: None,
            usage: Usage::default(),
            cost: None,
            cost_total: None,
            turns: None,
            return_unseen: false,
            seen: Vec::new(),
            tell_parent,
            by: Some(by),
        };
        events.extend(end_run(state, at, agent, end));
    }
    // What waits for it, or was on its way to it, cannot be delivered any more.
    let on_the_way = agent.run.iter().flat_map(|run| run.unseen.values().flatten());
    for message in agent.queue.iter().chain(on_the_way) {
        events.push(Event::MessageExpired { message: *message, reason: "the agent was fired".to_owned() });
        let Some(letter) = state.messages.get(message).filter(|letter| letter.kind == MessageKind::Tell) else {
            continue;
        };
        let sender_stays =
            letter.from.agent().is_none_or(|sender| !fired.contains(&sender) && state.agents.contains_key(&sender));
        if sender_stays && letter.from != by {
            events.push(notice(
                MessageId(derived(message.0, "undelivered", 0)),
                id.into(),
                &agent.name,
                letter.from,
                format!(
                    "Your message to {} was not delivered: the agent was fired. It said: {}",
                    state.called(id.into()),
                    crate::body::clip(letter.body.head(), 200)
                ),
            ));
        }
    }
    if let Some(process) = agent.process {
        events.push(Event::ProcessStopping { process, reason: StopReason::Fired });
    }
    events.push(Event::AgentFired { agent: id, by });
}

/// Something that a member should know. It opens no run of an agent by itself.
pub(crate) fn notice(message: MessageId, from: Party, from_name: &str, to: Party, text: String) -> Event {
    Event::MessageAccepted {
        message,
        from,
        from_name: from_name.to_owned(),
        to,
        message_kind: MessageKind::Notice,
        body: Body::Text(text),
        urgency: Urgency::WithNext,
        by: None,
        approval: None,
    }
}
