//! Who ran how often and how long, counted from the events as they come.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use legion_api::{Event, Outcome, TreeNode};
use serde_json::Value;

use crate::view::AgentRow;

/// The runs of all agents so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    runs: HashMap<String, Runs>,
    /// Number of the newest event that was counted.
    last: u64,
    /// Millionths of a dollar, of all runs of all agents.
    cost: Option<u64>,
}

#[derive(Debug, Default)]
struct Runs {
    ended: u32,
    failed: u32,
    took: SignedDuration,
    open_since: Option<Timestamp>,
    /// Its superior told it something after a run.
    told_again: bool,
    /// It completed a run after that.
    mended: bool,
}

impl Account {
    /// Counts the event, when it is about a run. One that was counted is not counted again.
    pub(super) fn take(&mut self, event: &Event) {
        if event.number <= self.last {
            return;
        }
        self.last = event.number;
        let Some(agent) = &event.agent else { return };
        match event.kind.as_str() {
            "run-opened" => self.runs.entry(agent.clone()).or_default().open_since = Some(event.at),
            "run-ended" => {
                if let Some(cost) = event.body.get("cost").and_then(Value::as_u64) {
                    self.cost = Some(self.cost.unwrap_or_default() + cost);
                }
                let runs = self.runs.entry(agent.clone()).or_default();
                runs.ended += 1;
                if event.body.get("outcome").and_then(Value::as_str) == Some(Outcome::Completed.as_str()) {
                    runs.mended |= runs.told_again;
                } else {
                    runs.failed += 1;
                }
                if let Some(since) = runs.open_since.take() {
                    runs.took += event.at.duration_since(since);
                }
            }
            "message-accepted" => {
                let word = |field: &str| event.body.get(field).and_then(Value::as_str);
                let is_of_agent = word("from").is_some_and(|from| from != "root");
                let Some(to) = word("to").filter(|_| is_of_agent && word("message_kind") == Some("tell")) else {
                    return;
                };
                let runs = self.runs.entry(to.to_owned()).or_default();
                runs.told_again |= runs.ended > 0;
            }
            _ => {}
        }
    }

    /// Number of the newest event that was counted.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// How many runs of an agent were counted.
    pub(super) fn ended(&self, agent: &str) -> u32 {
        self.runs.get(agent).map_or(0, |runs| runs.ended)
    }

    /// What everything cost, in dollars; none where no agent said.
    pub(super) fn cost_usd(&self) -> Option<f64> {
        self.cost.map(|micros| micros as f64 / 1e6)
    }

    /// Whether some agent was told something by another agent after a run of its own, and completed a run with that.
    pub(super) fn someone_was_sent_back(&self) -> bool {
        self.runs.values().any(|runs| runs.mended)
    }

    /// Whether some agent failed and completed a later run.
    pub(super) fn someone_mended(&self, tree: &TreeNode) -> bool {
        let mended = |node: &TreeNode| {
            node.last_outcome == Some(Outcome::Completed)
                && self.runs.get(&node.id).is_some_and(|runs| runs.failed > 0 && runs.ended > runs.failed)
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
            let runs = self.runs.get(&node.id).unwrap_or(&none);
            rows.push(AgentRow {
                name: node.name.clone(),
                level: node.level,
                runs: runs.ended,
                failed: runs.failed,
                took: runs.took,
                outcome: node.last_outcome,
                cost: node.cost_usd,
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

    fn event(number: u64, kind: &str, at: &str, body: Value) -> Event {
        Event {
            number,
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
        account.take(&event(1, "run-opened", "11:00:00", json!({"number": 1})));
        account.take(&event(2, "run-ended", "11:00:02", json!({"outcome": "failed"})));
        let mut tree = samples::organisation();
        assert!(!account.someone_mended(&tree), "it failed and did nothing since");
        account.take(&event(3, "run-opened", "11:00:05", json!({"number": 2})));
        account.take(&event(4, "run-ended", "11:00:06", json!({"outcome": "completed"})));
        let worker = account.rows(&tree).into_iter().find(|row| row.name == "slugify").unwrap();
        assert_eq!((worker.runs, worker.failed, worker.took.as_secs()), (2, 1, 3));
        tree.reports[0].reports[0].reports[0].last_outcome = Some(Outcome::Completed);
        assert!(account.someone_mended(&tree));
    }

    #[test]
    fn one_that_its_superior_told_again_and_that_completed_was_sent_back() {
        let told = |from: &str| {
            event(
                2,
                "message-accepted",
                "11:00:03",
                json!({"from": from, "to": samples::WORKER, "message_kind": "tell"}),
            )
        };
        let ended = |number| event(number, "run-ended", "11:00:06", json!({"outcome": "completed"}));
        let sent_back = |events: &[Event]| {
            let mut account = Account::default();
            events.iter().for_each(|event| account.take(event));
            account.someone_was_sent_back()
        };
        assert!(sent_back(&[ended(1), told(samples::MANAGER), ended(3)]));
        assert!(!sent_back(&[told(samples::MANAGER), ended(3)]), "it had done nothing yet");
        assert!(!sent_back(&[ended(1), told("root"), ended(3)]), "that was the person");
        assert!(!sent_back(&[ended(1), told(samples::MANAGER)]), "it has not answered");
    }

    #[test]
    fn an_event_is_counted_once_and_money_is_summed_up() {
        let mut account = Account::default();
        assert_eq!(account.cost_usd(), None);
        for number in [1, 1, 2] {
            account.take(&event(number, "run-ended", "11:00:06", json!({"outcome": "completed", "cost": 1_500})));
        }
        assert_eq!((account.ended(samples::WORKER), account.cost_usd()), (2, Some(0.003)));
    }

    #[test]
    fn the_person_has_no_row() {
        let names: Vec<String> =
            Account::default().rows(&samples::organisation()).into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["leader", "shaping", "slugify"]);
    }
}
