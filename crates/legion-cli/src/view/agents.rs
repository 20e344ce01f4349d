//! What each agent of an organisation did, when it is over.

use jiff::SignedDuration;
use legion_api::Outcome;

use super::{
    Look,
    run::dollars,
    style::Style,
    table::{Cell, table},
};
use crate::text::{escape_line, span};

/// One agent's account.
#[derive(Debug, Clone)]
pub(crate) struct AgentRow {
    pub name: String,
    pub level: u32,
    pub runs: u32,
    /// Runs that did not complete.
    pub failed: u32,
    /// Sum over its runs.
    pub took: SignedDuration,
    /// Of its last run.
    pub outcome: Option<Outcome>,
    /// Dollars, where the driver reports money.
    pub cost: Option<f64>,
}

/// One line per agent, indented by level; what it cost only where some agent cost something.
pub(crate) fn agents(rows: &[AgentRow], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let indent = "  ".repeat(row.level.saturating_sub(1) as usize);
            vec![
                Cell::new(format!("{indent}{}", escape_line(&row.name))),
                Cell::new(format!("L{}", row.level)),
                Cell::new(row.runs.to_string()),
                Cell::new(if row.failed == 0 { String::new() } else { row.failed.to_string() }),
                Cell::new(span(row.took)),
                Cell::new(row.cost.map(dollars).unwrap_or_default()),
                match row.outcome {
                    Some(outcome) => Cell::styled(Style::of_outcome(outcome), outcome.as_str()),
                    None => Cell::or_dash(None),
                },
            ]
        })
        .collect();
    table(&["AGENT", "LEVEL", "RUNS", "FAILED", "TIME", "COST", "LAST RUN"], &rows, look)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn an_account_shows_runs_and_time_of_each_agent() {
        let row = |name: &str, level, runs, failed, millis| AgentRow {
            name: name.to_owned(),
            level,
            runs,
            failed,
            took: SignedDuration::from_millis(millis),
            outcome: Some(Outcome::Completed),
            cost: None,
        };
        let mut rows = [row("leader", 1, 4, 0, 900), row("shaping", 2, 5, 0, 600), row("slugify", 3, 2, 1, 240)];
        insta::assert_snapshot!(agents(&rows, &samples::look()), @r"
        AGENT        LEVEL  RUNS  FAILED  TIME  LAST RUN
        leader       L1     4             0.9s  completed
          shaping    L2     5             0.6s  completed
            slugify  L3     2     1       0.2s  completed
        ");
        rows[0].cost = Some(0.0421);
        let text = agents(&rows, &samples::look());
        assert!(text.contains("COST") && text.contains("$0.0421"), "{text}");
    }
}
