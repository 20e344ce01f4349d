//! Control groups of this machine.

use std::time::Duration;

use legion_process::{Output, Program};
use legion_sandbox::{Group, Limits, Means, Resource, Resources, detect};
use legion_testkit::until;

/// Its groups.
struct Service(Resources);

impl Service {
    fn begin(name: &str) -> Self {
        Self(detect(&format!("test-{name}-{}", std::process::id())))
    }

    fn holds(&self, resource: Resource) -> bool {
        !matches!(self.0.of(resource), Means::Watched(_))
    }

    /// Ends what runs in its group, and removes all.
    async fn end(self) {
        let group = self.0.group("one");
        // The kernel lets go of a group a moment after its last process.
        until(Duration::from_secs(10), "the groups to be gone", async || {
            group.kill();
            group.remove().map_err(|error| format!("{error}: {:?}", error.source))
        })
        .await;
        self.0.remove();
    }

    /// Makes a group with these limits and runs a line of shell in it.
    async fn run(&self, limits: &Limits, line: &str) -> (Group, Output) {
        let mut group = self.0.group("one");
        assert!(group.make().is_empty());
        let watched = limited(&mut group, limits);
        assert!(watched.iter().all(|resource| !self.holds(*resource)), "{watched:?} are held and said not to be");
        let mut join = String::new();
        for resource in Resource::ALL {
            if let Means::Version1(parent) | Means::Version2(parent) = self.0.of(resource) {
                join.push_str(&format!("echo 0 > {}/one/cgroup.procs && ", parent.display()));
            }
        }
        let program = Program::new("sh").args(["-c", &format!("{join} {{ {line}\n}}")]).env("PATH", "/usr/bin:/bin");
        (group, program.run_to_end(Duration::from_secs(60), 4096).await.unwrap())
    }
}

/// What must be watched; the kernel refuses nothing.
fn limited(group: &mut Group, limits: &Limits) -> Vec<Resource> {
    let watched = group.limit(limits);
    assert!(watched.iter().all(|(_, refused)| refused.is_none()), "{watched:?}");
    watched.into_iter().map(|(resource, _)| resource).collect()
}

#[tokio::test]
async fn a_tree_that_fills_its_memory_is_ended_and_the_groups_say_so() {
    let service = Service::begin("memory");
    let limits = Limits { memory_bytes_max: Some(64 << 20), ..Limits::default() };
    if !service.holds(Resource::Memory) {
        let (mut group, _) = service.run(&Limits::default(), "true").await;
        assert_eq!(limited(&mut group, &limits), [Resource::Memory], "it is said that memory must be watched");
        return service.end().await;
    }
    let (group, output) = service.run(&limits, "head -c 400M /dev/zero | tail").await;
    assert!(!output.status.success(), "400 MiB fit into 64");
    let usage = group.usage();
    assert!(usage.out_of_memory >= Some(1), "{usage:?}");
    assert!(usage.memory_bytes_peak.is_none_or(|peak| peak <= 65 << 20), "{usage:?}");
    service.end().await;
}

#[tokio::test]
async fn a_tree_has_no_more_processes_than_it_may() {
    let service = Service::begin("processes");
    let limits = Limits { processes_max: Some(10), ..Limits::default() };
    let line = "for n in $(seq 30); do sleep 300 >/dev/null 2>&1 & done";
    if !service.holds(Resource::Processes) {
        let (mut group, _) = service.run(&Limits::default(), "true").await;
        assert_eq!(limited(&mut group, &limits), [Resource::Processes]);
        return service.end().await;
    }
    let (group, output) = service.run(&limits, line).await;
    assert!(!output.status.success(), "{output:?}");
    let usage = group.usage();
    assert!(usage.processes_refused >= Some(1), "{usage:?}");
    assert!(usage.processes <= Some(10), "{usage:?}");
    service.end().await;
}

#[tokio::test]
async fn a_tree_is_ended_at_once_where_the_kernel_can() {
    let service = Service::begin("tree");
    let (group, output) =
        service.run(&Limits::default(), "for n in 1 2 3; do setsid sleep 300 & done >/dev/null 2>&1").await;
    assert!(output.status.success(), "{output:?}");
    if !service.holds(Resource::Tree) {
        assert!(!group.kill());
        return service.end().await;
    }
    let tree = group.tree().unwrap();
    assert!(tree.is_populated());
    assert!(group.usage().cpu.is_some());
    assert!(group.kill());
    until(
        Duration::from_secs(5),
        "the tree to be gone",
        async || {
            if tree.is_populated() { Err("it is there") } else { Ok(()) }
        },
    )
    .await;
    service.end().await;
}
