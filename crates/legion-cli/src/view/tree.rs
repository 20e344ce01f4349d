//! The organisation as a tree.

use legion_api::TreeNode;

use super::{
    Look,
    run::{dollars, remark, run_cell, status_cell},
    style::Style,
    table::{Cell, table},
};
use crate::text::{ShortIds, escape_line};

/// The tree below its top, one line per agent.
pub(crate) fn tree(top: &TreeNode, look: &Look) -> String {
    let mut ids = Vec::new();
    collect_ids(top, &mut ids);
    let ids = ShortIds::of(ids);
    let mut rows = Vec::new();
    push(top, "", "", &ids, look, &mut rows);
    table(&[], &rows, look)
}

fn collect_ids<'a>(node: &'a TreeNode, ids: &mut Vec<&'a str>) {
    ids.push(&node.id);
    node.reports.iter().for_each(|report| collect_ids(report, ids));
}

fn push(node: &TreeNode, branch: &str, below: &str, ids: &ShortIds, look: &Look, rows: &mut Vec<Vec<Cell>>) {
    rows.push(row(node, branch, ids, look));
    for (position, report) in node.reports.iter().enumerate() {
        let last = position + 1 == node.reports.len();
        let (joint, line) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        push(report, &format!("{below}{joint}"), &format!("{below}{line}"), ids, look, rows);
    }
}

fn row(node: &TreeNode, branch: &str, ids: &ShortIds, look: &Look) -> Vec<Cell> {
    let name = format!("{branch}{}", escape_line(&node.name));
    if node.parent.is_none() && node.driver.is_none() {
        return vec![Cell::styled(Style::Head, name)];
    }
    let name = if node.matched { Cell::new(name) } else { Cell::styled(Style::Faint, name) };
    vec![
        name,
        Cell::styled(Style::Faint, ids.short(&node.id)),
        Cell::new(format!("L{}", node.level)),
        Cell::new(node.role.as_deref().map(escape_line).unwrap_or_default()),
        Cell::new(node.driver.map(|driver| driver.as_str()).unwrap_or_default()),
        status_cell(node.status),
        run_cell(node.run.as_ref(), node.last_outcome, look),
        Cell::new(node.cost_usd.map(dollars).unwrap_or_default()),
        Cell::styled(
            Style::Warn,
            remark(node.tier.as_deref(), node.beside_gateway_usd, node.queued, node.suspect.as_deref()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_tree_shows_who_reports_to_whom_and_what_they_do() {
        insta::assert_snapshot!(tree(&samples::organisation(), &samples::look()), @r"
        root
        └─ leader         0b6e4f0e  L1           claude   idle     completed        $0.0421
           └─ shaping     5d10c7a2  L2  manager  command  working  run 2 for 12.0s
              └─ slugify  9f3377d1  L3           command  idle     failed                    1 waiting
        ");
    }

    #[test]
    fn an_agent_that_nothing_holds_is_marked() {
        let mut organisation = samples::organisation();
        assert!(!tree(&organisation, &samples::look()).contains("not contained"));
        organisation.reports[0].reports[0].tier = Some("none".to_owned());
        let text = tree(&organisation, &samples::look());
        let marked: Vec<&str> = text.lines().filter(|line| line.ends_with("not contained")).collect();
        assert!(matches!(marked[..], [line] if line.contains("shaping")), "{text}");
    }

    #[test]
    fn a_name_cannot_send_anything_to_the_terminal() {
        let mut organisation = samples::organisation();
        organisation.reports[0].name = "\u{1b}[2Jevil".to_owned();
        assert!(!tree(&organisation, &samples::look()).contains('\u{1b}'));
    }
}
