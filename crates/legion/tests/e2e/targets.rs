//! The target of a session against somebody who moves it, and the person's own commits on their way into it.

use crate::kit::git;
use crate::small;
use crate::support::Legion;

/// A plan of one ticket that adds a file.
fn add(legion: &Legion, name: &str) -> String {
    let worker = small::program(legion, name, &format!("echo {name} > {name}.txt\n"));
    small::plan(
        legion,
        &format!(
            "[defaults]\ndriver = \"command\"\ncommand = \"{worker}\"\n[[ticket]]\nid = \"{name}\"\ntitle = \"Add {name}\"\n\
             prompt = \"add\"\ngate = \"test -e {name}.txt\"\n"
        ),
    )
}

#[test]
fn a_target_that_somebody_moved_is_put_back_and_nothing_of_it_is_lost() {
    let legion = Legion::new();
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["run", &add(&legion, "one")]);
    let control = small::control(&legion);
    let tip = git(&control, &["rev-parse", "refs/heads/legion/main/leader"]);
    let tree = git(&control, &["rev-parse", "refs/heads/legion/main/leader^{tree}"]);
    let foreign = git(&control, &["commit-tree", "-m", "not tested", "-p", &tip, &tree]);
    let is_kept = || git(&control, &["for-each-ref", "--format=%(objectname)", "refs/legion/moved/main"]);

    // While it runs: the next landing finds it.
    git(&control, &["update-ref", "refs/heads/legion/main/leader", &foreign]);
    legion.ok(&["run", &add(&legion, "two")]);
    assert_eq!(is_kept(), foreign);
    let history = git(&control, &["rev-list", "--first-parent", "refs/heads/legion/main/leader"]);
    assert!(!history.contains(&foreign), "what nobody tested is merged");
    assert_eq!(history.lines().nth(1), Some(tip.as_str()), "the landing stands on the tip of the log");
    let told = |legion: &Legion| legion.inbox().iter().filter(|letter| letter.to_string().contains(&foreign)).count();
    assert_eq!(told(&legion), 1, "{:?}", legion.inbox());

    // While it does not run: the start finds it, also when the branch is gone altogether.
    let tip = git(&control, &["rev-parse", "refs/heads/legion/main/leader"]);
    for move_it in [
        &["update-ref", "refs/heads/legion/main/leader", &foreign][..],
        &["update-ref", "-d", "refs/heads/legion/main/leader"],
    ] {
        legion.ok(&["down"]);
        git(&control, move_it);
        legion.start();
        legion.until("the target is put back", || {
            (git(&control, &["for-each-ref", "--format=%(objectname)", "refs/heads/legion/main/leader"]) == tip)
                .then_some(())
        });
    }
    legion.ok(&["run", &add(&legion, "three")]);
}

#[test]
fn sync_waits_and_says_what_became_of_the_commits() {
    let legion = Legion::new();
    let work = legion.work();
    small::make(&work, &[("README", "hello\n"), ("legion.toml", "[gates]\nred = \"test ! -e red\"\n")]);
    legion.start();
    legion.ok(&["init"]);
    git(&work, &["add", "--all"]);
    git(&work, &["commit", "--quiet", "--message", "Use Legion"]);
    let head = git(&work, &["rev-parse", "HEAD"]);
    let said = legion.ok(&["sync"]);
    assert!(said.contains("is in session `main`"), "{said}");
    assert!(legion.json(&["sync"])["end"]["landed"].is_string(), "what is in it already is in it");
    assert!(git(&small::control(&legion), &["rev-list", "refs/heads/legion/main/leader"]).contains(&head));

    std::fs::write(work.join("red"), "").expect("a file");
    git(&work, &["add", "--all"]);
    git(&work, &["commit", "--quiet", "--message", "Red"]);
    let output = legion.run(&["sync"]);
    let said = crate::support::text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("did not get into") && said.contains("the gate `red` failed"), "{said}");
    let checked = legion.ok(&["check"]);
    assert!(checked.contains("are not in it") && checked.contains("the gate `red`"), "{checked}");
    // A gate whose name is mistyped would judge nothing.
    git(&work, &["rm", "--quiet", "red"]);
    std::fs::write(work.join("legion.toml"), "[gate]\nred = \"test ! -e red\"\n").expect("a file");
    git(&work, &["commit", "--quiet", "--all", "--message", "A slip"]);
    let said = legion.run(&["sync"]);
    assert_eq!(said.status.code(), Some(1));
    let said = crate::support::text(&said.stdout);
    assert!(said.contains("no `gate`") && said.contains("`gates`"), "{said}");
    let queued = legion.json(&["sync", "--detach"]);
    assert!(queued["end"].is_null() && queued["number"].is_number(), "{queued}");
}
