use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::circle::circles;

/// A graph without circles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    upstream: Vec<Vec<usize>>,
    downstream: Vec<Vec<usize>>,
    order: Vec<usize>,
    levels: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph in which node `i` waits for each of `upstream[i]` (one that is named twice counts once), or its circles.
    ///
    /// # Panics
    /// When a node that is named does not exist.
    pub fn new(mut upstream: Vec<Vec<usize>>) -> Result<Self, Vec<Vec<usize>>> {
        let mut downstream = vec![Vec::new(); upstream.len()];
        for (node, above) in upstream.iter_mut().enumerate() {
            above.sort_unstable();
            above.dedup();
            for upper in above {
                downstream[*upper].push(node);
            }
        }
        let Some(order) = order(&upstream, &downstream) else { return Err(circles(&upstream)) };
        let levels = levels(&upstream, &order);
        Ok(Self { upstream, downstream, order, levels })
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.upstream.len()
    }

    pub fn is_empty(&self) -> bool {
        self.upstream.is_empty()
    }

    /// The nodes that this one waits for, in rising order.
    pub fn upstream(&self, node: usize) -> &[usize] {
        &self.upstream[node]
    }

    /// The nodes that wait for this one, in rising order.
    pub fn downstream(&self, node: usize) -> &[usize] {
        &self.downstream[node]
    }

    /// All nodes, each behind those that it waits for; among those that could come next, the lowest comes first.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The nodes that wait for nothing, then those that wait for these only, and so on; each level in rising order.
    pub fn levels(&self) -> &[Vec<usize>] {
        &self.levels
    }
}

fn order(upstream: &[Vec<usize>], downstream: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut missing: Vec<usize> = upstream.iter().map(Vec::len).collect();
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..upstream.len()).filter(|node| missing[*node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(upstream.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for lower in &downstream[node] {
            missing[*lower] -= 1;
            if missing[*lower] == 0 {
                ready.push(Reverse(*lower));
            }
        }
    }
    (order.len() == upstream.len()).then_some(order)
}

fn levels(upstream: &[Vec<usize>], order: &[usize]) -> Vec<Vec<usize>> {
    let mut level = vec![0; upstream.len()];
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for node in order {
        level[*node] = upstream[*node].iter().map(|upper| level[*upper] + 1).max().unwrap_or(0);
        if levels.len() <= level[*node] {
            levels.resize_with(level[*node] + 1, Vec::new);
        }
    }
    for (node, level) in level.into_iter().enumerate() {
        levels[level].push(node);
    }
    levels
}
