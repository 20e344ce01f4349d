//! What a ticket builds on.

use legion_api::{Deps, OnUpstream};

use super::{
    Look,
    style::Style,
    ticket_words::{numbers, style_of},
};
use crate::text::{escape_block, escape_line};

/// Each ticket before it, with what it did; then who waits for it.
pub(crate) fn deps(deps: &Deps, look: &Look) -> String {
    let mut text = String::new();
    if deps.dependencies.is_empty() {
        text.push_str(&format!("#{} waits for nothing\n", deps.ticket_id));
    }
    for upstream in &deps.dependencies {
        let number = look.palette.paint(Style::Head, &format!("#{}", upstream.id));
        let status = match upstream.status {
            Some(status) => look.palette.paint(style_of(status), status.as_str()),
            None => "deleted".to_owned(),
        };
        let kind = if upstream.is_checkpoint { "  checkpoint" } else { "" };
        let merge = upstream.merge_status.as_str();
        let without = match upstream.on_upstream {
            OnUpstream::Skip => "  else skipped",
            OnUpstream::Fail => "  else failed",
            OnUpstream::Wait => "",
        };
        text.push_str(&format!("{number} {}  {status}  merge: {merge}{kind}{without}\n", escape_line(&upstream.title)));
        for line in escape_block(upstream.summary.as_deref().unwrap_or_default().trim()).lines() {
            text.push_str(&format!("  {line}\n"));
        }
        for file in &upstream.diff_summary {
            text.push_str(&format!("  {}\n", look.palette.paint(Style::Faint, &escape_line(file))));
        }
    }
    if !deps.dependents.is_empty() {
        text.push_str(&format!("waited for by {}\n", numbers(&deps.dependents)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use legion_api::{MergeState, TicketStatus, Upstream};

    use crate::view::samples;

    #[test]
    fn what_was_done_before_is_told_without_control_characters() {
        let upstream = Upstream {
            id: 1,
            title: "Schema".to_owned(),
            status: Some(TicketStatus::Done),
            merge_status: MergeState::Merged,
            summary: Some("wrote it\n\u{1b}[2Jand tests".to_owned()),
            diff_summary: vec!["src/db.rs +12 -0".to_owned()],
            is_checkpoint: true,
            on_upstream: OnUpstream::Skip,
        };
        let all = Deps { ticket_id: 3, dependencies: vec![upstream], dependents: vec![4, 5] };
        insta::assert_snapshot!(deps(&all, &samples::look()), @r"
        #1 Schema  done  merge: merged  checkpoint  else skipped
          wrote it
          \u{1b}[2Jand tests
          src/db.rs +12 -0
        waited for by #4, #5
        ");
        let none = Deps { ticket_id: 3, dependencies: Vec::new(), dependents: Vec::new() };
        assert_eq!(deps(&none, &samples::look()), "#3 waits for nothing\n");
    }
}
