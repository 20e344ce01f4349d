//! Whose calls to models go past the gateway.

use legion_api::Tree;

use super::dollars;
use crate::hooks::{Probe, Verdict};

/// Agents that are named; the others are counted.
const NAMED_MAX: usize = 5;

/// What `doctor` says of it: agents whose programs report money that the gateway did not see are named, the dearest first.
pub(crate) fn past_gateway(tree: &Tree, is_set_up: bool) -> Probe {
    let mut past = Vec::new();
    collect(tree, &mut past);
    past.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let unheld = "no route or budget of the gateway holds for that";
    let (verdict, detail, fix) = match (past.len(), is_set_up) {
        (0, true) => (Verdict::Ok, "no agent reports money that was spent past it".to_owned(), None),
        (0, false) => (
            Verdict::Note,
            format!("no provider is set up: agents' programs call their own by themselves, and {unheld}"),
            Some("`legion provider add` sets one up"),
        ),
        (count, _) => {
            let mut who: Vec<String> =
                past.iter().take(NAMED_MAX).map(|(usd, name)| format!("{name} {}", dollars(*usd))).collect();
            if let Some(more) = count.checked_sub(NAMED_MAX).filter(|more| *more > 0) {
                who.push(format!("{more} more"));
            }
            let fix = match is_set_up {
                true => "programs that start from now on go through it",
                false => {
                    "`legion provider add NAME --template anthropic-login` leads them through it with the login that they have"
                }
            };
            (Verdict::Warning, format!("past it, and {unheld}: {}", who.join(", ")), Some(fix))
        }
    };
    Probe { name: "gateway".to_owned(), verdict, detail, fix: fix.map(str::to_owned) }
}

fn collect<'a>(node: &'a Tree, past: &mut Vec<(f64, &'a str)>) {
    past.extend(node.beside_gateway_usd.map(|usd| (usd, node.name.as_str())));
    for report in &node.reports {
        collect(report, past);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{probes, samples};

    #[test]
    fn who_pays_past_the_gateway_is_named_and_what_to_do() {
        let said = |tree: &Tree, is_set_up| probes(&[past_gateway(tree, is_set_up)], &samples::look());
        let mut tree = samples::organisation();
        insta::assert_snapshot!(said(&tree, true), @"ok  gateway  no agent reports money that was spent past it");
        insta::assert_snapshot!(said(&tree, false), @r"
        note  gateway  no provider is set up: agents' programs call their own by themselves, and no route or budget of the gateway holds for that
                hint: `legion provider add` sets one up
        ");
        tree.reports[0].beside_gateway_usd = Some(0.0421);
        tree.reports[0].reports[0].beside_gateway_usd = Some(1.2);
        insta::assert_snapshot!(said(&tree, false), @r"
        warning  gateway  past it, and no route or budget of the gateway holds for that: shaping $1.20, leader $0.0421
                hint: `legion provider add NAME --template anthropic-login` leads them through it with the login that they have
        ");
        insta::assert_snapshot!(said(&tree, true), @r"
        warning  gateway  past it, and no route or budget of the gateway holds for that: shaping $1.20, leader $0.0421
                hint: programs that start from now on go through it
        ");
        let report = tree.reports[0].clone();
        tree.reports = vec![report; 4];
        let detail = past_gateway(&tree, true).detail;
        assert!(detail.ends_with("shaping $1.20, leader $0.0421, 3 more"), "{detail}");
    }
}
