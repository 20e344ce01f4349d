//! A disk that is full: nothing is rescued, nothing is removed, and with space it goes on.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use legion_git::{CollectError, Control, ObjectFormat};
use legion_testkit::TestDir;
use legion_testkit::npm::Skip;
use support::{Project, git, name, plain};

/// A file system with little room, as long as a test.
struct SmallDisk {
    path: PathBuf,
    sudo: bool,
}

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> Result<Self, Skip> {
        let options = format!("size={size},mode=0777");
        let mounts = |sudo| run(sudo, "mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], path);
        let sudo = [false, true].into_iter().find(|sudo| mounts(*sudo));
        let sudo = sudo.ok_or_else(|| Skip::new("no right to mount a small file system".to_owned()))?;
        Ok(Self { path: path.to_owned(), sudo })
    }

    fn grow(&self, size: &str) {
        assert!(run(self.sudo, "mount", &["-o", &format!("remount,size={size}")], &self.path));
    }
}

fn run(sudo: bool, program: &str, args: &[&str], path: &Path) -> bool {
    let mut words = if sudo { vec!["sudo", "-n", program] } else { vec![program] };
    words.extend(args);
    let output = Command::new(words[0]).args(&words[1..]).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(self.sudo, "umount", &["-l"], &self.path);
    }
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_removed_that_was_not_rescued() {
    let home = TestDir::new();
    let mount = home.dir("small");
    let Ok(disk) = SmallDisk::mount(&mount, "2m") else { return };
    let project = Project::new().await;
    let control = Control::open_or_create(git().await, &mount.join("control.git"), ObjectFormat::Sha1).await.unwrap();
    let target = name(support::TARGET);
    control.import(&project.home.path().join("bundle"), &target, support::BUNDLE_BYTES_MAX).await.unwrap();
    let place = control.prepare_clone(&project.plan("t1")).await.unwrap();
    // Content that does not get smaller.
    let mut state = 1_u64;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    })
    .take(4 << 20)
    .collect();
    std::fs::write(place.dir().join("large"), &content).unwrap();
    let plan = project.rescue_plan(&place);
    let error = control.rescue(&plan).await.unwrap_err();
    assert!(error.is_disk_full() && error.to_string().contains("disk is full"), "{error}");
    let collected = control.collect(&project.collect_plan(&place)).await.unwrap_err();
    assert!(matches!(&collected, CollectError::Git(error) if error.is_disk_full()), "{collected:?}");
    assert_eq!(std::fs::read(place.dir().join("large")).unwrap(), content);
    assert_eq!(control.resolve(&target).await.unwrap(), Some(project.base.clone()));
    assert_eq!(control.resolve(&plan.into).await.unwrap(), None);
    // To the last byte.
    let ballast = mount.join("ballast");
    let _ = std::fs::write(&ballast, &content);
    assert!(control.rescue(&plan).await.is_err());
    let commit = control.keep(&project.base).await;
    assert!(commit.is_err() && place.dir().join("large").exists());
    plain(control.dir(), &["fsck", "--strict", "--no-dangling"]);
    std::fs::remove_file(ballast).unwrap();
    disk.grow("64m");
    let rescued = control.rescue(&plan).await.unwrap();
    let kept = control.read_file(rescued.commit(), Path::new("large"), 8 << 20).await.unwrap();
    assert_eq!(kept.unwrap(), content);
    control.remove_clone(&place, rescued).await.unwrap();
    assert!(!place.dir().exists());
    drop(control);
}
