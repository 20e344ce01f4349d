//! One service per data directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use legion_store::{DataDirLock, LockError};

#[test]
fn a_second_lock_is_refused_with_the_first_ones_process_and_address() {
    let data = tempfile::tempdir().unwrap();
    let mut first = DataDirLock::acquire(data.path()).unwrap();
    let error = DataDirLock::acquire(data.path()).unwrap_err();
    let own = std::process::id();
    assert!(matches!(error, LockError::Held { pid: Some(pid), url: None, .. } if pid == own), "{error:?}");
    first.announce("http://127.0.0.1:6666").unwrap();
    let error = DataDirLock::acquire(data.path()).unwrap_err().to_string();
    assert!(error.ends_with(&format!("is in use by process {own} at http://127.0.0.1:6666")), "{error}");
    drop(first);
    DataDirLock::acquire(data.path()).expect("the lock ends with its holder");
}

#[test]
fn a_child_does_not_inherit_the_lock() {
    let data = tempfile::tempdir().unwrap();
    let lock = DataDirLock::acquire(data.path()).unwrap();
    // Lives until its input closes.
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(lock);
    let again = DataDirLock::acquire(data.path());
    assert!(child.try_wait().unwrap().is_none(), "the child ended before the lock was tried");
    drop(child.stdin.take());
    child.wait().unwrap();
    again.expect("the lock is free while the child lives");
}

#[test]
fn a_lock_file_left_by_a_crash_locks_nobody_out() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("lock"), "4194304\nhttp://127.0.0.1:1\n").unwrap();
    let _lock = DataDirLock::acquire(data.path()).unwrap();
    let text = fs::read_to_string(data.path().join("lock")).unwrap();
    assert_eq!(text, format!("{}\n\n", std::process::id()));
}

#[test]
fn a_data_directory_is_made_and_closed_to_others() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("a/b");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    drop(DataDirLock::acquire(&data).unwrap());
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("lock")), 0o600);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    drop(DataDirLock::acquire(&data).unwrap());
    assert_eq!(mode(&data), 0o700);
}

#[test]
fn a_directory_of_all_users_is_refused_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(matches!(DataDirLock::acquire(data.path()), Err(LockError::Shared { .. })));
    assert_eq!(fs::metadata(data.path()).unwrap().permissions().mode() & 0o7777, 0o1777);
}
