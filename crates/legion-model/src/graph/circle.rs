//! Circles: nodes that wait for themselves by way of others.

use std::collections::VecDeque;

/// A shortest circle through the lowest node of each knot of circles, in rising order of that node. Each circle lists its nodes in
/// the direction of waiting, without the first one again: the first waits for the second, the last waits for the first.
pub fn circles(upstream: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let knots = knots(upstream);
    let mut size = vec![0_usize; upstream.len()];
    for knot in &knots {
        size[*knot] += 1;
    }
    let mut told = vec![false; upstream.len()];
    let mut found = Vec::new();
    for node in 0..upstream.len() {
        let knot = knots[node];
        if told[knot] || (size[knot] == 1 && !upstream[node].contains(&node)) {
            continue;
        }
        told[knot] = true;
        found.extend(shortest_through(upstream, &knots, node));
    }
    found
}

/// The way from `start` back to itself with the fewest nodes.
fn shortest_through(upstream: &[Vec<usize>], knots: &[usize], start: usize) -> Option<Vec<usize>> {
    let mut from = std::collections::HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for upper in &upstream[node] {
            if *upper == start {
                let mut circle = vec![node];
                while let Some(before) = from.get(circle.last().expect("made with one node above")) {
                    circle.push(*before);
                }
                circle.reverse();
                return Some(circle);
            }
            if knots[*upper] == knots[start] && !from.contains_key(upper) {
                from.insert(*upper, node);
                queue.push_back(*upper);
            }
        }
    }
    None
}

/// For each node the number of its strongly connected component (Tarjan's method, without recursion: a plan may be one long chain).
fn knots(upstream: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let count = upstream.len();
    let (mut index, mut low, mut knot) = (vec![UNSEEN; count], vec![0; count], vec![UNSEEN; count]);
    let (mut stack, mut next_index, mut next_knot) = (Vec::new(), 0, 0);
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.pop() {
            if edge == 0 {
                index[node] = next_index;
                low[node] = next_index;
                next_index += 1;
                stack.push(node);
            }
            match upstream[node].get(edge) {
                Some(&upper) => {
                    path.push((node, edge + 1));
                    if index[upper] == UNSEEN {
                        path.push((upper, 0));
                    } else if knot[upper] == UNSEEN {
                        low[node] = low[node].min(index[upper]);
                    }
                }
                None => {
                    if low[node] == index[node] {
                        while let Some(member) = stack.pop() {
                            knot[member] = next_knot;
                            if member == node {
                                break;
                            }
                        }
                        next_knot += 1;
                    }
                    if let Some((parent, _)) = path.last() {
                        low[*parent] = low[*parent].min(low[node]);
                    }
                }
            }
        }
    }
    knot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_without_circles_has_none() {
        assert!(circles(&[vec![], vec![0], vec![0, 1], vec![2, 1]]).is_empty());
    }

    #[test]
    fn a_circle_is_named_in_the_direction_of_waiting_from_its_lowest_node() {
        assert_eq!(circles(&[vec![2], vec![0], vec![1]]), [vec![0, 2, 1]]);
        assert_eq!(circles(&[vec![], vec![1]]), [vec![1]]);
    }

    #[test]
    fn each_knot_gives_its_shortest_circle() {
        // 0 → 1 → 2 → 0 with the short cut 1 → 0; apart from it 3 ⇄ 4; 5 waits for a circle without being in one.
        assert_eq!(circles(&[vec![1], vec![2, 0], vec![0], vec![4], vec![3], vec![0]]), [vec![0, 1], vec![3, 4]]);
    }

    #[test]
    fn a_circle_of_many_nodes_is_found() {
        let count = 10_000;
        let ring: Vec<Vec<usize>> = (0..count).map(|node| vec![(node + 1) % count]).collect();
        assert_eq!(circles(&ring), [(0..count).collect::<Vec<_>>()]);
    }
}
