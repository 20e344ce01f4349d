//! Every caller, every verb, every relation. A change of this table is a change of who may do what: it is read by a person.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use legion_model::authority::{Kind, Relation, Verb, permits, permits_anything};

const GOLDEN: &str = include_str!("../golden/authority.txt");

/// What a row permits, and what it does not.
fn table() -> (String, usize) {
    let mut text = String::new();
    let mut asked = 0;
    for &kind in Kind::ALL {
        writeln!(text, "{kind:?}").expect("a string takes it");
        for &verb in Verb::ALL {
            let reached: Vec<String> = Relation::ALL
                .iter()
                .inspect(|_| asked += 1)
                .filter(|relation| permits(kind, verb, **relation))
                .map(|relation| format!("{relation:?}"))
                .collect();
            assert_eq!(permits_anything(kind, verb), !reached.is_empty());
            let reached = match reached.len() {
                0 => "-".to_owned(),
                all if all == Relation::ALL.len() => "everything".to_owned(),
                _ => reached.join(" "),
            };
            writeln!(text, "  {:<16} {reached}", format!("{verb:?}")).expect("a string takes it");
        }
    }
    (text, asked)
}

#[test]
fn every_combination_is_as_it_is_written_down() {
    let (found, asked) = table();
    assert_eq!(asked, Kind::ALL.len() * Verb::ALL.len() * Relation::ALL.len());
    println!("{asked} combinations");
    assert_eq!(found, GOLDEN, "the table is:\n{found}");
}

#[test]
fn an_outsider_may_nothing_and_an_agent_nothing_upwards() {
    for &verb in Verb::ALL {
        assert!(Relation::ALL.iter().all(|relation| !permits(Kind::Outsider, verb, *relation)), "{verb:?}");
        let upwards = [
            Relation::Ancestor,
            Relation::Stranger,
            Relation::OthersMail,
            Relation::OtherDispatched,
            Relation::OtherSession,
            Relation::Absent,
        ];
        assert!(upwards.iter().all(|relation| !permits(Kind::Agent, verb, *relation)), "{verb:?}");
        let to_a_parent = permits(Kind::Agent, verb, Relation::Parent);
        assert_eq!(to_a_parent, matches!(verb, Verb::Tell | Verb::Wait | Verb::Name), "{verb:?}");
    }
}

#[test]
fn words_of_verbs_are_there() {
    let words: BTreeSet<&str> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
    assert!(words.iter().all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == ' ')));
}
