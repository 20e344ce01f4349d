//! Acknowledging messages, and deciding permission requests.

use super::Decision;
use crate::approval::Verdict;
use crate::command::Answer;
use crate::event::Event;
use crate::ids::{ApprovalId, MessageId, Party};
use crate::message::MessageState;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};

pub(super) fn ack(state: &Organisation, by: Party, messages: Option<&[MessageId]>) -> Decision {
    let ready = |message: &crate::message::Message| {
        // What is being written to an agent is settled by its run; an open approval by its decision.
        message.state == MessageState::Accepted
            && message.approval.is_none_or(|id| state.approvals.get(&id).is_none_or(|a| a.verdict.is_some()))
    };
    let chosen: Vec<MessageId> = match messages {
        None => state.inbox(by).into_iter().filter(|message| ready(message)).map(|message| message.id).collect(),
        Some(ids) => {
            let mut chosen = Vec::new();
            for id in ids {
                let Some(message) = state.messages.get(id).filter(|message| message.to == by) else {
                    return Err(Refusal::new(RefusalKind::NotFound, format!("no message {id} is in this inbox")));
                };
                if message.is_settled() {
                    continue;
                }
                if !ready(message) {
                    return Err(Refusal::new(RefusalKind::Conflict, format!("message {id} cannot be acknowledged now"))
                        .hint("decide an approval with `legion approve` or `legion deny`; a message that is being delivered is settled by the run"));
                }
                chosen.push(*id);
            }
            chosen.sort();
            chosen.dedup();
            chosen
        }
    };
    let count = chosen.len() as u32;
    Ok((chosen.into_iter().map(|message| Event::MessageAcked { message }).collect(), Answer::Acked { messages: count }))
}

pub(super) fn decide_approval(
    state: &Organisation,
    by: Party,
    approval: ApprovalId,
    verdict: Verdict,
    reason: Option<String>,
) -> Decision {
    let Some(open) = state.approvals.get(&approval) else {
        return Err(Refusal::new(RefusalKind::NotFound, format!("no permission request {approval} is open")).hint(
            "it may have been decided, withdrawn, or denied at its deadline; `legion inbox` lists the open ones",
        ));
    };
    if let Some((decided, _)) = &open.verdict {
        return Err(Refusal::new(
            RefusalKind::Conflict,
            format!("the permission request {approval} was decided already: {decided:?}"),
        ));
    }
    Ok((super::settle_approval(state, approval, verdict, Some(by), reason), Answer::Done))
}
