//! What a landing brought.

use super::{Look, style::Style};
use crate::{
    commands::land::Landing,
    text::{escape_line, short_commit},
};

/// A line about the branch, and one for each ticket that came.
pub(crate) fn landing(landing: &Landing, look: &Look) -> String {
    let session = escape_line(&landing.session);
    let branch =
        landing.branch.as_deref().map_or_else(|| "HEAD".to_owned(), |branch| format!("`{}`", escape_line(branch)));
    let new = short_commit(&landing.new);
    if landing.old.as_deref() == Some(&landing.new) {
        return format!("{branch} has everything of session `{session}` already ({new})\n");
    }
    let from = match landing.old.as_deref() {
        Some(old) => format!("from {} to {new}", short_commit(old)),
        None => format!("at {new}, a new branch"),
    };
    let verb = if landing.dry_run { "would land" } else { "landed" };
    let head = look.palette.paint(Style::Good, verb);
    let mut text = format!("{head} session `{session}` into {branch}: {from}, {} commits\n", landing.commits);
    for ticket in &landing.tickets {
        text.push_str(&format!("  #{} {}  {}\n", ticket.id, escape_line(&ticket.title), short_commit(&ticket.commit)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commands::land::LandedTicket, view::samples};

    fn brought() -> Landing {
        let ticket = LandedTicket { id: 1, title: "Schema".to_owned(), commit: "3".repeat(40) };
        Landing {
            session: "auth".to_owned(),
            branch: Some("main".to_owned()),
            old: Some("1".repeat(40)),
            new: "2".repeat(40),
            commits: 4,
            tickets: vec![ticket],
            dry_run: false,
            pull_request: None,
        }
    }

    #[test]
    fn what_came_is_told_with_its_tickets() {
        insta::assert_snapshot!(landing(&brought(), &samples::look()), @r"
        landed session `auth` into `main`: from 111111111111 to 222222222222, 4 commits
          #1 Schema  333333333333
        ");
        let fresh = Landing { old: None, branch: None, dry_run: true, tickets: Vec::new(), ..brought() };
        insta::assert_snapshot!(landing(&fresh, &samples::look()), @r"
        would land session `auth` into HEAD: at 222222222222, a new branch, 4 commits
        ");
        let nothing = Landing { old: Some("2".repeat(40)), ..brought() };
        assert_eq!(
            landing(&nothing, &samples::look()),
            "`main` has everything of session `auth` already (222222222222)\n"
        );
    }
}
