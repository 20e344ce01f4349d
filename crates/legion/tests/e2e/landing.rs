//! `legion land` in each of its modes, into branches of the person's.

use std::path::Path;

use crate::kit::git;
use crate::small;
use crate::support::{Legion, text};

fn refs(work: &Path) -> String {
    git(work, &["for-each-ref", "--format=%(refname) %(objectname)"])
}

#[test]
fn a_landing_moves_forward_merges_only_when_told_to_and_tells_before() {
    let legion = Legion::new();
    let work = legion.work();
    small::make(&work, &[("README", "hello\n")]);
    // A merge commit is the person's.
    git(&work, &["config", "user.name", "You"]);
    git(&work, &["config", "user.email", "you@example.com"]);
    let worker = small::program(&legion, "one", "echo one > one.txt\n");
    let plan = small::plan(
        &legion,
        &format!(
            "[[ticket]]\nid = \"one\"\ntitle = \"Add one\"\nprompt = \"add\"\ngate = \"test -e one.txt\"\n\
             driver = \"command\"\ncommand = \"{worker}\"\n"
        ),
    );
    legion.start();
    legion.ok(&["run", &plan]);
    git(&work, &["branch", "apart"]);
    let tip = git(&small::control(&legion), &["rev-parse", "refs/heads/legion/main/leader"]);

    // It says what it would do, to a branch that is there and to one that is not, and does nothing.
    let before = refs(&work);
    for into in [None, Some("fresh")] {
        let arguments: Vec<&str> =
            ["land", "--dry-run"].into_iter().chain(into.into_iter().flat_map(|name| ["--into", name])).collect();
        let told = legion.json(&arguments);
        assert_eq!(told["dry_run"], true, "{told}");
        assert_eq!(told["new"], tip.as_str(), "{told}");
        assert_eq!(told["branch"], into.unwrap_or("main"), "{told}");
        assert_eq!(told["old"].is_null(), into.is_some(), "{told}");
        assert_eq!(told["tickets"][0]["title"], "Add one", "{told}");
        assert_eq!(refs(&work), before, "nothing is moved");
    }

    // A branch with commits of its own: not by moving forward, with and without the word.
    git(&work, &["switch", "--quiet", "apart"]);
    std::fs::write(work.join("own.txt"), "mine\n").expect("a file");
    git(&work, &["add", "own.txt"]);
    git(&work, &["commit", "--quiet", "--message", "My own"]);
    let own = git(&work, &["rev-parse", "HEAD"]);
    let before = refs(&work);
    for arguments in [&["land", "--into", "apart"][..], &["land", "--into", "apart", "--ff"]] {
        let refused = legion.run(arguments);
        assert!(!refused.status.success(), "{}", text(&refused.stdout));
        let said = text(&refused.stderr);
        assert!(said.contains("apart") && said.contains("legion sync"), "{said}");
        assert_eq!((refs(&work), git(&work, &["rev-parse", "HEAD"])), (before.clone(), own.clone()));
    }
    // Merged when that is asked for: both sides are its parents, and what is checked out follows.
    let told = legion.run(&["land", "--into", "apart", "--merge"]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    assert!(text(&told.stderr).contains("this merge was not tested"), "{}", text(&told.stderr));
    assert_eq!(git(&work, &["rev-parse", "apart^1", "apart^2"]), format!("{own}\n{tip}"));
    assert_eq!(git(&work, &["status", "--porcelain"]), "");
    assert!(work.join("one.txt").exists() && work.join("own.txt").exists());

    // The branch that it began on has nothing of its own: it moves forward, and once more changes nothing.
    let landed = legion.json(&["land", "--ff"]);
    assert_eq!((landed["branch"].as_str(), landed["new"].as_str()), (Some("main"), Some(tip.as_str())), "{landed}");
    assert_eq!(git(&work, &["rev-parse", "main"]), tip);
    let before = refs(&work);
    let again = legion.json(&["land", "--ff"]);
    assert_eq!((again["old"].as_str(), again["new"].as_str()), (Some(tip.as_str()), Some(tip.as_str())), "{again}");
    assert_eq!(refs(&work), before);
    // One of the two.
    assert_eq!(legion.run(&["land", "--ff", "--merge"]).status.code(), Some(2));
}
