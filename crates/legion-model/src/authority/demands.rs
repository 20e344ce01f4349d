//! What an order asks for: the verbs and objects that it is authorised by, before anything of it is decided.

use super::authorise::authorise;
use super::object::Object;
use super::relation::Relation;
use super::table::{Kind, permits_anything};
use super::verb::Verb;
use crate::command::{Order, TicketOrder};
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::Refusal;

/// Refuses an order that its caller may not give.
pub(crate) fn check(state: &Organisation, by: Party, order: &Order) -> Result<(), Refusal> {
    let kind = Kind::of(state, by);
    for (verb, object) in demands(state, by, order) {
        // What is not there is answered by the decision in its own words: nothing can be done to it.
        let absent = Relation::of(state, by, object) == Relation::Absent;
        if !(absent && permits_anything(kind, verb)) {
            authorise(state, by, verb, object)?;
        }
    }
    Ok(())
}

/// Orders about several things that the caller chose by a word ("all") are not refused: each thing is asked about by itself.
fn demands<'a>(state: &Organisation, by: Party, order: &'a Order) -> Vec<(Verb, Object<'a>)> {
    match order {
        Order::Hire(hire) => vec![(Verb::Hire, hire.parent.into())],
        Order::Tell { to, .. } => vec![(Verb::Tell, (*to).into())],
        Order::Interrupt { agent, .. } => vec![(Verb::Interrupt, (*agent).into())],
        Order::InterruptAll => vec![(Verb::InterruptAll, by.into())],
        Order::Fire { agent, .. } => vec![(Verb::Fire, (*agent).into())],
        Order::Ack { messages: None } => vec![(Verb::Acknowledge, by.into())],
        Order::Ack { messages: Some(messages) } => {
            messages.iter().map(|message| (Verb::Acknowledge, (*message).into())).collect()
        }
        Order::Decide { .. } => vec![(Verb::DecideApproval, Object::Project)],
        // That the waiter itself may wait for it is asked when it is decided.
        Order::BeginWait { waiter, .. } | Order::EndWait { waiter, .. } => vec![(Verb::Look, (*waiter).into())],
        Order::Tickets(order) => of_tickets(state, by, order),
        Order::OpenProject { .. } => vec![(Verb::OpenProject, Object::Project)],
        Order::StopAll => vec![(Verb::EndService, Object::Service)],
        Order::StartService
        | Order::ProcessStarted { .. }
        | Order::Observed { .. }
        | Order::ProcessEnded { .. }
        | Order::ApprovalAnswered { .. }
        | Order::RunTimeUp { .. }
        | Order::InterruptTimeUp { .. }
        | Order::MessageTimeUp { .. }
        | Order::ApprovalTimeUp { .. }
        | Order::WarmTimeUp { .. }
        | Order::Suspect { .. }
        | Order::Clear { .. }
        | Order::Hung { .. }
        | Order::Audit(_)
        | Order::ProcessMetered { .. }
        | Order::AgentMetered { .. }
        | Order::MoneyUsedUp { .. }
        | Order::Stop { .. } => vec![(Verb::Serve, Object::Service)],
    }
}

fn of_tickets<'a>(state: &Organisation, by: Party, order: &'a TicketOrder) -> Vec<(Verb, Object<'a>)> {
    match order {
        // The branch of a session becomes the person's: agents work in sessions, and do not open or end them.
        TicketOrder::OpenSession { .. } => vec![(Verb::OpenSession, Object::Project)],
        TicketOrder::SetSession { session, .. } => vec![(Verb::SetSession, session.into())],
        TicketOrder::UseSession { session } => vec![(Verb::UseSession, session.into())],
        TicketOrder::CompleteSession { session } => vec![(Verb::CompleteSession, session.into())],
        TicketOrder::DeleteSession { session, .. } => vec![(Verb::DeleteSession, session.into())],
        TicketOrder::Import { session, .. } => vec![(Verb::ImportCommits, session.into())],
        TicketOrder::Add { session, settings, .. } => {
            let mut demands = vec![(Verb::Dispatch, session.into())];
            demands.extend(settings.as_ref().map(|_| (Verb::SetSession, session.into())));
            demands
        }
        TicketOrder::Stop { tickets } => tickets.iter().map(|ticket| (Verb::StopTicket, (*ticket).into())).collect(),
        TicketOrder::StopAll { .. } => Vec::new(),
        TicketOrder::Retry { ticket, .. } => vec![(Verb::RetryTicket, (*ticket).into())],
        TicketOrder::Delete { ticket, .. } => vec![(Verb::DeleteTicket, (*ticket).into())],
        TicketOrder::DecideHeld { ticket, .. } => vec![(Verb::DecideHeld, (*ticket).into())],
        // On whatever it was hired for: without that there is nothing to report on, and it is told so.
        TicketOrder::Report { .. } => {
            let post = by.agent().and_then(|agent| state.board.posts.get(&agent));
            post.map(|post| (Verb::ReportOnTicket, post.ticket.into())).into_iter().collect()
        }
        TicketOrder::SetRole { .. } => vec![(Verb::SetRole, Object::Project)],
        TicketOrder::DeleteRole { .. } => vec![(Verb::DeleteRole, Object::Project)],
        TicketOrder::SetTeam { .. } => vec![(Verb::SetTeam, Object::Project)],
        TicketOrder::DeleteTeam { .. } => vec![(Verb::DeleteTeam, Object::Project)],
        TicketOrder::Notice { .. }
        | TicketOrder::Prepared { .. }
        | TicketOrder::ReviewPrepared { .. }
        | TicketOrder::Collected { .. }
        | TicketOrder::NotCollected { .. }
        | TicketOrder::Built { .. }
        | TicketOrder::Conflicted { .. }
        | TicketOrder::GateEnded { .. }
        | TicketOrder::Moved { .. }
        | TicketOrder::Foreign { .. }
        | TicketOrder::Rescued { .. }
        | TicketOrder::Removed { .. }
        | TicketOrder::WorkFailed { .. }
        | TicketOrder::RetryDue
        | TicketOrder::HeldTimeUp { .. }
        | TicketOrder::IdleTimeUp { .. }
        | TicketOrder::UpstreamTimeUp { .. } => vec![(Verb::Serve, Object::Service)],
    }
}
