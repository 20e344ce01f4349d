//! What a program needs that prepares the ground for another one and then becomes it: no descriptor of its starter, no
//! other thread, a worker of its own, and the exec itself.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The first descriptor above the standard ones.
pub const FIRST_DESCRIPTOR: RawFd = 3;

/// Closes every descriptor from [`FIRST_DESCRIPTOR`] on, whoever opened it. To be called once, first of all: by then
/// nothing of this program's own may be open.
pub fn close_all_descriptors() {
    super::spawn::close_inherited();
}

/// Becomes `program`, which is looked for in the `PATH` of `environment`. Returns only when it could not: with why.
/// Descriptors without close-on-exec are passed on.
pub fn replace_process<S: AsRef<OsStr>>(
    program: &OsStr,
    name: Option<&OsStr>,
    arguments: &[S],
    environment: &BTreeMap<OsString, OsString>,
) -> io::Error {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment);
    if let Some(name) = name {
        command.arg0(name);
    }
    command.exec()
}

/// Starts a copy of this process that does `work` and ends with what it gives. Returns its pid.
///
/// # Errors
/// When this process has more than one thread: a copy would have one only, and whatever the others held would stay held.
/// Or when the kernel refuses.
pub fn fork_worker(work: impl FnOnce() -> u8) -> io::Result<u32> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("more than one thread runs"));
    }
    // SAFETY: there is one thread, so the copy finds every lock free and every structure whole.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: ends this copy at once; what its parent registered to be done at the end is the parent's.
            unsafe { libc::_exit(libc::c_int::from(worked.unwrap_or(u8::MAX))) }
        }
        pid => Ok(pid.cast_unsigned()),
    }
}

/// Gives the calling thread a mount table of its own, in which nothing that it mounts is seen by others.
///
/// # Errors
/// When the kernel refuses: without the capability, or in a container.
pub fn own_mounts() -> io::Result<()> {
    use rustix::mount::{MountPropagationFlags, mount_change};
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    // SAFETY: descriptors stay shared; only the mount table is copied.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    // What others mount still comes in, what is mounted here does not go out.
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    Ok(())
}
