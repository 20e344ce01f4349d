//! Sessions: all of them in a table, or one in lines.

use legion_api::{Overlap, QueueItem, Session};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
    ticket_words::counts,
};
use crate::text::{age, escape_line, short_commit, span};

/// One line each.
pub(crate) fn sessions(sessions: &[Session], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = sessions
        .iter()
        .map(|session| {
            vec![
                Cell::new(if session.current { "*" } else { " " }),
                Cell::styled(Style::Head, escape_line(&session.name)),
                Cell::new(session.phase.as_str()),
                Cell::or_dash(session.branch.as_deref().map(escape_line)),
                Cell::styled(Style::Faint, short_commit(&session.tip)),
                Cell::new(session.settings.workers.to_string()),
                Cell::new(counts(&session.tickets)),
                Cell::styled(Style::Faint, age(session.opened_at, look.now)),
            ]
        })
        .collect();
    table(&["", "NAME", "PHASE", "BRANCH", "STANDS AT", "WORKERS", "TICKETS", "OPENED"], &rows, look)
}

/// Everything about one.
pub(crate) fn session(session: &Session, look: &Look) -> String {
    let settings = &session.settings;
    let gates: Vec<String> = settings.gates.iter().map(|gate| escape_line(&gate.command)).collect();
    let caps: Vec<String> =
        settings.group_caps.iter().map(|(group, cap)| format!("{}={cap}", escape_line(group))).collect();
    let protect: Vec<String> = settings.protect.iter().map(|glob| escape_line(glob)).collect();
    let overlap = match settings.overlap {
        Overlap::Warn => "warn",
        Overlap::Hold => "hold",
    };
    let current = if session.current { ", the current one" } else { "" };
    let mut rows = vec![
        ("session", format!("{}, {}{current}", escape_line(&session.name), session.phase.as_str())),
        ("branch", session.branch.as_deref().map(escape_line).unwrap_or_else(|| "none".to_owned())),
        ("began at", short_commit(&session.base).to_owned()),
        ("stands at", format!("{} ({})", short_commit(&session.tip), escape_line(&session.target_branch))),
        ("tickets", counts(&session.tickets)),
        ("workers", settings.workers.to_string()),
        ("overlap", overlap.to_owned()),
        ("group caps", caps.join(", ")),
        ("gates", gates.join("; ")),
        ("protected", protect.join(", ")),
        (
            "landings",
            format!(
                "{} merged, {} conflicts, {} turned down by a gate",
                session.merged, session.conflicts, session.turned_down
            ),
        ),
    ];
    if let Some(landing) = &session.landing {
        let gate = landing.gate.as_ref().map(|gate| {
            format!(", gate {} for {}", escape_line(&gate.gate), span(look.now.duration_since(gate.began_at)))
        });
        rows.push(("landing", format!("{}{}", item(&landing.item), gate.unwrap_or_default())));
    }
    if !session.queue.is_empty() {
        rows.push(("queue", session.queue.iter().map(item).collect::<Vec<_>>().join(", ")));
    }
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![Cell::styled(Style::Head, name), Cell::new(value)])
        .collect();
    table(&[], &rows, look)
}

fn item(item: &QueueItem) -> String {
    match (item.ticket, &item.branch, &item.commit) {
        (Some(ticket), ..) => format!("#{ticket}"),
        (None, Some(branch), _) => format!("commits of {}", escape_line(branch)),
        (None, None, Some(commit)) => format!("commit {}", short_commit(commit)),
        (None, None, None) => "commits".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{samples, ticket_samples};

    #[test]
    fn a_session_is_shown_in_a_line_or_whole() {
        let one = ticket_samples::session(&ticket_samples::tickets());
        insta::assert_snapshot!(sessions(std::slice::from_ref(&one), &samples::look()), @r"
           NAME  PHASE   BRANCH        STANDS AT     WORKERS  TICKETS                                              OPENED
        *  auth  active  feature/auth  222222222222  3        1 merging, 1 queued, 1 blocked, 1 done of 4 tickets  1h00m ago
        ");
        insta::assert_snapshot!(session(&one, &samples::look()), @r"
        session     auth, active, the current one
        branch      feature/auth
        began at    111111111111
        stands at   222222222222 (legion/auth/leader)
        tickets     1 merging, 1 queued, 1 blocked, 1 done of 4 tickets
        workers     3
        overlap     warn
        group caps  db=1
        protected   tests/**
        landings    1 merged, 0 conflicts, 2 turned down by a gate
        queue       #2
        ");
    }
}
