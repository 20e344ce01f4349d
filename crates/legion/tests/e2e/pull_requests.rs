//! `legion land --pr` with a remote on this machine, and a program in place of the forge's that keeps pull requests in a file.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Legion, text};
use crate::{kit, small};

/// Knows one pull request, as the real one does: to open a second one for a branch is an error, and one that is not there is none.
const GH: &str = "#!/bin/sh\necho \"$1 $2\" >> calls\ncase \"$1 $2\" in\n\
                  'pr view') [ -e state ] || { echo 'no pull requests found' >&2; exit 1; }\n\
                  printf '{\"state\":\"%s\",\"url\":\"https://forge.invalid/pr/%s\"}\\n' \"$(cat state)\" \"$(wc -l < opened | tr -d ' ')\";;\n\
                  'pr create') if [ \"$(cat state 2> /dev/null)\" = OPEN ]; then echo 'a pull request already exists' >&2; exit 1; fi\n\
                  echo OPEN > state; echo x >> opened; echo \"https://forge.invalid/pr/$(wc -l < opened | tr -d ' ')\";;\n\
                  *) exit 2;;\nesac\n";

#[test]
fn a_second_landing_goes_into_the_pull_request_that_is_open() {
    let mut legion = Legion::not_held();
    let forge = legion.dir.dir("forge");
    let gh = legion.dir.file("bin/gh", GH.replace("\necho", &format!("\ncd '{}'\necho", forge.display())));
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    legion.prepend_path(gh.parent().expect("above"));
    small::make(&legion.work(), &[("README", "hello\n")]);
    let remote = legion.dir.path().join("remote.git");
    kit::git(legion.dir.path(), &["init", "--quiet", "--bare", remote.to_str().expect("UTF-8")]);
    kit::git(&legion.work(), &["remote", "add", "origin", remote.to_str().expect("UTF-8")]);
    legion.start();
    legion.ok(&["init"]);
    let land = |name: &str| {
        let program = small::program(&legion, name, &format!("cat > /dev/null; echo {name} > {name}"));
        legion.ok(&["dispatch", "-k", "x", "--gate", "true", "--command", &program, name]);
        legion.until("it is merged", || {
            let tickets = small::tickets(&legion.json(&["check"]));
            tickets.values().all(|ticket| ticket["status"] == "done").then_some(())
        });
        let landed = legion.json(&["land", "--pr"]);
        let pushed = kit::git(&remote, &["rev-parse", "refs/heads/legion/main"]);
        assert_eq!(landed["new"], pushed, "what was landed is pushed");
        landed["pull_request"].clone()
    };
    let calls = || std::fs::read_to_string(forge.join("calls")).expect("it was called");
    assert_eq!(land("one"), "https://forge.invalid/pr/1");
    assert_eq!(calls(), "pr view\npr create\n");
    assert_eq!(land("two"), "https://forge.invalid/pr/1", "the same has it now");
    assert_eq!(calls(), "pr view\npr create\npr view\n");
    // One that is merged takes nothing more.
    std::fs::write(forge.join("state"), "MERGED").expect("written");
    assert_eq!(land("three"), "https://forge.invalid/pr/2");
    // What is there already is no merge, and not said to be untested: also where the branch has commits of its own.
    kit::git(&legion.work(), &["checkout", "--quiet", "-b", "mine", "legion/main"]);
    kit::git(&legion.work(), &["commit", "--quiet", "--allow-empty", "--message", "mine"]);
    let again = legion.run(&["land", "--into", "mine"]);
    let said = text(&again.stderr);
    assert!(again.status.success() && !said.contains("not tested"), "{said}");
}
