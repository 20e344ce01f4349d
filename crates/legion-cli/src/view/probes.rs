//! What `doctor` found.

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::{hooks::Probe, text::escape_line};

/// One line per check, and below it what to do where one did not pass.
pub(crate) fn probes(probes: &[Probe], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = probes
        .iter()
        .map(|probe| {
            let verdict = if probe.ok { Cell::styled(Style::Good, "ok") } else { Cell::styled(Style::Bad, "not ok") };
            vec![verdict, Cell::new(escape_line(&probe.name)), Cell::new(escape_line(&probe.detail))]
        })
        .collect();
    let lines = table(&[], &rows, look);
    let mut text = String::new();
    for (line, probe) in lines.lines().zip(probes) {
        text.push_str(line);
        text.push('\n');
        if let Some(fix) = &probe.fix {
            text.push_str(&format!("        {} {}\n", look.palette.paint(Style::Head, "hint:"), escape_line(fix)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_check_that_did_not_pass_says_what_to_do() {
        let found = [
            Probe { name: "git".to_owned(), ok: true, detail: "2.47.3".to_owned(), fix: None },
            Probe {
                name: "claude".to_owned(),
                ok: false,
                detail: "not on PATH".to_owned(),
                fix: Some("npm install -g @anthropic-ai/claude-code".to_owned()),
            },
        ];
        insta::assert_snapshot!(probes(&found, &samples::look()), @r"
        ok      git     2.47.3
        not ok  claude  not on PATH
                hint: npm install -g @anthropic-ai/claude-code
        ");
    }
}
