//! A full disk: appends are refused, reads go on, nothing answered is lost, and it goes on by itself.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{everything, record, stream};
use legion_store::{AppendError, BlobError, BlobStore, Log, Snapshot, SnapshotError};
use legion_store_sqlite::{Existing, SqliteLog};
use legion_testkit::npm::Skip;

/// A small file system in memory, unmounted when it is dropped.
struct SmallDisk {
    folder: Option<tempfile::TempDir>,
}

impl SmallDisk {
    /// Needs root; where that is missing the test is skipped.
    fn mount(mebibytes: u32) -> Result<Self, Skip> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m,mode=0700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        match output {
            Ok(output) if output.status.success() => Ok(Self { folder: Some(folder) }),
            Ok(output) => Err(Skip::new(format!("cannot mount: {}", String::from_utf8_lossy(&output.stderr).trim()))),
            Err(error) => Err(Skip::new(format!("cannot mount: {error}"))),
        }
    }

    fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Leaves no byte free; removing the returned file gives the space back.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("ballast");
        let mut file = File::create(&path).unwrap();
        for size in [1024 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let folder = self.folder.take().unwrap();
        let status = Command::new("umount").arg("--lazy").arg(folder.path()).status();
        if !status.is_ok_and(|status| status.success()) {
            // Deleting through a mount that is still there would be wrong.
            let _ = folder.keep();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_appends_until_there_is_space() {
    let Ok(disk) = SmallDisk::mount(16) else { return };
    let path = disk.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    let s = stream("service");
    let mut version = 0;
    // Several times over, because the write-ahead log is at another place each time.
    for _ in 0..3 {
        version = log.append(&s, version, vec![record("before")]).await.unwrap().version;
        let ballast = disk.fill();
        let mut refused = 0;
        while refused < 5 {
            match log.append(&s, version, vec![record("x".repeat(10_000))]).await {
                Ok(appended) => version = appended.version,
                Err(AppendError::Full) => refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(log.version(&s).await.unwrap(), version);
        assert_eq!(everything(&log).await.len() as u64, version);
        let snapshot = Snapshot { version, fold: "f".into(), body: vec![0; 1024 * 1024] };
        assert!(matches!(log.snapshot_save(&s, snapshot).await, Err(SnapshotError::Full)));
        assert!(log.backup(&disk.path().join("backup.db"), Existing::Refuse).await.is_err());
        fs::remove_file(ballast).unwrap();
        for _ in 0..20 {
            version = log.append(&s, version, vec![record("after")]).await.unwrap().version;
        }
    }
    let names: Vec<_> = fs::read_dir(disk.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "something was left behind: {names:?}");
    log.close().await;
    let log = SqliteLog::open(&path).expect("it passes the check");
    assert_eq!(everything(&log).await.len() as u64, version);
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_does_not_fit_fails_no_other() {
    let Ok(disk) = SmallDisk::mount(16) else { return };
    let log = SqliteLog::open(disk.path().join("log.db")).unwrap();
    let mut appends = tokio::task::JoinSet::new();
    for number in 0..40 {
        let log = log.clone();
        // Every tenth is larger than the disk.
        let large = number % 10 == 3;
        let body = "x".repeat(if large { 20 * 1024 * 1024 } else { 100 });
        appends.spawn(async move {
            let result = log.append(&stream(&format!("project/{number}")), 0, vec![record(body)]).await;
            (large, result)
        });
    }
    for (large, result) in appends.join_all().await {
        match result {
            Ok(_) => assert!(!large),
            Err(AppendError::Full) => assert!(large, "a small batch was refused with a large one"),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(everything(&log).await.len(), 36);
}

#[test]
fn a_file_that_does_not_fit_is_not_there() {
    let Ok(disk) = SmallDisk::mount(4) else { return };
    let store = BlobStore::open(disk.path()).unwrap();
    let body = vec![7; 8 * 1024 * 1024];
    let error = store.put(&body).unwrap_err();
    assert!(error.is_full(), "{error:?}");
    let digest = legion_store::Digest::of(&body);
    assert!(matches!(store.get(&digest), Err(BlobError::Missing { .. })));
    assert_eq!(fs::read_dir(disk.path().join("blobs/incoming")).unwrap().count(), 0);
    store.put(b"small").unwrap();
}
