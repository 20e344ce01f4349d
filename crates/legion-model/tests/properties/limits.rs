//! Limits only narrow going down, whatever is asked for.

use std::collections::BTreeSet;

use legion_model::{
    Agent, Bounds, DriverKind, HireOrder, Limits, MicroUsd, Organisation, Party, PermissionMode, RefusalKind, tools,
};
use proptest::option;
use proptest::prelude::*;

use crate::organisation::{agent, hire, plain_hire};

const MODELS: [&str; 3] = ["small", "middle", "large"];
const TOOLS: [&str; 8] = [
    "Bash",
    "Bash(git *)",
    "Bash(git log *)",
    "Read",
    "mcp__files",
    "mcp__files__read",
    "mcp__files__read(/etc/*)",
    "mcp__other",
];
const DIRECTORIES: [&str; 6] = ["/work", "/work/", "/work/a", "/work/a/b", "/work-beside", "/elsewhere"];

fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(prop::sample::select(words), 0..4)
        .prop_map(|words| words.into_iter().map(str::to_owned).collect())
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        option::of(0_u32..5),
        option::of(0_u64..5),
        option::of(0_u64..100),
        option::of(0_u32..5),
        option::of(0_u32..4),
        option::weighted(0.3, some_of(&MODELS)),
    )
        .prop_map(|(turns, seconds, budget, headcount, depth, models)| Limits {
            turns,
            seconds,
            budget: budget.map(MicroUsd),
            headcount,
            depth,
            models,
        })
}

/// What a hire asks for; its place in the tree comes later.
fn wishes() -> impl Strategy<Value = (usize, HireOrder)> {
    (
        0_usize..12,
        any::<bool>(),
        option::of(prop::sample::select(&MODELS[..])),
        option::of(prop::sample::select(&DIRECTORIES[..])),
        option::weighted(0.4, some_of(&TOOLS)),
        option::of(prop::sample::select(vec![
            PermissionMode::Plan,
            PermissionMode::DontAsk,
            PermissionMode::Default,
            PermissionMode::AcceptEdits,
        ])),
        option::weighted(0.7, limits()),
    )
        .prop_map(|(place, is_claude, model, cwd, tools, permission_mode, limits)| {
            let mut order = plain_hire(1, Party::Root);
            if is_claude {
                order.driver = DriverKind::Claude;
                order.command = None;
            }
            order.model = model.map(str::to_owned);
            order.cwd = cwd.map(str::to_owned);
            order.tools = tools.map(|tools| tools.into_iter().collect());
            order.permission_mode = permission_mode;
            order.limits = limits.unwrap_or_default();
            (place, order)
        })
}

fn bounds() -> Bounds {
    Bounds { headcount_max: 10, depth_max: 4, ..Bounds::default() }
}

/// Hires in turn; calls `check` after each with what was asked and whether it was granted.
fn hire_all(
    wishes: Vec<(usize, HireOrder)>,
    mut check: impl FnMut(&Organisation, &Organisation, &HireOrder, Option<RefusalKind>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut state = Organisation::new(bounds());
    for (index, (place, mut order)) in wishes.into_iter().enumerate() {
        let fresh = plain_hire(index + 1, Party::Root);
        (order.agent, order.message) = (fresh.agent, fresh.message);
        order.parent = match place % (index + 1) {
            0 => Party::Root,
            number => agent(number).into(),
        };
        if order.parent == Party::Root {
            order.cwd = order.cwd.or_else(|| Some("/work".to_owned()));
        }
        let before = state.clone();
        let refused = hire(&mut state, order.clone()).err().map(|refusal| refusal.kind);
        check(&before, &state, &order, refused)?;
    }
    Ok(())
}

fn within<T: Ord>(child: Option<&T>, parent: Option<&T>) -> bool {
    match (child, parent) {
        (_, None) => true,
        (Some(child), Some(parent)) => child <= parent,
        (None, Some(_)) => false,
    }
}

fn is_narrower(child: &Agent, parent: &Agent) -> Result<(), TestCaseError> {
    let (own, above) = (&child.spec.limits, &parent.spec.limits);
    prop_assert!(within(own.turns.as_ref(), above.turns.as_ref()), "turns");
    prop_assert!(within(own.seconds.as_ref(), above.seconds.as_ref()), "seconds");
    prop_assert!(within(own.headcount.map(|n| n + 1).as_ref(), above.headcount.as_ref()), "headcount");
    prop_assert!(within(own.depth.map(|n| n + 1).as_ref(), above.depth.as_ref()), "depth");
    prop_assert!(above.budget.is_none_or(|above| own.budget.is_none_or(|own| own <= above)), "budget");
    if let Some(above) = &above.models {
        prop_assert!(own.models.as_ref().is_some_and(|own| own.is_subset(above)), "models");
        prop_assert!(child.spec.model.as_ref().is_none_or(|model| above.contains(model)), "model");
    }
    prop_assert!(child.spec.permission_mode <= parent.spec.permission_mode, "permission mode");
    prop_assert!(std::path::Path::new(&child.spec.cwd).starts_with(&parent.spec.cwd), "directory");
    if let Some(above) = &parent.spec.tools {
        let own = child.spec.tools.as_ref();
        prop_assert!(own.is_some_and(|own| own.iter().all(|tool| tools::covers(above, tool))), "tools");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_report_never_exceeds_its_parent(wishes in prop::collection::vec(wishes(), 1..12)) {
        hire_all(wishes, |_, state, order, refused| {
            let (Party::Agent(parent), None) = (order.parent, refused) else { return Ok(()) };
            is_narrower(&state.agents[&order.agent], &state.agents[&parent])
        })?;
    }

    #[test]
    fn headcount_depth_and_budgets_hold_everywhere(wishes in prop::collection::vec(wishes(), 1..12)) {
        hire_all(wishes, |_, state, _, _| {
            prop_assert!(state.agents.len() <= 10);
            for agent in state.agents.values() {
                let member = Party::Agent(agent.id);
                prop_assert!(state.level(member) <= 4);
                let limits = &agent.spec.limits;
                prop_assert!(limits.headcount.is_none_or(|most| state.subtree(member).len() <= most as usize));
                prop_assert!(limits.depth.is_none_or(|most| state.height(member) <= most));
                // Nothing was spent: what is set aside fits.
                prop_assert!(limits.budget.is_none_or(|budget| state.committed(agent) <= budget));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_refusal_changes_nothing(wishes in prop::collection::vec(wishes(), 1..12)) {
        hire_all(wishes, |before, state, _, refused| {
            if refused.is_some() {
                prop_assert_eq!(before, state);
            }
            Ok(())
        })?;
    }

    /// Who asks for less than was granted is granted it as well.
    #[test]
    fn asking_for_nothing_is_never_too_much(wishes in prop::collection::vec(wishes(), 1..12)) {
        hire_all(wishes, |before, _, order, refused| {
            if refused.is_some() {
                return Ok(());
            }
            let mut less = plain_hire(0, order.parent);
            less.agent = order.agent;
            less.cwd = order.cwd.clone();
            let parent = order.parent.agent().and_then(|id| before.agents.get(&id));
            let mut state = before.clone();
            let answer = hire(&mut state, less);
            let has_money = parent.is_none_or(|_| before.budget_left(order.parent).is_none_or(|left| left.0 > 0));
            if has_money {
                prop_assert!(answer.is_ok(), "{answer:?}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_covers_what_is_covered_covers_it_too(
        above in some_of(&TOOLS), middle in some_of(&TOOLS), tool in prop::sample::select(&TOOLS[..]),
    ) {
        let middle: BTreeSet<String> = middle.into_iter().filter(|tool| tools::covers(&above, tool)).collect();
        if tools::covers(&middle, tool) {
            prop_assert!(tools::covers(&above, tool));
        }
    }
}
