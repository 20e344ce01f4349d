//! Who moves a ticket on, in two lines.

use legion_api::{MoverKind, Why};

use super::{
    Look,
    style::Style,
    ticket_words::{numbers, style_of},
};
use crate::text::{escape_line, span};

/// For each: where it stands and why; who moves next, and until when.
pub(crate) fn whys(whys: &[Why], look: &Look) -> String {
    whys.iter().map(|one| why(one, look)).collect()
}

fn why(why: &Why, look: &Look) -> String {
    let number = look.palette.paint(Style::Head, &format!("#{}", why.ticket));
    let status = look.palette.paint(style_of(why.status), why.status.as_str());
    let mut text = format!("{number} {status}: {}\n", escape_line(&why.what));
    if why.mover.who != MoverKind::Nobody {
        text.push_str(&format!("  next: {}", mover(why)));
        if let Some(deadline) = why.deadline {
            let left = deadline.duration_since(look.now);
            text.push_str(&if left.is_positive() {
                format!(", within {}", span(left))
            } else {
                ", due now".to_owned()
            });
        }
        text.push('\n');
    }
    if !why.overlaps.is_empty() {
        text.push_str(&format!("  its files overlap with those of {}\n", numbers(&why.overlaps)));
    }
    text
}

fn mover(why: &Why) -> String {
    match why.mover.who {
        MoverKind::Nobody => "nobody".to_owned(),
        MoverKind::Service => "the service".to_owned(),
        MoverKind::Person => "you".to_owned(),
        MoverKind::Ticket => {
            why.mover.ticket.map_or_else(|| "a ticket".to_owned(), |ticket| format!("ticket #{ticket}"))
        }
        MoverKind::Agent => match &why.mover.agent_name {
            Some(name) => format!("the agent {}", escape_line(name)),
            None => "an agent".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use legion_api::{Mover, TicketStatus};

    use crate::view::samples;

    fn waiting(who: MoverKind, deadline: Option<&str>) -> Why {
        Why {
            ticket: 3,
            status: TicketStatus::Blocked,
            mover: Mover { who, agent: None, agent_name: Some("t2".to_owned()), ticket: Some(2) },
            what: "it waits for #2".to_owned(),
            deadline: deadline.map(samples::moment),
            overlaps: vec![4, 5],
        }
    }

    #[test]
    fn the_next_mover_is_named_with_its_deadline() {
        let all = [
            waiting(MoverKind::Ticket, Some("12:10:00")),
            waiting(MoverKind::Agent, Some("11:59:00")),
            Why { overlaps: Vec::new(), ..waiting(MoverKind::Person, None) },
            Why { overlaps: Vec::new(), ..waiting(MoverKind::Nobody, None) },
        ];
        insta::assert_snapshot!(whys(&all, &samples::look()), @r"
        #3 blocked: it waits for #2
          next: ticket #2, within 10m00s
          its files overlap with those of #4, #5
        #3 blocked: it waits for #2
          next: the agent t2, due now
          its files overlap with those of #4, #5
        #3 blocked: it waits for #2
          next: you
        #3 blocked: it waits for #2
        ");
    }
}
