//! Messages of an inbox, oldest first.

use legion_api::{Message, MessageKind};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::{age, escape_block, escape_line, first_line, fit};

/// Columns of a message's first line when no terminal bounds it.
const TEXT_COLUMNS: usize = 100;

/// One line per message.
pub(crate) fn inbox(messages: &[Message], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = messages
        .iter()
        .map(|message| {
            vec![
                Cell::new(escape_line(&message.from_name)),
                Cell::styled(style(message.kind), kind_word(message.kind)),
                Cell::new(age(message.at, look.now)),
                Cell::new(fit(&first_line(&message.text), TEXT_COLUMNS)),
            ]
        })
        .collect();
    table(&["FROM", "KIND", "WHEN", "TEXT"], &rows, look)
}

/// The whole of each message, for reading.
pub(crate) fn letters(messages: &[Message], look: &Look) -> String {
    if messages.is_empty() {
        return "inbox empty\n".to_owned();
    }
    let mut text = String::new();
    for (position, message) in messages.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let heading =
            format!("{}  {}  {}", escape_line(&message.from_name), kind_word(message.kind), age(message.at, look.now));
        text.push_str(&look.palette.paint(Style::Head, &heading));
        text.push('\n');
        for line in escape_block(message.text.trim_end()).lines() {
            let line = format!("  {line}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if let Some(approval) = &message.approval {
            // The whole id: it is to be copied.
            text.push_str(&format!(
                "  decide with: legion approve {approval}\n           or: legion deny {approval}\n"
            ));
        }
    }
    text
}

/// The word used in JSON and on screens.
pub(crate) fn kind_word(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Task => "task",
        MessageKind::Tell => "tell",
        MessageKind::Redirect => "redirect",
        MessageKind::Report => "report",
        MessageKind::Notice => "notice",
        MessageKind::Approval => "approval",
    }
}

fn style(kind: MessageKind) -> Style {
    match kind {
        MessageKind::Notice | MessageKind::Approval => Style::Warn,
        _ => Style::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_line_per_message_shows_its_beginning() {
        insta::assert_snapshot!(inbox(&samples::messages(), &samples::look()), @r"
        FROM     KIND      WHEN       TEXT
        leader   report    3m00s ago  completed: all 4 tests pass
        slugify  approval  2s ago     Bash wants to run
        ");
    }

    #[test]
    fn letters_are_shown_whole_and_approvals_say_how_to_decide() {
        insta::assert_snapshot!(letters(&samples::messages(), &samples::look()), @r"
        leader  report  3m00s ago
          completed: all 4 tests pass
          see SUMMARY.md

        slugify  approval  2s ago
          Bash wants to run
            sh tests/all.sh
          decide with: legion approve 7d0d3f1c-0000-4000-8000-00000000000a
                   or: legion deny 7d0d3f1c-0000-4000-8000-00000000000a
        ");
    }

    #[test]
    fn an_empty_inbox_says_so() {
        assert_eq!(letters(&[], &samples::look()), "inbox empty\n");
    }
}
