//! How long the nodes of a graph take with a number of workers: bounds, and what a scheduler that leaves no worker idle reaches.
//!
//! Durations are in any one unit; sums that do not fit are held at the largest number.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::dag::Graph;

/// The longest way through a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    pub duration: u64,
    /// Its nodes, the first to start first.
    pub nodes: Vec<usize>,
}

/// Which of the nodes that could start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The lowest.
    Listed,
    /// The one with the longest way to the end behind it; among equals the lowest.
    LongestTail,
}

/// When each node starts, and when the last one ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    pub makespan: u64,
    pub starts: Vec<u64>,
}

impl Graph {
    /// The longest way through the graph: no number of workers is faster. `durations` has one entry for each node.
    pub fn critical_path(&self, durations: &[u64]) -> CriticalPath {
        let tails = self.tails(durations);
        let longest = |nodes: &mut dyn Iterator<Item = usize>| nodes.max_by_key(|node| (tails[*node], Reverse(*node)));
        let mut nodes: Vec<usize> = longest(&mut (0..self.len())).into_iter().collect();
        while let Some(next) = nodes.last().and_then(|last| longest(&mut self.downstream(*last).iter().copied())) {
            nodes.push(next);
        }
        CriticalPath { duration: nodes.first().map_or(0, |first| tails[*first]), nodes }
    }

    /// What no schedule with this many workers can beat: the critical path, or all work shared out evenly.
    pub fn lower_bound(&self, durations: &[u64], workers: usize) -> u64 {
        let total: u128 = durations.iter().map(|duration| u128::from(*duration)).sum();
        let shared = total.div_ceil(workers.max(1) as u128);
        self.critical_path(durations).duration.max(u64::try_from(shared).unwrap_or(u64::MAX))
    }

    /// What comes out when a free worker always takes a node that can start. At most twice [`Self::lower_bound`]. No workers count
    /// as one.
    pub fn list_schedule(&self, durations: &[u64], workers: usize, priority: Priority) -> Schedule {
        let tails = match priority {
            Priority::Listed => vec![0; self.len()],
            Priority::LongestTail => self.tails(durations),
        };
        let mut missing: Vec<usize> = (0..self.len()).map(|node| self.upstream(node).len()).collect();
        let mut ready: BinaryHeap<(u64, Reverse<usize>)> =
            (0..self.len()).filter(|node| missing[*node] == 0).map(|node| (tails[node], Reverse(node))).collect();
        let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut schedule = Schedule { makespan: 0, starts: vec![0; self.len()] };
        let mut now = 0;
        loop {
            while running.len() < workers.max(1)
                && let Some((_, Reverse(node))) = ready.pop()
            {
                schedule.starts[node] = now;
                running.push(Reverse((now.saturating_add(durations[node]), node)));
            }
            let Some(Reverse((end, _))) = running.peek().copied() else { break };
            now = end;
            // All that end now free their workers before anything is chosen.
            while let Some(Reverse((_, node))) = running.peek().copied().filter(|Reverse((at, _))| *at == now) {
                running.pop();
                for lower in self.downstream(node) {
                    missing[*lower] -= 1;
                    if missing[*lower] == 0 {
                        ready.push((tails[*lower], Reverse(*lower)));
                    }
                }
            }
        }
        schedule.makespan = now;
        schedule
    }

    /// For each node the longest way from its start to the end of everything behind it.
    fn tails(&self, durations: &[u64]) -> Vec<u64> {
        let mut tails = vec![0_u64; self.len()];
        for node in self.order().iter().rev() {
            let behind = self.downstream(*node).iter().map(|lower| tails[*lower]).max().unwrap_or(0);
            tails[*node] = durations[*node].saturating_add(behind);
        }
        tails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 and 1 first, 2 behind both, 3 behind 0.
    fn small() -> Graph {
        Graph::new(vec![vec![], vec![], vec![0, 1], vec![0]]).unwrap()
    }

    #[test]
    fn the_critical_path_names_its_nodes() {
        assert_eq!(small().critical_path(&[1, 5, 2, 3]), CriticalPath { duration: 7, nodes: vec![1, 2] });
        assert_eq!(small().critical_path(&[4, 1, 1, 9]), CriticalPath { duration: 13, nodes: vec![0, 3] });
        assert_eq!(Graph::new(vec![]).unwrap().critical_path(&[]), CriticalPath::default());
    }

    #[test]
    fn one_worker_takes_the_sum_and_many_the_critical_path() {
        let durations = [1, 5, 2, 3];
        assert_eq!(small().list_schedule(&durations, 1, Priority::Listed).makespan, 11);
        assert_eq!(small().list_schedule(&durations, 4, Priority::Listed).makespan, 7);
        assert_eq!(small().lower_bound(&durations, 1), 11);
        assert_eq!(small().lower_bound(&durations, 4), 7);
    }

    #[test]
    fn the_longest_tail_goes_first() {
        // Three short ones listed before a chain of two long ones, two workers.
        let graph = Graph::new(vec![vec![], vec![], vec![], vec![], vec![3]]).unwrap();
        let durations = [2, 2, 2, 3, 3];
        assert_eq!(graph.list_schedule(&durations, 2, Priority::LongestTail).makespan, 6);
        assert_eq!(graph.list_schedule(&durations, 2, Priority::Listed).makespan, 8);
    }

    #[test]
    fn nodes_that_take_no_time_end_too() {
        let graph = Graph::new(vec![vec![], vec![0], vec![1]]).unwrap();
        assert_eq!(
            graph.list_schedule(&[0, 0, 0], 0, Priority::Listed),
            Schedule { makespan: 0, starts: vec![0, 0, 0] }
        );
        assert_eq!(graph.lower_bound(&[u64::MAX, u64::MAX, 1], 1), u64::MAX);
    }
}
