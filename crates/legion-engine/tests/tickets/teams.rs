//! Teams: each that looks at an attempt has a clone of its own, and sends it back or lets it through.

use legion_model::tickets::{Duty, Role, SessionSettings, Team};
use legion_model::{DriverKind, Party};

use crate::support::{Bench, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_sends_an_attempt_back_and_then_lets_it_through() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    // Its exit code is its verdict. It sees the difference in what it is told, and the files in its clone.
    let review = "cat > told; grep -q '^+' told || exit 9; \
                  if grep -q careful work; then echo fine; else echo 'say careful, please'; exit 1; fi";
    let role = Role {
        id: "strict".to_owned(),
        name: "Strict".to_owned(),
        description: "reads closely".to_owned(),
        duty: Duty::Review,
        prompt: "Be strict.".to_owned(),
        driver: Some(DriverKind::Command),
        command: Some(vec!["sh".to_owned(), "-c".to_owned(), review.to_owned()]),
        model: None,
        builtin: false,
    };
    let engine = &bench.engine;
    engine.role_set(bench.project, Party::Root, None, role).await.expect("set");
    let team = Team {
        id: "pair".to_owned(),
        name: "Pair".to_owned(),
        description: "one writes, one reads".to_owned(),
        roles: vec!["engineer".to_owned(), "strict".to_owned()],
        prompt: "You are two.".to_owned(),
        builtin: false,
    };
    engine.team_set(bench.project, Party::Root, None, team).await.expect("set");
    let script = "cat > told; grep -q 'You are two.' told || exit 9; \
                  if grep -q 'say careful, please' told; then echo careful > work; else echo hasty > work; fi; rm told";
    let mut one = ticket("one", script);
    one.spec.team = Some("pair".to_owned());
    let ids = bench.add(vec![one]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("work").await, "careful");
    let id = ids[0];
    let history = bench.read(move |board| board.tickets[&id].history.clone()).await;
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].why, "strict sent it back");
    // Nothing that the reviewer left in its clone is part of the work.
    let files = bench.control(&["ls-tree", "-r", "--name-only", crate::support::TARGET]).await;
    assert_eq!(files, "README\nwork");
    bench.until("all clones are removed", |board| board.places.is_empty().then_some(())).await;
    assert_eq!(bench.clones(), [""; 0]);
    bench.end().await;
}
