//! The escape suite: every probe inside of every tier, and outside, where it must succeed.

use std::path::Path;

use legion_sandbox::{Account, Extent, Outcome, Report, SelfTest, Tier, Tools, Verdict};

/// A service that is root gives agents a user of their own; any number does.
const AGENT: u32 = 54_321;

fn self_test() -> SelfTest {
    let root = rustix::process::geteuid().is_root();
    SelfTest {
        tools: Tools::find(Path::new(env!("CARGO_BIN_EXE_legion-test-confine")).to_owned()),
        account: root.then_some(Account { uid: AGENT, gid: AGENT }),
        scratch: std::env::temp_dir(),
    }
}

async fn run(extent: Extent) -> Report {
    self_test().run(extent).await
}

#[tokio::test]
async fn no_tier_lets_through_what_it_promises_to_hold_and_every_probe_succeeds_outside() {
    let report = run(Extent::Whole).await;
    for tier in [Tier::Full, Tier::Landlock] {
        let found = report.of(tier).expect("both are tried");
        println!("{found}\n{}", found.table());
        assert_eq!(found.verdict, Verdict::Works, "{found}\n{}", found.table());
        let without_control: Vec<_> =
            found.rows.iter().filter(|row| matches!(row.control, Outcome::Refused(_))).collect();
        assert!(without_control.is_empty(), "these fail outside too and show nothing: {without_control:#?}");
        assert_eq!(found.escapes().count(), 0);
        assert!(found.rows.iter().filter(|row| row.shown()).count() >= 40, "{}", found.table());
    }
}
