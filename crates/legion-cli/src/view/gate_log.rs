//! What the gates of a ticket said, and what its failed attempts printed.

use jiff::SignedDuration;
use legion_api::{AttemptEnd, GateVerdict, TicketDetail, Verdict};

use super::{Look, style::Style};
use crate::text::{escape_block, escape_line, span};

/// Attempts that failed with their output, oldest first; then the last verdicts.
pub(crate) fn gate_log(detail: &TicketDetail, look: &Look) -> String {
    let mut text = String::new();
    for attempt in detail.history.iter().filter(|attempt| attempt.end == AttemptEnd::Failed) {
        let class = attempt.error.map(|class| format!(" ({})", class.as_str())).unwrap_or_default();
        let head = format!("attempt {} failed{class}: {}", attempt.number, escape_line(&attempt.why));
        text.push_str(&look.palette.paint(Style::Bad, &head));
        text.push('\n');
        block(&mut text, attempt.detail.as_deref());
    }
    for verdict in &detail.verdicts {
        text.push_str(&line(verdict, look));
        block(&mut text, verdict.log.as_deref());
    }
    if text.is_empty() {
        text.push_str("no gate has run for it yet\n");
    }
    text
}

fn line(verdict: &GateVerdict, look: &Look) -> String {
    let style = if verdict.verdict == Verdict::Passed { Style::Good } else { Style::Bad };
    let took = span(SignedDuration::from_millis(i64::try_from(verdict.ms).unwrap_or(i64::MAX)));
    let code = verdict.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    let word = look.palette.paint(style, verdict.verdict.as_str());
    format!("gate {}: {word} in {took}{code}\n", escape_line(&verdict.gate))
}

fn block(text: &mut String, output: Option<&str>) {
    for line in escape_block(output.unwrap_or_default().trim_end()).lines() {
        text.push_str(&format!("  {line}\n"));
    }
}
