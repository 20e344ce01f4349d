//! The tickets of a session, grouped by where they stand.

use jiff::SignedDuration;
use legion_api::{Session, SessionPhase, Stage, Ticket, TicketStatus};

use super::{
    Look,
    run::dollars,
    style::Style,
    table::{Cell, table},
    ticket_words::{ORDER, counts, links, merge_tag, style_of},
};
use crate::text::{ShortIds, escape_line, first_line, short_commit, span};

/// A line about the session, one with the counts, and a group for each status that some ticket has.
pub(crate) fn check(session: &Session, tickets: &[Ticket], look: &Look) -> String {
    let mut text = table(&[], &[heading(session)], look);
    text.push_str(&counts(&session.tickets));
    let waiting = session.queue.len() + usize::from(session.landing.is_some());
    if waiting > 0 {
        text.push_str(&format!(", {waiting} in the merge queue"));
    }
    text.push('\n');
    if let Some(end) = session.imported.last().filter(|end| end.landed.is_none()) {
        let (commit, why) = (short_commit(&end.commit), first_line(&end.why));
        let line = format!("your commits up to {commit} are not in it: {why} (`legion inbox`)");
        text.push_str(&look.palette.paint(Style::Bad, &line));
        text.push('\n');
    }
    for status in ORDER {
        let some: Vec<&Ticket> = tickets.iter().filter(|ticket| ticket.status == status).collect();
        if some.is_empty() {
            continue;
        }
        text.push('\n');
        text.push_str(&look.palette.paint(
            style_of(status),
            &format!("{} {}", status.as_str(), some.len().max(session.tickets.of(status) as usize)),
        ));
        text.push('\n');
        let left = (session.tickets.of(status) as usize).saturating_sub(some.len());
        let rows: Vec<Vec<Cell>> = some.into_iter().map(|ticket| row(ticket, look)).collect();
        text.push_str(&table(&[], &rows, look));
        if left > 0 {
            text.push_str(&format!("  … and {left} more: `legion check --all`\n"));
        }
    }
    text
}

fn heading(session: &Session) -> Vec<Cell> {
    let completed = session.phase == SessionPhase::Completed;
    vec![
        Cell::styled(Style::Head, format!("session {}", escape_line(&session.name))),
        Cell::new(if completed { "completed" } else { "" }),
        Cell::new(session.branch.as_deref().map(|branch| format!("of {}", escape_line(branch))).unwrap_or_default()),
        Cell::styled(Style::Faint, short_commit(&session.tip)),
        Cell::new(format!("{} workers", session.settings.workers)),
    ]
}

fn row(ticket: &Ticket, look: &Look) -> Vec<Cell> {
    let attempt = match (ticket.attempts, ticket.failures) {
        (0, _) => String::new(),
        (attempts, 0) if ticket.status.is_closed() && attempts == 1 => String::new(),
        (attempts, _) => format!("attempt {attempts}"),
    };
    let who = ticket.agent.as_deref().filter(|_| ticket.stage.is_some());
    let who = who.map(|agent| ShortIds::default().short(agent).to_owned());
    // In the merge queue the tag says it already.
    let stage = ticket.stage.filter(|_| merge_tag(ticket).is_empty()).map(|stage| stage.as_str());
    let after = links(&ticket.after);
    let done = ticket.status == TicketStatus::Done;
    // That its gates passed is what done means; what its agent said of it is news.
    let held = ticket.stage == Some(Stage::Held);
    let last = if done { ticket.summary.as_deref() } else { ticket.why.as_deref().filter(|_| ticket.stage.is_none()) };
    vec![
        Cell::styled(Style::Head, format!("  #{}", ticket.id)),
        Cell::new(escape_line(&ticket.title)),
        Cell::styled(
            if ticket.checkpoint { Style::Head } else { Style::Plain },
            if ticket.checkpoint { "checkpoint" } else { "" },
        ),
        Cell::styled(style_of(ticket.status), merge_tag(ticket)),
        Cell::new(stage.unwrap_or_default()),
        Cell::new(attempt),
        Cell::new(ticket.worker.map(|worker| format!("worker {worker}")).unwrap_or_default()),
        Cell::styled(Style::Faint, who.unwrap_or_default()),
        Cell::new(elapsed(ticket)),
        Cell::new(ticket.cost_usd.filter(|cost| *cost > 0.0).map(dollars).unwrap_or_default()),
        Cell::new(if after.is_empty() { String::new() } else { format!("after {after}") }),
        Cell::styled(Style::Faint, last.map(first_line).unwrap_or_default()),
        Cell::styled(Style::Warn, if held { ask(ticket) } else { retry(ticket, look) }),
    ]
}

/// Time that attempts at it were open.
fn elapsed(ticket: &Ticket) -> String {
    if ticket.attempts == 0 {
        return String::new();
    }
    let seconds = i64::try_from(ticket.working_seconds).unwrap_or(i64::MAX);
    // They are whole ones: tenths would be made up.
    if seconds < 60 { format!("{seconds}s") } else { span(SignedDuration::from_secs(seconds)) }
}

/// Changes to protected files wait for the person.
fn ask(ticket: &Ticket) -> String {
    format!("`legion approve {0}` or `legion deny {0}`", ticket.id)
}

fn retry(ticket: &Ticket, look: &Look) -> String {
    let wait = ticket.retry_at.map(|at| at.duration_since(look.now)).filter(|wait| *wait > SignedDuration::ZERO);
    wait.map(|wait| format!("again in {}", span(wait))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{samples, ticket_samples};

    #[test]
    fn tickets_stand_in_groups_with_what_they_wait_for() {
        let tickets = ticket_samples::tickets();
        insta::assert_snapshot!(check(&ticket_samples::session(&tickets), &tickets, &samples::look()), @r"
        session auth  of feature/auth  222222222222  3 workers
        1 merging, 1 queued, 1 blocked, 1 done of 4 tickets, 1 in the merge queue

        merging 1
          #2  Hash pass\u{1b}words  [in the queue]  attempt 2  worker 2  9f3377d1  42s  after #1 done

        queued 1
          #4  Login  attempt 1  5s  the gate `cargo test` failed with exit code 101  again in 30.0s

        blocked 1
          #3  Foundation holds  checkpoint  after #1 done, #2 merging, #9 deleted

        done 1
          #1  Schema  [merged]  1m23s  $0.2500  wrote the schema
        ");
    }

    #[test]
    fn a_session_without_tickets_says_so() {
        insta::assert_snapshot!(check(&ticket_samples::session(&[]), &[], &samples::look()), @r"
        session auth  of feature/auth  222222222222  3 workers
        no tickets, 1 in the merge queue
        ");
    }
}
