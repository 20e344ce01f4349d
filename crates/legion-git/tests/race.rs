//! What still lives in a clone while it is taken in: a directory becomes a link and a directory again, and git would follow it.

mod support;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use support::{Project, command, plain, write};

/// Files of a round: so many times git looks and opens.
const FILES: usize = 1_000;
const ROUNDS: usize = 6;
/// How often plain git is tried until it is led astray.
const TRIES_MAX: usize = 300;
/// What the agent wrote, and what it may not read: equally long.
const OWN: &str = "honest";
const SECRET: &str = "canary";

/// Two names, one of them a directory of the agent's and one a link to what is not, change places as fast as they can. Gives how often.
fn swapping<T>(clone: &Path, outside: &Path, work: impl FnOnce() -> T) -> (T, usize) {
    for number in 0..FILES {
        write(clone.join(format!("d/f{number}")), OWN);
    }
    symlink(outside, clone.join("l")).unwrap();
    let (ended, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let worked = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                renameat_with(CWD, clone.join("d"), CWD, clone.join("l"), RenameFlags::EXCHANGE).unwrap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let worked = work();
        ended.store(true, Ordering::Relaxed);
        worked
    });
    (worked, swaps.into_inner())
}

/// Whether a repository has this content.
fn has(repository: &Path, content: &str) -> bool {
    let scratch = repository.join("content");
    std::fs::write(&scratch, content).unwrap();
    let oid = plain(repository, &["hash-object", "content"]);
    std::fs::remove_file(scratch).unwrap();
    command(repository, &["cat-file", "-e", &oid]).output().unwrap().status.success()
}

#[test]
fn what_becomes_a_link_while_it_is_taken_in_leads_nowhere() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let project = runtime.block_on(Project::new());
    let outside = project.home.dir("outside");
    for number in 0..FILES {
        write(outside.join(format!("f{number}")), SECRET);
    }
    // The control: plain git in such a clone reads what lies behind the link.
    let place = runtime.block_on(project.clone("control"));
    let dir = place.dir();
    let list: String = (0..FILES).map(|number| format!("d/f{number}\n")).collect();
    let listed = project.home.file("listed", list);
    let (astray, swaps) = swapping(dir, &outside, || {
        for _ in 0..TRIES_MAX {
            if has(dir, SECRET) {
                return true;
            }
            let mut add = command(dir, &["update-index", "--add", "--stdin"]);
            let input = std::fs::File::open(&listed).unwrap();
            // It may find that something is beyond a link, and go on the next time.
            add.stdin(input).output().unwrap();
        }
        false
    });
    assert!(astray, "plain git was not led astray in {swaps} swaps: the probe shows nothing");

    let (mut all, mut taken) = (0, 0);
    for round in 0..ROUNDS {
        let place = runtime.block_on(project.clone(&format!("t{round}")));
        let dir = place.dir();
        let plan = project.collect_plan(&place);
        let (collected, swaps) = swapping(dir, &outside, || runtime.block_on(project.control.collect(&plan)));
        assert!(!has(project.control.dir(), SECRET), "round {round}: what lies behind the link was taken in");
        // From the beginning.
        for name in ["d", "l"] {
            let removed = std::fs::remove_file(dir.join(name)).or_else(|_| std::fs::remove_dir_all(dir.join(name)));
            removed.unwrap();
        }
        let plan = project.rescue_plan(&place);
        let (rescued, again) = swapping(dir, &outside, || runtime.block_on(project.control.rescue(&plan)));
        assert!(!has(project.control.dir(), SECRET), "round {round}: what lies behind the link was rescued");
        all += swaps + again;
        taken += usize::from(collected.is_ok()) + usize::from(rescued.is_ok());
    }
    assert!(has(project.control.dir(), OWN), "what is the agent's own is taken");
    println!("{all} swaps, {taken} of {} taken in: nothing from behind the link", 2 * ROUNDS);
    assert!(taken > 0, "nothing was taken in at all");
}
