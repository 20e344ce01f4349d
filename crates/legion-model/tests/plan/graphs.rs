//! Graphs of any shape.

use legion_model::graph::{Ancestors, Graph, Priority, circles};
use proptest::prelude::*;

/// Who waits for whom, with circles or without.
fn any_graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1_usize..24).prop_flat_map(|count| prop::collection::vec(prop::collection::vec(0..count, 0..3), count))
}

/// Without circles: a node waits only for nodes that come before it in some shuffled order. With durations and workers.
fn work() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<u64>, usize)> {
    (1_usize..32).prop_flat_map(|count| {
        let shuffled = Just((0..count).collect::<Vec<usize>>()).prop_shuffle();
        let edges = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), count);
        let graph = (shuffled, edges).prop_map(move |(order, edges)| {
            let mut upstream = vec![Vec::new(); count];
            for (at, edges) in edges.iter().enumerate().skip(1) {
                upstream[order[at]] = edges.iter().map(|edge| order[edge.index(at)]).collect();
            }
            upstream
        });
        (graph, prop::collection::vec(0_u64..50, count), 1_usize..9)
    })
}

proptest! {
    #[test]
    fn a_graph_has_an_order_or_circles_that_are_there(upstream in any_graph()) {
        match Graph::new(upstream.clone()) {
            Ok(graph) => {
                prop_assert!(circles(&upstream).is_empty());
                let mut place = vec![usize::MAX; upstream.len()];
                for (at, node) in graph.order().iter().enumerate() {
                    place[*node] = at;
                }
                prop_assert!(!place.contains(&usize::MAX));
                for (node, above) in upstream.iter().enumerate() {
                    prop_assert!(above.iter().all(|upper| place[*upper] < place[node]));
                }
            }
            Err(found) => {
                prop_assert!(!found.is_empty());
                for circle in found {
                    let next = circle.iter().cycle().skip(1);
                    for (node, waited_for) in circle.iter().zip(next) {
                        prop_assert!(upstream[*node].contains(waited_for), "{circle:?} is no circle");
                    }
                    let mut nodes = circle.clone();
                    nodes.sort_unstable();
                    nodes.dedup();
                    prop_assert_eq!(nodes.len(), circle.len());
                    prop_assert_eq!(nodes[0], circle[0]);
                }
            }
        }
    }

    #[test]
    fn levels_and_ancestors_say_what_the_edges_say((upstream, _, _) in work()) {
        let graph = Graph::new(upstream.clone()).unwrap();
        let ancestors = Ancestors::of(&graph);
        let mut above: Vec<std::collections::BTreeSet<usize>> = vec![Default::default(); upstream.len()];
        for node in graph.order() {
            let all = upstream[*node].iter().flat_map(|upper| above[*upper].iter().copied().chain([*upper])).collect();
            above[*node] = all;
        }
        for node in 0..upstream.len() {
            for other in 0..upstream.len() {
                prop_assert_eq!(ancestors.waits_for(node, other), above[node].contains(&other), "{} {}", node, other);
                let ordered = above[node].contains(&other) || above[other].contains(&node);
                prop_assert_eq!(ancestors.are_ordered(node, other), ordered);
            }
            let level = |node: usize| graph.levels().iter().position(|level| level.contains(&node)).unwrap();
            let expected = upstream[node].iter().map(|upper| level(*upper) + 1).max().unwrap_or(0);
            prop_assert_eq!(level(node), expected);
        }
    }

    #[test]
    fn the_critical_path_is_a_way_of_its_length((upstream, durations, _) in work()) {
        let graph = Graph::new(upstream.clone()).unwrap();
        let path = graph.critical_path(&durations);
        prop_assert_eq!(path.nodes.iter().map(|node| durations[*node]).sum::<u64>(), path.duration);
        prop_assert!(path.nodes.windows(2).all(|pair| upstream[pair[1]].contains(&pair[0])));
        // No longer way: each node ends at the earliest when its longest way to it says.
        let mut ends = vec![0; upstream.len()];
        for node in graph.order() {
            ends[*node] = durations[*node] + upstream[*node].iter().map(|upper| ends[*upper]).max().unwrap_or(0);
        }
        prop_assert_eq!(ends.into_iter().max().unwrap_or(0), path.duration);
    }

    #[test]
    fn a_schedule_keeps_to_the_graph_and_to_its_bounds((upstream, durations, workers) in work(), listed: bool) {
        let graph = Graph::new(upstream.clone()).unwrap();
        let priority = if listed { Priority::Listed } else { Priority::LongestTail };
        let schedule = graph.list_schedule(&durations, workers, priority);
        let bound = graph.lower_bound(&durations, workers);
        prop_assert!(schedule.makespan >= bound, "{} under {bound}", schedule.makespan);
        prop_assert!(schedule.makespan <= 2 * bound, "{} over twice {bound}", schedule.makespan);
        let end = |node: usize| schedule.starts[node] + durations[node];
        prop_assert_eq!((0..upstream.len()).map(end).max().unwrap_or(0), schedule.makespan);
        for (node, above) in upstream.iter().enumerate() {
            prop_assert!(above.iter().all(|upper| end(*upper) <= schedule.starts[node]));
            let at = schedule.starts[node];
            let working = (0..upstream.len()).filter(|other| schedule.starts[*other] <= at && at < end(*other)).count();
            prop_assert!(working <= workers, "{working} at {at}");
        }
        prop_assert_eq!(graph.list_schedule(&durations, 1, priority).makespan, durations.iter().sum::<u64>());
        prop_assert_eq!(graph.list_schedule(&durations, upstream.len(), priority).makespan, graph.critical_path(&durations).duration);
    }
}
