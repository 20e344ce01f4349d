//! What `doctor` found.

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::{
    hooks::{Probe, Verdict},
    text::escape_line,
};

/// One line per check, and below it what to do where one did not pass.
pub(crate) fn probes(probes: &[Probe], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = probes
        .iter()
        .map(|probe| {
            let verdict = match probe.verdict {
                Verdict::Ok => Cell::styled(Style::Good, "ok"),
                Verdict::Note => Cell::new("note"),
                Verdict::Warning => Cell::styled(Style::Warn, "warning"),
                Verdict::Failed => Cell::styled(Style::Bad, "not ok"),
            };
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
        let probe = |name: &str, verdict, detail: &str, fix: Option<&str>| Probe {
            name: name.to_owned(),
            verdict,
            detail: detail.to_owned(),
            fix: fix.map(str::to_owned),
        };
        let found = [
            probe("sockets", Verdict::Ok, "/run/legion", None),
            probe("git", Verdict::Warning, "2.40.0", Some("2.47.3 or newer is safer")),
            probe("claude", Verdict::Note, "not on PATH", Some("npm install -g @anthropic-ai/claude-code")),
            probe("data directory", Verdict::Failed, "not writable", None),
        ];
        insta::assert_snapshot!(probes(&found, &samples::look()), @r"
        ok       sockets         /run/legion
        warning  git             2.40.0
                hint: 2.47.3 or newer is safer
        note     claude          not on PATH
                hint: npm install -g @anthropic-ai/claude-code
        not ok   data directory  not writable
        ");
    }
}
