//! The escape suite: every probe inside of every tier, and outside, where it must succeed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_process::Program;
use legion_sandbox::{Account, Extent, Outcome, SelfTest, Tier, Tools, Verdict};

/// A service that is root gives agents a user of their own; any number does.
const AGENT: u32 = 54_321;

/// Where the helper lies, when it is not where it was built.
const HELPER: &str = "ESCAPE_TEST_HELPER";

fn self_test() -> SelfTest {
    let root = rustix::process::geteuid().is_root();
    let helper = std::env::var_os(HELPER).unwrap_or_else(|| env!("CARGO_BIN_EXE_legion-test-confine").into());
    SelfTest {
        tools: Tools::find(PathBuf::from(helper)),
        account: root.then_some(Account { uid: AGENT, gid: AGENT }),
        scratch: std::env::temp_dir(),
    }
}

/// Where probes find something to try: in `/tmp`, which tier `full` replaces, and in another directory of all users, which it leaves
/// out. A probe shall not fail for want of something to try.
fn scratches() -> [PathBuf; 2] {
    [std::env::temp_dir(), PathBuf::from("/var/tmp")]
}

#[tokio::test]
async fn no_tier_lets_through_what_it_promises_to_hold_and_every_probe_succeeds_outside() {
    for scratch in scratches() {
        let report = SelfTest { scratch: scratch.clone(), ..self_test() }.run(Extent::Whole).await;
        for tier in [Tier::Full, Tier::Landlock] {
            let found = report.of(tier).expect("both are tried");
            println!("in {}: {found}\n{}", scratch.display(), found.table());
            assert_eq!(found.verdict, Verdict::Works, "{found}\n{}", found.table());
            let without_control: Vec<_> =
                found.rows.iter().filter(|row| matches!(row.control, Outcome::Refused(_))).collect();
            assert!(without_control.is_empty(), "these fail outside too and show nothing: {without_control:#?}");
            assert_eq!(found.escapes().count(), 0);
            assert!(found.rows.iter().filter(|row| row.shown()).count() >= 40, "{}", found.table());
        }
    }
}

#[tokio::test]
async fn the_same_holds_where_the_service_is_a_plain_user() {
    if !rustix::process::geteuid().is_root() {
        // The test above was it.
        return;
    }
    let name = "no_tier_lets_through_what_it_promises_to_hold_and_every_probe_succeeds_outside";
    // Copies, since a plain user may not reach what root has built.
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let copy = |from: &Path, name: &str| {
        let to = directory.path().join(name);
        std::fs::copy(from, &to).unwrap();
        to
    };
    let suite = copy(&std::env::current_exe().unwrap(), "suite");
    let helper = copy(Path::new(env!("CARGO_BIN_EXE_legion-test-confine")), "helper");
    let agent = AGENT.to_string();
    let program = Program::new("/usr/bin/setpriv").args(["--reuid", &agent, "--regid", &agent, "--clear-groups"]);
    let program = program.arg(&suite).args(["--exact", name]).env(HELPER, helper).current_dir("/");
    let output = program.run_to_end(Duration::from_secs(60), 1 << 20).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_self_test_of_a_hire_chooses_the_strongest_tier() {
    let report = self_test().run(Extent::Patient).await;
    assert_eq!(report.strongest(), Some(Tier::Full), "{:?}", report.tiers);
}

/// A program that hangs for an hour, in a directory that every user reaches.
fn hanging() -> tempfile::TempPath {
    let hanging = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempfile().unwrap();
    std::fs::write(hanging.path(), "#!/bin/sh\nexec sleep 3600\n").unwrap();
    hanging.into_temp_path()
}

#[tokio::test]
async fn what_hangs_is_given_up_in_less_than_three_seconds_and_takes_nothing_else_with_it() {
    let hanging = hanging();
    let limit = Extent::Quick.limit();
    assert!(limit < Duration::from_secs(3));
    // A bubblewrap: it was waited for as long as may be, and said so.
    let mut test = self_test();
    test.tools.bwrap = Some(hanging.to_path_buf());
    let report = test.run(Extent::Quick).await;
    let full = report.of(Tier::Full).unwrap().to_string();
    assert!(full.contains(&format!("within {limit:?}, and was given up: bubblewrap hangs")), "{full}");
    assert!(full.contains("hint: run `bwrap"), "{full}");
    // The bound is the code's, the rest is this machine's: an hour is far away.
    assert!((limit..Duration::from_secs(60)).contains(&report.took), "{:?}", report.took);
    let report = test.run(Extent::Patient).await;
    assert_eq!(report.strongest(), Some(Tier::Landlock), "{:?}", report.tiers);
    // The attempts themselves: nothing can be said then, and that is said.
    test.tools.helper = hanging.to_path_buf();
    let report = test.run(Extent::Quick).await;
    assert!((limit..Duration::from_secs(60)).contains(&report.took), "{:?}", report.took);
    assert_eq!(report.strongest(), None);
    let landlock = report.of(Tier::Landlock).unwrap().to_string();
    assert!(landlock.contains(&format!("its attempts did not end within {limit:?}, and were given up")), "{landlock}");
}

#[tokio::test]
async fn a_tier_that_cannot_be_made_is_told_with_the_cure_and_the_next_is_chosen() {
    let mut test = self_test();
    test.tools.bwrap = None;
    let report = test.run(Extent::Patient).await;
    let full = report.of(Tier::Full).unwrap();
    assert!(full.to_string().contains("hint: install it: `apt install bubblewrap`"), "{full}");
    assert_eq!(report.strongest(), Some(Tier::Landlock), "{:?}", report.tiers);
    // A bubblewrap that makes nothing.
    test.tools.bwrap = Some("/bin/false".into());
    let report = test.run(Extent::Patient).await;
    assert!(matches!(report.of(Tier::Full).unwrap().verdict, Verdict::Fails { .. }));
    // A bubblewrap that only pretends: what it lets through is found.
    let pretender = tempfile::NamedTempFile::new().unwrap();
    let script = "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n";
    std::fs::write(pretender.path(), script).unwrap();
    std::fs::set_permissions(pretender.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let pretender = pretender.into_temp_path();
    test.tools.bwrap = Some(pretender.to_path_buf());
    let report = test.run(Extent::Whole).await;
    let full = report.of(Tier::Full).unwrap();
    assert!(matches!(&full.verdict, Verdict::Fails { why, .. } if why.contains("does not hold")), "{full}");
    let escaped: Vec<_> = full.escapes().map(|row| row.probe).collect();
    for probe in ["tcp", "udp", "see-process", "change-mode"] {
        assert!(escaped.contains(&probe), "{probe} is not among {escaped:?}");
    }
}
