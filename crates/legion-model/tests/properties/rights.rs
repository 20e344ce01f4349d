//! Who may do what: total, and never anything above.

use std::collections::BTreeSet;

use legion_model::authority::{Verb, authorise};
use legion_model::{Organisation, Party, RefusalKind};
use proptest::prelude::*;

use crate::organisation::{agent, tree};

fn parties(state: &Organisation) -> Vec<Party> {
    // With one who was never there.
    let strangers = [Party::Agent(agent(9_999))];
    std::iter::once(Party::Root).chain(state.agents.keys().map(|id| Party::Agent(*id))).chain(strangers).collect()
}

fn allowed(state: &Organisation, caller: Party, verb: Verb) -> BTreeSet<Party> {
    parties(state).into_iter().filter(|object| authorise(state, caller, verb, *object).is_ok()).collect()
}

proptest! {
    // Each case asks everybody about everybody.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_question_has_an_answer(parents in prop::collection::vec(0_usize..20, 0..20)) {
        let state = tree(&parents);
        for caller in parties(&state) {
            for &verb in Verb::ALL {
                for object in parties(&state) {
                    match authorise(&state, caller, verb, object) {
                        Ok(()) => {}
                        Err(refusal) => {
                            prop_assert_eq!(refusal.kind, RefusalKind::Forbidden);
                            prop_assert!(!refusal.what.is_empty() && refusal.hint.is_some());
                            prop_assert!(caller != Party::Root || verb == Verb::Acknowledge);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_may_anything_to_those_above(parents in prop::collection::vec(0_usize..20, 1..20)) {
        let state = tree(&parents);
        for id in state.agents.keys() {
            let caller = Party::Agent(*id);
            let above: Vec<Party> = state.ancestors(caller).collect();
            for verb in [Verb::Hire, Verb::Interrupt, Verb::Fire, Verb::Look, Verb::Serve] {
                let may_do = allowed(&state, caller, verb);
                prop_assert!(above.iter().all(|party| !may_do.contains(party)), "{caller} {verb:?}");
            }
            // One may speak to one's own parent, and wait for it, and to nobody higher.
            for verb in [Verb::Tell, Verb::Wait] {
                let may_do = allowed(&state, caller, verb);
                prop_assert!(may_do.contains(&above[0]));
                prop_assert!(above[1..].iter().all(|party| !may_do.contains(party)));
                prop_assert!(!may_do.contains(&caller));
            }
            for verb in [Verb::Interrupt, Verb::Fire] {
                prop_assert!(!allowed(&state, caller, verb).contains(&caller));
            }
        }
    }

    #[test]
    fn rights_over_others_only_shrink_going_down(parents in prop::collection::vec(0_usize..20, 1..20)) {
        let state = tree(&parents);
        for child in state.agents.values() {
            for verb in [Verb::Hire, Verb::Interrupt, Verb::Fire, Verb::Look] {
                let childs = allowed(&state, child.id.into(), verb);
                let parents = allowed(&state, child.parent, verb);
                prop_assert!(childs.is_subset(&parents), "{} {verb:?}", child.id);
            }
        }
    }

    #[test]
    fn everyone_rules_over_all_below(parents in prop::collection::vec(0_usize..20, 1..20)) {
        let state = tree(&parents);
        for id in state.agents.keys() {
            let below: BTreeSet<Party> = state.subtree((*id).into()).into_iter().map(Party::Agent).collect();
            for verb in [Verb::Hire, Verb::Tell, Verb::Interrupt, Verb::Fire, Verb::Look, Verb::Wait] {
                prop_assert!(below.is_subset(&allowed(&state, (*id).into(), verb)));
            }
        }
    }
}
