//! The caller, its inbox and its direct reports.

use legion_api::{Agent, StatusReport};

use super::{
    Look,
    inbox::inbox,
    run::{dollars, remark, run_cell, status_cell},
    style::Style,
    table::{Cell, table},
    ticket_words::counts,
};
use crate::text::{ShortIds, escape_line};

/// Three parts: who, what waits in the inbox, who reports to it.
pub(crate) fn status(report: &StatusReport, look: &Look) -> String {
    let mut text = table(&[], &[heading(&report.agent, look)], look);
    if report.tickets.total > 0 {
        text.push_str(&format!("{}\n", counts(&report.tickets)));
    }
    text.push('\n');
    if report.inbox.is_empty() {
        text.push_str("inbox empty\n");
    } else {
        text.push_str(&look.palette.paint(Style::Head, &format!("inbox {}", report.inbox.len())));
        text.push('\n');
        text.push_str(&inbox(&report.inbox, look));
    }
    text.push('\n');
    if report.reports.is_empty() {
        text.push_str("no reports\n");
        return text;
    }
    text.push_str(&look.palette.paint(Style::Head, &format!("reports {}", report.reports.len())));
    text.push('\n');
    let ids = ShortIds::of(report.reports.iter().map(|report| report.id.as_str()));
    let rows: Vec<Vec<Cell>> = report
        .reports
        .iter()
        .map(|report| {
            vec![
                Cell::new(escape_line(&report.name)),
                Cell::styled(Style::Faint, ids.short(&report.id)),
                Cell::new(report.role.as_deref().map(escape_line).unwrap_or_default()),
                Cell::new(report.driver.as_str()),
                status_cell(report.status),
                run_cell(report.run.as_ref(), None, look),
                Cell::new(report.cost_usd.map(dollars).unwrap_or_default()),
                Cell::styled(
                    Style::Warn,
                    remark(report.tier.as_deref(), report.beside_gateway_usd, report.queued, report.suspect.as_deref()),
                ),
            ]
        })
        .collect();
    text.push_str(&table(&["NAME", "ID", "ROLE", "DRIVER", "STATUS", "RUN", "COST", "REMARK"], &rows, look));
    text
}

fn heading(agent: &Agent, look: &Look) -> Vec<Cell> {
    let name = Cell::styled(Style::Head, escape_line(&agent.name));
    if agent.parent.is_none() && agent.driver.is_none() {
        return vec![name];
    }
    vec![
        name,
        Cell::styled(Style::Faint, ShortIds::default().short(&agent.id)),
        Cell::new(format!("L{}", agent.level)),
        Cell::new(agent.role.as_deref().map(escape_line).unwrap_or_default()),
        Cell::new(agent.driver.map(|driver| driver.as_str()).unwrap_or_default()),
        Cell::new(agent.tier.as_deref().map(held).unwrap_or_default()),
        status_cell(agent.status),
        run_cell(agent.run.as_ref(), None, look),
        Cell::new(agent.cost_usd.map(dollars).unwrap_or_default()),
        Cell::styled(Style::Warn, remark(None, agent.beside_gateway_usd, agent.queued, agent.suspect.as_deref())),
    ]
}

/// How an agent is held; that one is not held is worth a warning.
fn held(tier: &str) -> String {
    if tier == "none" { "not contained".to_owned() } else { format!("in {tier}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn the_persons_status_shows_the_inbox_and_the_reports() {
        insta::assert_snapshot!(status(&samples::status(), &samples::look()), @r"
        root

        inbox 2
        FROM     KIND      WHEN       TEXT
        leader   report    3m00s ago  completed: all 4 tests pass
        slugify  approval  2s ago     Bash wants to run

        reports 1
        NAME    ID        ROLE       DRIVER   STATUS   RUN              COST   REMARK
        leader  0b6e4f0e  tech lead  command  working  run 3 for 2m00s  $1.50  2 waiting, suspect: silent for 60 s
        ");
    }

    #[test]
    fn a_report_that_nothing_holds_is_marked() {
        let mut report = samples::status();
        report.reports[0].tier = Some("none".to_owned());
        let text = status(&report, &samples::look());
        assert!(text.contains("not contained, 2 waiting, suspect: silent for 60 s"), "{text}");
    }

    #[test]
    fn a_status_without_anything_says_so() {
        let mut report = samples::status();
        report.inbox.clear();
        report.reports.clear();
        insta::assert_snapshot!(status(&report, &samples::look()), @r"
        root

        inbox empty

        no reports
        ");
    }
}
