//! Starts and stops through the service, each in a sandbox of its own: nothing is left of them, and the service holds no more than before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::containment::full;
use crate::support::{Legion, alive, processes_sleeping};

/// Cycles before anything is counted: what is held once is held then.
const WARMING: usize = 8;
const CYCLES: usize = 100;
const CYCLES_SOAK: usize = 1_000;
const AT_ONCE: usize = 4;
/// Descriptors that come and go with what is under way, such as connections to the database.
const DESCRIPTORS_SLACK: usize = 8;

#[test]
fn starts_and_stops_through_the_service_leave_nothing_behind_soak() {
    let cycles = if std::env::var_os("LEGION_SOAK").is_some() { CYCLES_SOAK } else { CYCLES };
    let legion = full(&[]);
    // Known by its length wherever it went, without an environment too.
    let nap = format!("{}.25", 100_000 + std::process::id());
    legion.dir.file(
        "work/agent.sh",
        format!("env -i setsid sleep {nap} &\nsetsid -f sleep {nap}\necho x > begun-$1\nexec sleep {nap}\n"),
    );
    legion.start();
    let service = legion.service_pid();
    rounds(&legion, 0..WARMING);
    legion.until("the first are gone", || processes_sleeping(&nap).is_empty().then_some(()));
    let before = Held::by(service, &legion);
    rounds(&legion, WARMING..WARMING + cycles);
    legion.until("nobody sleeps on", || processes_sleeping(&nap).is_empty().then_some(()));
    legion.until("no process of an agent is left", || legion.agent_processes().is_empty().then_some(()));
    let mut last = Held::by(service, &legion);
    let settled = legion.eventually(|| {
        last = Held::by(service, &legion);
        last.is_no_more_than(&before)
    });
    assert!(settled, "held before: {before:?}, after {cycles} starts and stops: {last:?}");
    assert!(alive(service), "it is still the same service");
    println!(
        "{cycles} starts and stops in `full`: 0 orphans, 0 zombies, {} descriptors ({})",
        last.descriptors, before.descriptors
    );
}

/// Hires and fires, a few at once.
fn rounds(legion: &Legion, rounds: std::ops::Range<usize>) {
    thread::scope(|scope| {
        for lane in 0..AT_ONCE {
            let rounds = rounds.clone();
            scope.spawn(move || {
                for round in rounds.filter(|round| round % AT_ONCE == lane) {
                    let begun = legion.work().join(format!("begun-{round}"));
                    let agent = legion.hire("sleep", &format!("sh agent.sh {round}"));
                    legion.until("it has begun", || begun.exists().then_some(()));
                    legion.ok(&["fire", &agent]);
                }
            });
        }
    });
}

/// What the service holds for its agents.
#[derive(Debug)]
struct Held {
    descriptors: usize,
    zombies: usize,
    groups: usize,
    run_files: usize,
}

impl Held {
    fn by(service: u32, legion: &Legion) -> Self {
        let run = entries(&PathBuf::from(&legion.env["XDG_RUNTIME_DIR"]).join("legion"));
        // Eight digits of its own name its sockets' directory, and its control group.
        let own = run.first().and_then(|dir| dir.file_name()).expect("the service runs").to_string_lossy().into_owned();
        Self {
            descriptors: entries(&PathBuf::from(format!("/proc/{service}/fd"))).len(),
            zombies: zombies_of(service),
            groups: groups(Path::new("/sys/fs/cgroup"), &format!("legion-{own}")),
            run_files: run.iter().map(|dir| entries(dir).len()).sum(),
        }
    }

    fn is_no_more_than(&self, before: &Self) -> bool {
        self.descriptors <= before.descriptors + DESCRIPTORS_SLACK
            && self.zombies == 0
            && self.groups <= before.groups
            && self.run_files <= before.run_files
    }
}

fn entries(dir: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Children that ended and were not looked after.
fn zombies_of(parent: u32) -> usize {
    let stats = entries(Path::new("/proc")).into_iter().filter_map(|dir| fs::read_to_string(dir.join("stat")).ok());
    stats
        .filter(|stat| {
            let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
            fields.first() == Some(&"Z") && fields.get(1).is_some_and(|of| *of == parent.to_string())
        })
        .count()
}

/// Control groups in the service's own, wherever that hangs.
fn groups(dir: &Path, name: &str) -> usize {
    let below = entries(dir).into_iter().filter(|path| path.is_dir());
    below
        .map(|path| {
            if path.ends_with(name) {
                entries(&path).iter().filter(|path| path.is_dir()).count()
            } else {
                groups(&path, name)
            }
        })
        .sum()
}
