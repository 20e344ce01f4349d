//! Single things that a tier holds, beyond what the escape suite tries.

use std::fs;

use legion_sandbox::Tier;

use crate::support::{Place, is_root, stderr, stdout};

#[tokio::test]
async fn what_may_only_be_read_cannot_be_changed_and_what_may_not_be_executed_is_not() {
    let mut place = Place::new();
    let docs = place.dir.dir("docs");
    fs::copy("/bin/true", docs.join("tool")).unwrap();
    fs::write(docs.join("page"), "text").unwrap();
    place.give("docs");
    place.give("docs/page");
    place.confinement.grant.read.push(docs.clone());
    let docs = docs.display();
    for tier in [Tier::Full, Tier::Landlock] {
        let line = format!("cat {docs}/page; echo x > {docs}/page; rm {docs}/page; {docs}/tool; echo $?");
        let output = place.shell(tier, &line).await;
        assert_eq!(stdout(&output), "text126", "{tier}: {}", stderr(&output));
    }
    assert_eq!(place.dir.read("docs/page"), "text");
}

#[tokio::test]
async fn a_masked_file_is_empty_inside_and_untouched_outside() {
    let mut place = Place::new();
    let own = place.own();
    fs::create_dir_all(own.join(".claude/nested")).unwrap();
    fs::write(own.join(".claude/nested/settings.json"), "hostile").unwrap();
    fs::write(own.join(".mcp.json"), "hostile").unwrap();
    for name in ["own/.mcp.json", "own/.claude", "own/.claude/nested", "own/.claude/nested/settings.json"] {
        place.give(name);
    }
    place.confinement.masked = [".mcp.json", ".claude", ".env"].map(|name| own.join(name)).into();
    let output =
        place.shell(Tier::Full, "cat .mcp.json; ls -A .claude; echo x > .claude/y; echo x > .mcp.json; ls .env").await;
    assert_eq!(stdout(&output), "", "{}", stderr(&output));
    assert_eq!(fs::read_to_string(own.join(".mcp.json")).unwrap(), "hostile");
    assert!(!own.join(".claude/y").exists() && !own.join(".env").exists());
}

#[tokio::test]
async fn the_temporary_directory_is_of_one_run_and_bounded() {
    let mut place = Place::new();
    place.confinement.grant.limits.temporary_bytes_max = 1 << 20;
    let output = place.shell(Tier::Full, "echo x > /tmp/mark; head -c 2M /dev/zero > /tmp/big; wc -c < /tmp/big").await;
    let written: u64 = stdout(&output).parse().unwrap();
    assert!(written <= 1 << 20, "{written} bytes");
    let output = place.shell(Tier::Full, "ls /tmp/mark").await;
    assert!(!output.status.success(), "the next run finds it");
}

#[tokio::test]
async fn the_limits_of_processes_and_files_hold_inside() {
    let mut place = Place::new();
    place.confinement.grant.limits.processes_max = Some(20);
    place.confinement.grant.limits.open_files_max = 100;
    place.confinement.grant.limits.file_bytes_max = Some(1 << 20);
    let line = "ulimit -n; ulimit -c; (for n in $(seq 40); do sleep 5 >/dev/null 2>&1 & echo $n; done); true";
    let output = place.run(Tier::Full, "sh", &["-c", line]).await;
    let said = stdout(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..2], ["100", "0"], "{}", stderr(&output));
    // The shell counts too, and what holds it.
    assert!((10..20).contains(&lines[2..].len()), "{} of 40 were started", lines[2..].len());
    let output = place.shell(Tier::Full, "trap '' XFSZ; head -c 2M /dev/zero > big; wc -c < big").await;
    assert_eq!(stdout(&output), (1 << 20).to_string(), "{}", stderr(&output));
}

#[tokio::test]
async fn a_path_in_a_closed_directory_is_brought_within_reach_and_nothing_beside_it() {
    if !is_root() {
        // A service that is no root can grant only what it can reach itself.
        return;
    }
    let mut place = Place::new();
    let closed = place.dir.dir("closed/tools");
    fs::write(closed.join("page"), "text").unwrap();
    fs::set_permissions(place.dir.path().join("closed"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    place.confinement.grant.execute.push(closed.clone());
    let line = format!("cat {0}/page; ls {0}/.. | wc -l", closed.display());
    let output = place.shell(Tier::Full, &line).await;
    assert_eq!(stdout(&output), "text1", "{}", stderr(&output));
    let output = place.shell(Tier::Landlock, &line).await;
    assert_eq!(stdout(&output), "text0", "{}", stderr(&output));
    assert!(stderr(&output).contains("Permission denied"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_granted_path_that_became_a_link_gives_nothing() {
    let mut place = Place::new();
    let (target, granted) = (place.dir.dir("target"), place.own().join("sub/granted"));
    fs::write(target.join("secret"), "secret").unwrap();
    place.give("target");
    fs::create_dir(place.own().join("sub")).unwrap();
    std::os::unix::fs::symlink(&target, &granted).unwrap();
    place.confinement.grant.read.push(granted.clone());
    let elsewhere = place.dir.path().join("link/granted");
    for tier in [Tier::Full, Tier::Landlock] {
        let output = place.shell(tier, &format!("cat {}/secret", granted.display())).await;
        assert_eq!(stdout(&output), "", "{tier}");
        assert!(stderr(&output).contains("is a link"), "{tier}: {}", stderr(&output));
    }
    // A link further up is one too.
    std::os::unix::fs::symlink(place.own().join("sub"), place.dir.path().join("link")).unwrap();
    fs::remove_file(&granted).unwrap();
    fs::create_dir(&granted).unwrap();
    place.confinement.grant.read = vec![place.own(), elsewhere];
    let output = place.shell(Tier::Full, "true").await;
    assert!(stderr(&output).contains("is a link"), "{}", stderr(&output));
}
