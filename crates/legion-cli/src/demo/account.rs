//! Who ran how often and how long, counted from the events as they come.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use legion_api::{Event, Outcome, TreeNode};
use serde_json::Value;

use crate::view::AgentRow;

/// The runs of all agents so far.
#[derive(Debug, Default)]
pub(super) struct Account(HashMap<String, Runs>);

#[derive(Debug, Default)]
struct Runs {
    ended: u32,
    failed: u32,
    took: SignedDuration,
    open_since: Option<Timestamp>,
}

impl Account {
    /// Counts the event, when it is about a run.
    pub(super) fn take(&mut self, event: &Event) {
        let Some(agent) = &event.agent else { return };
        match event.kind.as_str() {
            "run-opened" => self.0.entry(agent.clone()).or_default().open_since = Some(event.at),
            "run-ended" => {
                let runs = self.0.entry(agent.clone()).or_default();
                runs.ended += 1;
                if event.body.get("outcome").and_then(Value::as_str) != Some(Outcome::Completed.as_str()) {
                    runs.failed += 1;
                }
                if let Some(since) = runs.open_since.take() {
                    runs.took += event.at.duration_since(since);
                }
            }
            _ => {}
        }
    }

    /// Whether some agent failed and completed a later run.
    pub(super) fn someone_mended(&self, tree: &TreeNode) -> bool {
        let mended = |node: &TreeNode| {
            node.last_outcome == Some(Outcome::Completed)
                && self.0.get(&node.id).is_some_and(|runs| runs.failed > 0 && runs.ended > runs.failed)
        };
        mended(tree) || tree.reports.iter().any(|report| self.someone_mended(report))
    }

    /// A row per agent of the tree, each above those below it; the person is left out.
    pub(super) fn rows(&self, tree: &TreeNode) -> Vec<AgentRow> {
        let mut rows = Vec::new();
        self.push(tree, &mut rows);
        rows
    }

    fn push(&self, node: &TreeNode, rows: &mut Vec<AgentRow>) {
        if node.driver.is_some() {
            let none = Runs::default();
            let runs = self.0.get(&node.id).unwrap_or(&none);
            rows.push(AgentRow {
                name: node.name.clone(),
                level: node.level,
                runs: runs.ended,
                failed: runs.failed,
                took: runs.took,
                outcome: node.last_outcome,
            });
        }
        node.reports.iter().for_each(|report| self.push(report, rows));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::view::samples;

    fn event(kind: &str, at: &str, body: Value) -> Event {
        Event {
            number: 1,
            at: samples::moment(at),
            kind: kind.to_owned(),
            stream: "project".to_owned(),
            agent: Some(samples::WORKER.to_owned()),
            ticket: None,
            body,
        }
    }

    #[test]
    fn runs_and_their_time_are_summed_up() {
        let mut account = Account::default();
        account.take(&event("run-opened", "11:00:00", json!({"number": 1})));
        account.take(&event("run-ended", "11:00:02", json!({"outcome": "failed"})));
        let mut tree = samples::organisation();
        assert!(!account.someone_mended(&tree), "it failed and did nothing since");
        account.take(&event("run-opened", "11:00:05", json!({"number": 2})));
        account.take(&event("run-ended", "11:00:06", json!({"outcome": "completed"})));
        let worker = account.rows(&tree).into_iter().find(|row| row.name == "slugify").unwrap();
        assert_eq!((worker.runs, worker.failed, worker.took.as_secs()), (2, 1, 3));
        tree.reports[0].reports[0].reports[0].last_outcome = Some(Outcome::Completed);
        assert!(account.someone_mended(&tree));
    }

    #[test]
    fn the_person_has_no_row() {
        let names: Vec<String> =
            Account::default().rows(&samples::organisation()).into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["leader", "shaping", "slugify"]);
    }
}
