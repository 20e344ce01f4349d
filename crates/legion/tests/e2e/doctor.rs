//! `legion doctor` about the tiers: what works, why not, and how to mend it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::time::{Duration, Instant};

use legion_testkit::npm::Skip;
use serde_json::Value;

use crate::support::{Legion, text};

/// What it says about each tier, from the strongest to none.
fn tiers(doctor: &Output) -> [Value; 3] {
    let out = text(&doctor.stdout);
    let probes: Value =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{}", text(&doctor.stderr)));
    let probe = |name: &str| {
        let found = probes.as_array().expect("a list").iter().find(|probe| probe["name"] == name);
        found.unwrap_or_else(|| panic!("nothing is said of `{name}`: {probes}")).clone()
    };
    [probe("tier full"), probe("tier landlock"), probe("tier none")]
}

fn words(probe: &Value, field: &str) -> String {
    probe[field].as_str().unwrap_or_default().to_owned()
}

/// It works and says what that means, or says why not and what to do.
fn is_told_whole(probe: &Value) {
    let (detail, fix) = (words(probe, "detail"), words(probe, "fix"));
    if probe["verdict"] == "ok" {
        assert!(detail.starts_with("works: ") && detail.contains("attempts held"), "{probe}");
    } else {
        assert!(detail.len() > 20 && fix.len() > 10, "{probe}");
    }
}

#[test]
fn each_tier_is_told_with_what_works_why_not_and_how_to_mend_it() {
    let legion = Legion::new();
    let [full, landlock, none] = tiers(&legion.run(&["doctor", "--json"]));
    is_told_whole(&full);
    is_told_whole(&landlock);
    // Nothing is enforced in it: it works wherever there is a user, and is said to be asked for by name only.
    assert_eq!(none["verdict"], "ok");
    assert!(words(&none, "detail").contains("only when asked for by name"), "{none}");
    let works = ["full", "landlock"].into_iter().zip([&full, &landlock]).find(|(_, probe)| probe["verdict"] == "ok");
    let strongest = works.map_or("no other works here".to_owned(), |(tier, _)| format!("`{tier}` works here"));
    assert!(words(&none, "detail").contains(&strongest), "{none}");
    // In words for a person too, with the hint on a line of its own.
    let said = text(&legion.run(&["doctor"]).stdout);
    for tier in ["tier full", "tier landlock", "tier none", "resources"] {
        assert!(said.lines().any(|line| line.contains(tier)), "{said}");
    }
}

/// Runs it where another program lies in the place of bubblewrap.
fn with_bubblewrap(legion: &Legion, program: &str) -> Result<Output, Skip> {
    let place =
        ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].into_iter().find(|path| std::path::Path::new(path).is_file());
    let Some(place) = place else {
        return Err(Skip::new("there is no bubblewrap to put another in the place of".to_owned()));
    };
    let other = legion.dir.file("other-bwrap", program);
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    // A mount that only this command sees.
    let line =
        format!("mount --bind {} {place} && exec {} doctor --json", other.display(), env!("CARGO_BIN_EXE_legion"));
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", &line]).env_clear().envs(&legion.env).current_dir(legion.work());
    match command.output() {
        Ok(output) if output.stdout.is_empty() => Err(Skip::new(format!("cannot mount: {}", text(&output.stderr)))),
        Ok(output) => Ok(output),
        Err(error) => Err(Skip::new(format!("cannot mount: {error}"))),
    }
}

#[test]
fn a_bubblewrap_that_hangs_is_given_up_and_one_that_is_refused_is_told_with_the_cure() {
    let legion = Legion::new();
    let Ok(hangs) = with_bubblewrap(&legion, "#!/bin/sh\nexec sleep 3600\n") else { return };
    // It ended though the other would have gone on for an hour.
    let [full, landlock, none] = tiers(&hangs);
    assert_eq!(full["verdict"], "warning", "{full}");
    assert!(words(&full, "detail").contains("within 2.5s, and was given up: bubblewrap hangs"), "{full}");
    assert!(words(&full, "fix").contains("by hand"), "{full}");
    // The others are tried beside it, and do not suffer from it.
    is_told_whole(&landlock);
    if landlock["verdict"] == "ok" {
        assert!(words(&none, "detail").contains("`landlock` works here"), "{none}");
    }
    let refused = "#!/bin/sh\necho 'bwrap: Unknown option --disable-userns' >&2\nexit 1\n";
    // A machine that is too busy to try it in time says so; then it is asked again.
    let full = legion.until("it was tried in time", || {
        let [full, ..] = tiers(&with_bubblewrap(&legion, refused).ok()?);
        (!words(&full, "detail").contains("given up") && !words(&full, "detail").contains("within")).then_some(full)
    });
    assert_eq!(
        (words(&full, "detail"), words(&full, "fix")),
        ("this bubblewrap is too old".to_owned(), "install bubblewrap 0.8 or newer".to_owned())
    );
}

/// What two programs that hang would take one after the other, each given the ten seconds of a patient look.
const ONE_AFTER_THE_OTHER: Duration = Duration::from_secs(20);

#[test]
fn programs_that_hang_are_given_up_side_by_side_and_said_to_have_not_answered() {
    let mut legion = Legion::new();
    let hangs = legion.dir.file("scripts/claude", "#!/bin/sh\nexec sleep 3600\n");
    std::fs::set_permissions(&hangs, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    legion.env.insert("LEGION_CLAUDE".to_owned(), hangs.display().to_string());
    legion.env.insert("LEGION_AUTH".to_owned(), "login".to_owned());
    legion.dir.dir("home/.claude");
    let began = Instant::now();
    let doctor = legion.run(&["doctor", "--json"]);
    let took = began.elapsed();
    let out = text(&doctor.stdout);
    let probes: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    let said = |name: &str| {
        let found = probes.as_array().expect("a list").iter().find(|probe| probe["name"] == name);
        words(found.unwrap_or_else(|| panic!("nothing is said of `{name}`: {probes}")), "detail")
    };
    assert!(said("claude code").contains("did not answer within 2.5s"), "{probes}");
    assert!(said("login of agents").contains("is not known"), "{probes}");
    // The bound is the code's; a busy machine takes longer for all the rest, and not as long as this.
    assert!(took < ONE_AFTER_THE_OTHER, "{took:?}");
    println!("the whole answered in {took:?}");
}
