//! What an agent is doing, in a few words.

use legion_api::{AgentStatus, Outcome, Run};

use super::{Look, style::Style, table::Cell};
use crate::text::span;

/// `working`, `idle`.
pub(crate) fn status_cell(status: AgentStatus) -> Cell {
    Cell::styled(Style::of_status(status), status.as_str())
}

/// The open run with its age, else how the last one ended.
pub(crate) fn run_cell(run: Option<&Run>, last: Option<Outcome>, look: &Look) -> Cell {
    match (run, last) {
        (Some(Run { number, started_at, outcome: None, .. }), _) => {
            Cell::new(format!("run {number} for {}", span(look.now.duration_since(*started_at))))
        }
        (Some(Run { number, outcome: Some(outcome), .. }), _) => {
            Cell::styled(Style::of_outcome(*outcome), format!("run {number} {}", outcome.as_str()))
        }
        (None, Some(outcome)) => Cell::styled(Style::of_outcome(outcome), outcome.as_str()),
        (None, None) => Cell::or_dash(None),
    }
}

/// Dollars, with cents from a dollar on and finer below.
pub(crate) fn dollars(amount: f64) -> String {
    if amount.abs() >= 1.0 || amount == 0.0 { format!("${amount:.2}") } else { format!("${amount:.4}") }
}

/// What else is to be said of it: that nothing holds it, money that no budget of the gateway holds, messages that wait, a suspicion.
pub(crate) fn remark(tier: Option<&str>, beside: Option<f64>, queued: u32, suspect: Option<&str>) -> String {
    let mut words = Vec::new();
    if tier == Some("none") {
        words.push("not contained".to_owned());
    }
    if let Some(beside) = beside {
        words.push(format!("{} beside the gateway", dollars(beside)));
    }
    if queued > 0 {
        words.push(format!("{queued} waiting"));
    }
    if let Some(reason) = suspect {
        words.push(format!("suspect: {}", crate::text::escape_line(reason)));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_fine_below_a_dollar() {
        assert_eq!(dollars(0.0), "$0.00");
        assert_eq!(dollars(0.01234), "$0.0123");
        assert_eq!(dollars(12.345), "$12.35");
    }

    #[test]
    fn a_remark_names_what_waits_and_why_it_is_suspect() {
        assert_eq!(remark(None, None, 0, None), "");
        assert_eq!(remark(Some("full"), None, 2, Some("silent for 60 s")), "2 waiting, suspect: silent for 60 s");
        assert_eq!(remark(Some("none"), None, 1, None), "not contained, 1 waiting");
        assert_eq!(remark(None, Some(0.5), 0, None), "$0.5000 beside the gateway");
    }
}
