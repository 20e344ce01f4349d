//! Control groups, where this machine has them.

use std::time::Duration;

use legion_process::{CgroupRoot, FailureKind, Holding, ShimEvent, Usage, containment};
use legion_process::{Content, ProcessState, process_state};

use crate::stop::{DAEMONS, until_daemons_run};
use crate::support::*;

fn root() -> Option<CgroupRoot> {
    let name = &uuid::Uuid::new_v4().simple().to_string()[..8];
    match containment(name) {
        Holding::Cgroup(root) => Some(root),
        Holding::Sweep(reason) => {
            skip(&format!("no control groups: {reason}"));
            None
        }
    }
}

struct Removed<'a>(&'a CgroupRoot);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        // Left only where a test failed.
        let _ = self.0.remove();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_group_holds_what_sheds_its_environment() {
    let Some(root) = root() else { return };
    let _removed = Removed(&root);
    let bench = Bench::new();
    let mut spec = bench.shell(&format!("{DAEMONS} echo ready; sleep 1007"));
    let cgroup = root.create(spec.process).unwrap();
    spec.cgroup = Some(cgroup.path().to_owned());
    let (_shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    until_daemons_run(&spec).await;
    assert!(cgroup.is_populated());
    let usage = Usage::of(holder.pid, Some(&cgroup)).unwrap();
    assert!(!usage.cpu.is_zero() && usage.processes >= 10, "{usage:?}");
    // The shim is killed: the group alone holds them together.
    let pid = rustix::process::Pid::from_raw(holder.pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    to_the_end(&mut events).await;
    assert_eq!(process_state(&spec.dir).unwrap(), ProcessState::Lost);
    assert!(cgroup.kill());
    until("the group is empty", || (!cgroup.is_populated()).then_some(())).await;
    assert_eq!(holders(spec.process).len(), 0);
    cgroup.remove().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_empties_and_removes_its_control_group() {
    let Some(root) = root() else { return };
    let _removed = Removed(&root);
    let bench = Bench::new();
    let mut spec = bench.shell(&format!("{DAEMONS} echo ready; sleep 1007"));
    let cgroup = root.create(spec.process).unwrap();
    spec.cgroup = Some(cgroup.path().to_owned());
    let (shim, mut events) = start(&spec);
    until_daemons_run(&spec).await;
    shim.stop(Duration::from_millis(100), false).await.unwrap();
    to_the_end(&mut events).await;
    assert!(exit(&spec).tree_gone);
    assert_eq!(holders(spec.process).len(), 0);
    assert!(!cgroup.path().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_control_group_starts_nothing_and_hangs_nobody() {
    let Some(root) = root() else { return };
    let _removed = Removed(&root);
    let bench = Bench::new();
    let mut spec = bench.shell("echo never");
    let cgroup = root.create(spec.process).unwrap();
    std::fs::write(cgroup.path().join("cgroup.freeze"), "1").unwrap();
    spec.cgroup = Some(cgroup.path().to_owned());
    let (_shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    let frames = frames(&spec);
    let [Content::Failed(failure)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!(failure.kind, FailureKind::Cgroup);
    assert!(failure.message.contains("frozen"), "{}", failure.message);
    assert!(!cgroup.path().exists(), "removed where nothing was started");
}
