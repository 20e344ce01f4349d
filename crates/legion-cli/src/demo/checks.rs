//! What the demo looks at itself when the agents say that they are done.

use std::path::Path;

use legion_api::{AgentStatus, Driver, TreeNode};

use super::{
    account::Account,
    proof::{happened, probe},
    sample::{self, SUITE, SUMMARY},
};
use crate::hooks::{Hooks, Probe};

/// Runs the suite and looks at the files, the tree and the account.
pub(super) fn checks(
    hooks: &dyn Hooks,
    driver: Driver,
    repository: &Path,
    tree: &TreeNode,
    account: &Account,
) -> Vec<Probe> {
    // The run of a model ends well even when its work is not good: that it was sent back shows in what it was told.
    let second_try = match driver {
        Driver::Command => account.someone_mended(tree),
        Driver::Claude => account.someone_was_sent_back(),
    };
    vec![
        suite(hooks, repository),
        probe("summary", repository.join(SUMMARY).is_file(), format!("{SUMMARY} of the leader")),
        probe("levels", depth(tree) >= 3, format!("{} agents on {} levels", size(tree), depth(tree))),
        happened(driver, "second try", second_try, "a worker failed, was told why, and mended it"),
        probe("rest", is_at_rest(tree), "nobody works, nothing waits".to_owned()),
    ]
}

fn suite(hooks: &dyn Hooks, repository: &Path) -> Probe {
    match sample::suite(hooks, repository, SUITE) {
        Ok(last) => probe("tests", true, last),
        Err(why) => probe("tests", false, why),
    }
}

/// Whether nobody below works and no message is on its way. It stays so: only a run or a message can begin something.
pub(super) fn is_at_rest(node: &TreeNode) -> bool {
    let rests = node.status == AgentStatus::Idle && node.run.as_ref().is_none_or(|run| run.outcome.is_some());
    // Messages to the person wait for the person.
    let waits = node.queued > 0 && node.driver.is_some();
    rests && !waits && node.reports.iter().all(is_at_rest)
}

fn depth(node: &TreeNode) -> u32 {
    node.reports.iter().map(depth).max().unwrap_or(0).max(node.level)
}

fn size(node: &TreeNode) -> usize {
    usize::from(node.driver.is_some()) + node.reports.iter().map(size).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn an_organisation_is_at_rest_when_nobody_works_and_nothing_waits() {
        let mut tree = samples::organisation();
        assert!(!is_at_rest(&tree), "a manager works");
        let manager = &mut tree.reports[0].reports[0];
        manager.status = AgentStatus::Idle;
        assert!(!is_at_rest(&tree), "its run is still open");
        tree.reports[0].reports[0].run = None;
        assert!(!is_at_rest(&tree), "a message waits for the worker");
        tree.reports[0].reports[0].reports[0].queued = 0;
        tree.queued = 4;
        assert!(is_at_rest(&tree));
    }

    #[test]
    fn levels_and_agents_are_counted_without_the_person() {
        let tree = samples::organisation();
        assert_eq!((size(&tree), depth(&tree)), (3, 3));
    }
}
