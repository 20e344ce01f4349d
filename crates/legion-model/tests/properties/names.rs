//! Names: given ones are checked, made ones are always good, and no two reports of one parent share one.

use std::collections::BTreeSet;

use legion_model::{Bounds, Organisation, Party, RefusalKind, tools};
use proptest::option;
use proptest::prelude::*;

use crate::organisation::{agent, hire, plain_hire};

/// The rule of names, told once more.
fn is_name(name: &str) -> bool {
    let count = name.chars().count();
    let first = name.chars().next();
    (1..=64).contains(&count)
        && first.is_some_and(|c| c.is_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

proptest! {
    #[test]
    fn a_made_name_is_good_whatever_it_is_made_of(
        texts in prop::collection::vec((option::of(".{0,80}"), ".{0,200}"), 1..10),
    ) {
        let mut state = Organisation::new(Bounds::default());
        let mut names = BTreeSet::new();
        for (index, (role, head)) in texts.into_iter().enumerate() {
            let mut order = plain_hire(index + 1, Party::Root);
            order.role = role.map(|role| role.chars().filter(|c| !c.is_control()).take(64).collect());
            order.task_head = head;
            prop_assert!(hire(&mut state, order).is_ok());
            let name = state.agents[&agent(index + 1)].name.clone();
            prop_assert!(is_name(&name), "{name:?}");
            prop_assert!(name.is_ascii() && name != "root");
            prop_assert!(names.insert(name));
        }
    }

    #[test]
    fn a_given_name_is_taken_when_it_is_one(name in "[a-zA-Z0-9._ /ä-]{0,70}|.{0,10}|root") {
        let mut state = Organisation::new(Bounds::default());
        let mut order = plain_hire(1, Party::Root);
        order.name = Some(name.clone());
        match hire(&mut state, order).map_err(|refusal| refusal.kind) {
            Ok(_) => {
                prop_assert!(is_name(&name));
                prop_assert_eq!(&state.agents[&agent(1)].name, &name);
                // Beside it the name is taken, and below it is free.
                let mut again = plain_hire(2, Party::Root);
                again.name = Some(name.clone());
                prop_assert_eq!(hire(&mut state, again.clone()).map_err(|r| r.kind), Err(RefusalKind::Conflict));
                again.parent = agent(1).into();
                prop_assert!(hire(&mut state, again).is_ok());
            }
            Err(RefusalKind::Conflict) => prop_assert_eq!(name, "root"),
            Err(kind) => {
                prop_assert_eq!(kind, RefusalKind::Invalid);
                prop_assert!(!is_name(&name), "{name:?}");
            }
        }
    }

    #[test]
    fn a_role_has_no_control_characters(role in ".{0,70}|[a-z\\n\\x00]{0,70}") {
        let mut state = Organisation::new(Bounds::default());
        let mut order = plain_hire(1, Party::Root);
        order.role = Some(role.clone());
        let good = role.chars().count() <= 64 && !role.chars().any(char::is_control);
        prop_assert_eq!(hire(&mut state, order).is_ok(), good);
    }

    #[test]
    fn whether_a_tool_is_known_can_always_be_asked(tool in ".{0,300}|[A-Za-z_]{0,20}(\\([^)]{0,9}\\)?)?|mcp__.{0,20}") {
        if tools::is_known(&tool) {
            prop_assert!(tool.len() <= tools::NAME_BYTES_MAX && !tool.contains(','));
            let name = tools::base(&tool);
            prop_assert!(tools::KNOWN.contains(&name) || name.starts_with("mcp__"));
            prop_assert!(tools::covers(&BTreeSet::from([name.to_owned()]), &tool));
        }
    }
}
