//! A full disk. Whoever fills it can be ended all the same.

use std::path::Path;
use std::process::Command;

use legion_testkit::TestDir;
use legion_testkit::npm::Skip;

use crate::support::{Legion, text};

/// A small file system in memory.
pub struct SmallDisk(TestDir);

impl SmallDisk {
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn mount() -> Result<Self, Skip> {
        let dir = TestDir::new();
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs"]).arg(dir.path()).output();
        match output {
            Ok(output) if output.status.success() => Ok(Self(dir)),
            Ok(output) => Err(Skip::new(format!("cannot mount: {}", text(&output.stderr).trim()))),
            Err(error) => Err(Skip::new(format!("cannot mount: {error}"))),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may leave somebody who still holds it.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn agents_and_the_service_are_ended_on_a_full_disk() {
    let Ok(disk) = SmallDisk::mount() else { return };
    let data = disk.path().join("data");
    let legion = Legion::with(&[("LEGION_DATA_DIR", data.to_str().expect("UTF-8"))]);
    legion.start();
    let reserve = data.join("reserve");
    let set_aside = || std::fs::metadata(&reserve).map_or(0, |metadata| metadata.len());
    legion.until("room is set aside", || (set_aside() > 0).then_some(()));
    let whole = set_aside();
    let quiet = legion.hire("wait", "sleep 1000");
    let other = legion.hire("wait", "sleep 1000");
    let loud = legion.hire("talk", "yes 'it fills the disk'");
    legion.until("the disk is full", || {
        let refused = legion.run(&["hire", "more", "--command", "true"]);
        (refused.status.code() == Some(19)).then_some(())
    });
    assert_eq!(set_aside(), whole, "it is not for more work");
    legion.ok(&["interrupt", &loud]);
    assert!(set_aside() < whole, "it was needed");
    legion.until("it no longer works", || (legion.status_of(&loud) == "idle").then_some(()));
    legion.ok(&["fire", &quiet]);
    let error = legion.fails(19, &["tell", &other, "more"]);
    assert!(error.contains("LEG0013"), "{error}");
    legion.ok(&["down"]);
    legion.until("no agent is left", || legion.agent_processes().is_empty().then_some(()));
}
