//! Tickets in words that several views share.

use legion_api::{MergeState, Ticket, TicketCounts, TicketLink, TicketStatus};

use super::style::Style;

/// From what moves to what rests.
pub(crate) const ORDER: [TicketStatus; 9] = [
    TicketStatus::Working,
    TicketStatus::Verifying,
    TicketStatus::Merging,
    TicketStatus::Queued,
    TicketStatus::Blocked,
    TicketStatus::Error,
    TicketStatus::Stopped,
    TicketStatus::Skipped,
    TicketStatus::Done,
];

pub(super) fn style_of(status: TicketStatus) -> Style {
    match status {
        TicketStatus::Working | TicketStatus::Verifying | TicketStatus::Merging => Style::Busy,
        TicketStatus::Queued => Style::Plain,
        TicketStatus::Blocked | TicketStatus::Stopped | TicketStatus::Skipped => Style::Warn,
        TicketStatus::Done => Style::Good,
        TicketStatus::Error => Style::Bad,
    }
}

/// `[merged]`, `[conflict]`, or where it is in the merge queue; nothing before that.
pub(super) fn merge_tag(ticket: &Ticket) -> &'static str {
    match ticket.merge {
        MergeState::None => "",
        MergeState::Queued => "[in the queue]",
        MergeState::Landing => "[landing]",
        MergeState::Merged => "[merged]",
        MergeState::Conflict => "[conflict]",
    }
}

/// `#1 done, #2 working`.
pub(super) fn links(links: &[TicketLink]) -> String {
    let word = |link: &TicketLink| match link.status {
        Some(status) => format!("#{} {}", link.id, status.as_str()),
        None => format!("#{} deleted", link.id),
    };
    links.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// `#1, #3 to #5`.
pub(super) fn numbers(numbers: &[u32]) -> String {
    let rows = numbers.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let word = |row: &[u32]| match row {
        [first, .., last] if row.len() > 2 => format!("#{first} to #{last}"),
        _ => row.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", "),
    };
    rows.map(word).collect::<Vec<_>>().join(", ")
}

/// `3 done, 1 working of 4 tickets`.
pub(crate) fn counts(counts: &TicketCounts) -> String {
    if counts.total == 0 {
        return "no tickets".to_owned();
    }
    let some = ORDER.into_iter().filter(|status| counts.of(*status) > 0);
    let words: Vec<String> = some.map(|status| format!("{} {}", counts.of(status), status.as_str())).collect();
    let noun = if counts.total == 1 { "ticket" } else { "tickets" };
    format!("{} of {} {noun}", words.join(", "), counts.total)
}

/// What an order did, and to which tickets.
pub(crate) fn took(verb: &str, tickets: &[u32]) -> String {
    if tickets.is_empty() { format!("{verb} nothing") } else { format!("{verb} {}", numbers(tickets)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_told_by_their_ends() {
        assert_eq!(took("stopped", &[]), "stopped nothing");
        assert_eq!(took("stopped", &[7]), "stopped #7");
        assert_eq!(took("stopped", &[1, 2, 4, 5, 6, 9]), "stopped #1, #2, #4 to #6, #9");
        assert_eq!(numbers(&[u32::MAX, 1]), format!("#{}, #1", u32::MAX));
    }

    #[test]
    fn counts_name_what_there_is() {
        assert_eq!(counts(&TicketCounts::default()), "no tickets");
        let one = TicketCounts { total: 1, done: 1, ..TicketCounts::default() };
        assert_eq!(counts(&one), "1 done of 1 ticket");
    }
}
