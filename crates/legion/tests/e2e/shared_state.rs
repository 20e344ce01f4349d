//! What agents share stays whole whatever one of them does: the project's repository, the keys of providers, the organisation.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Legion, id, text};
use crate::{kit, small};

/// Destroys what lies at each of its arguments as well as it can: opened, emptied, moved away, removed.
const DESTROY: &str = r#"
for place in "$@"; do
    chmod -R u+rwX "$place"
    find "$place" -type f | while read -r file; do : > "$file"; mv "$file" "$file.gone"; ln -sf /dev/null "$file"; done
    mv "$place" "$place.gone"
    rm -rf "$place"/* "$place"/.[!.]* "$place" "$place.gone"
done 2> /dev/null
"#;

fn destroyer(legion: &Legion) -> String {
    legion.dir.file("scripts/destroy.sh", DESTROY).display().to_string()
}

/// Everything that refs name is there and is what it is called.
fn whole(control: &Path) -> String {
    kit::git(control, &["--git-dir", ".", "fsck", "--strict", "--full", "--no-dangling"]);
    kit::git(control, &["--git-dir", ".", "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/"])
}

#[test]
fn what_an_agent_destroys_is_its_own() {
    let legion = Legion::new();
    small::make(&legion.work(), &[("answers/0", "right\n")]);
    // Where another repository belongs, an agent could make one: a hire says so.
    let head = kit::git(&legion.work(), &["rev-parse", "HEAD"]);
    kit::git(&legion.work(), &["update-index", "--add", "--cacheinfo", &format!("160000,{head},vendor/x")]);
    legion.start();
    let hired = legion.json(&["hire", "work", "--driver", "command", "--command", "true"]);
    assert!(hired["warnings"].to_string().contains("`vendor/x`"), "{hired}");
    kit::git(&legion.work(), &["reset", "--quiet"]);
    legion.ok(&["init"]);

    let (control, before) = (small::control(&legion), crate::tickets::photograph(&legion.work()));
    let refs = whole(&control);
    let destroy = destroyer(&legion);
    // The control: whoever is not held destroys a copy of it in just this way.
    let copy = legion.dir.path().join("copy");
    assert!(Command::new("cp").args([Path::new("-a"), &control, &copy]).status().expect("cp runs").success());
    let destroyed = Command::new("sh").arg(&destroy).args([copy.join("objects"), copy.clone()]).status();
    assert!(destroyed.expect("sh runs").success() && !copy.exists(), "the probe destroys nothing");

    let places = [control.clone(), legion.data(), legion.work(), legion.dir.path().join("scripts")];
    let places: String = places.iter().map(|place| format!(" '{}'", place.display())).collect();
    let script = format!(
        "cat > /dev/null\nobjects=$(cat .git/objects/info/alternates)\ngit cat-file -e HEAD && ls \"$objects\" > /dev/null || exit 7\n\
         sh {destroy} \"$objects\" \"$objects/..\"{places} \"$HOME\" /tmp .git answers\nexit 0\n"
    );
    let program = small::program(&legion, "destroyer", &script);
    let dispatch = |name: &str, program: &str| {
        let gate = "test -f answers/0";
        let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--gate", gate, "--command", program, name];
        legion.ok(&args).trim().to_owned()
    };
    let ticket = dispatch("destroys", &program);
    // It saw the shared objects, its own files are gone, and that is what it offers.
    legion.until_long("it waits for the person", || {
        legion.ok(&["why", &ticket]).contains("protected files").then_some(())
    });
    legion.ok(&["deny", &ticket, "--reason", "no"]);
    assert_eq!(whole(&control), refs, "the shared repository");
    assert_eq!(crate::tickets::photograph(&legion.work()), before, "the person's checkout");
    // Whoever comes next finds everything.
    let honest = small::program(&legion, "honest", "cat > /dev/null; echo right > answers/1");
    let ticket = dispatch("works", &honest);
    legion.until_long("it is merged", || legion.ok(&["why", &ticket]).contains("merged").then_some(()));
    whole(&control);
}

#[test]
fn a_sealed_key_lies_in_one_file_and_in_no_copy_of_the_log() {
    const KEY: &str = "sealed-canary-of-a-provider";
    let legion = Legion::with(&[("LEGION_GATEWAY_LISTEN", "127.0.0.1:0")]);
    legion.start();
    let words = ["provider", "add", "one", "--format", "anthropic", "--url", "http://127.0.0.1:9", "--key-stdin"];
    let mut adding = legion.command(&words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    writeln!(adding.stdin.take().expect("a pipe"), "{KEY}").expect("written");
    assert!(adding.wait().expect("it ends").success());
    let holders = || -> Vec<String> {
        let files = small::files_ending(legion.dir.path(), "").into_iter();
        let holds = |path: &Path| text(&std::fs::read(path).unwrap_or_default()).contains(KEY);
        files.filter(|path| holds(path)).map(|path| path.display().to_string()).collect()
    };
    let copy = legion.dir.path().join("copy.db");
    legion.ok(&["backup", copy.to_str().expect("UTF-8")]);
    assert!(copy.metadata().is_ok_and(|copy| copy.len() > 0), "there is a copy");
    let keys = legion.data().join("gateway/keys.json");
    assert_eq!(holders(), [keys.display().to_string()]);
    assert_eq!(keys.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    let above = keys.parent().expect("a directory").metadata().expect("there").permissions().mode();
    assert_eq!(above & 0o077, 0, "nobody else comes near it: {above:o}");
    legion.ok(&["provider", "remove", "one"]);
    assert_eq!(holders(), [""; 0], "nothing is left of it");
}

/// Agents that one worm may have below it, and how deep.
const HEADCOUNT: usize = 6;
const DEPTH: usize = 2;

/// Hires whoever it can for its own text, with as much as it can, and tells it to everybody it knows; again with each message.
const WORM: &str = r#"
text=$(cat)
for more in "" "--tier none" "--headcount 100" "--depth 9" "--budget 100"; do
    legion hire "$text" --driver command --command "sh worm.sh" $more
done > /dev/null 2>&1
for name in worm bystander $(legion tree | grep -o 'worm-[a-z0-9-]*'); do legion tell "$name" "$text" > /dev/null 2>&1; done
exit 0
"#;

/// The agents below one, each as `legion tree --json` shows it, with its depth.
fn below(agent: &Value, depth: usize) -> Vec<(usize, Value)> {
    let reports = agent["reports"].as_array().cloned().unwrap_or_default();
    let deeper = reports.into_iter().flat_map(|report| {
        let further = below(&report, depth + 1);
        std::iter::once((depth + 1, report)).chain(further)
    });
    deeper.collect()
}

#[test]
fn a_worm_is_stopped_at_its_limits_told_of_and_ended_by_one_order() {
    let legion = Legion::new();
    legion.dir.file("work/worm.sh", WORM);
    legion.start();
    let record = "sh -c 'cat >> got; echo >> got'";
    let words = ["hire", "begin", "--driver", "command", "--command", record, "--name", "bystander"];
    let bystander = id(&legion.json(&words));
    let (headcount, depth) = (HEADCOUNT.to_string(), DEPTH.to_string());
    let worm = id(&legion.json(&[
        "hire",
        "PAYLOAD",
        "--driver",
        "command",
        "--command",
        "sh worm.sh",
        "--name",
        "worm",
        "--headcount",
        &headcount,
        "--depth",
        &depth,
        "--budget",
        "1",
    ]));
    let tree = || {
        let tree = legion.json(&["tree"]);
        let worm =
            tree["reports"].as_array().and_then(|all| all.iter().find(|one| one["id"] == worm.as_str()).cloned());
        worm.unwrap_or_else(|| panic!("no worm in {tree}"))
    };
    legion.until_long("it has taken all that it may", || (below(&tree(), 0).len() == HEADCOUNT).then_some(()));
    let told = || {
        let told = legion.json(&["audit"]);
        let events = told["events"].as_array().expect("events").clone();
        events.into_iter().filter(|event| event["kind"] == "access-refused").collect::<Vec<_>>()
    };
    let told = legion.until_long("the alarm", || {
        let told = told();
        let says =
            |word: &str| told.iter().any(|event| event["body"]["why"].as_str().is_some_and(|why| why.contains(word)));
        (says("headcount") && says("holds less") && says("depth") && says("budget")).then_some(told)
    });
    assert!(told.iter().all(|event| event["agent"] != bystander.as_str()), "nobody else is blamed: {told:?}");
    // It goes on, and stays at its limits and in its rights.
    let all = below(&tree(), 0);
    assert_eq!(all.len(), HEADCOUNT, "{all:?}");
    for (depth, agent) in &all {
        assert!(*depth <= DEPTH && agent["tier"] != "none", "{agent}");
    }
    // Whoever stands beside it was told, and did not pass it on.
    let got = || std::fs::read_to_string(legion.work().join("got")).unwrap_or_default();
    legion.until("it was told", || got().contains("PAYLOAD").then_some(()));
    assert_eq!(legion.json(&["tree"])["reports"].as_array().map(Vec::len), Some(2), "nobody else was hired");
    legion.ok(&["fire", &worm]);
    legion.until_long("all of it is gone", || {
        let tree = legion.json(&["tree"]);
        (tree["reports"].as_array().map(Vec::len) == Some(1) && legion.agent_processes().is_empty()).then_some(())
    });
    assert_ne!(legion.status_of(&bystander), "fired");
}
