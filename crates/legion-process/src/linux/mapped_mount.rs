//! Copies of mounts in which what belongs to one user belongs to another: so a program without any right of its own works in
//! a directory, and what it makes there belongs to whoever owned the directory.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use rustix::process::{Pid, WaitOptions};

use super::replace::fork_worker;

/// A user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// From the owner of files to the one as whom they are shown.
#[derive(Debug)]
pub struct Mapping(OwnedFd);

/// A mount that is attached nowhere yet; it is gone when dropped.
#[derive(Debug)]
pub struct DetachedMount(OwnedFd);

/// The structure that `mount_setattr` reads, in its first version.
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    namespace: u64,
}

impl Mapping {
    /// What belongs to `from` shall be shown as `to`'s. Everything else belongs to nobody.
    ///
    /// # Errors
    /// When this process is not root or has more than one thread.
    pub fn new(from: Owner, to: Owner) -> io::Result<Self> {
        let (mut ready, tell) = io::pipe()?;
        let (mut hold, go) = io::pipe()?;
        let worker = {
            let (mut tell, go_copy) = (tell.try_clone()?, go.as_raw_fd());
            fork_worker(move || {
                // Its own copy would keep the pipe open for ever.
                // SAFETY: this copy of the process owns the number and uses it no more.
                drop(unsafe { OwnedFd::from_raw_fd(go_copy) });
                let told = super::attempt::unshare_user().and_then(|()| tell.write_all(b"1"));
                drop(tell);
                // Held until the other end is closed.
                let _ = hold.read(&mut [0]);
                u8::from(told.is_err())
            })?
        };
        drop(tell);
        let mapped = (|| {
            ready.read_exact(&mut [0])?;
            std::fs::write(format!("/proc/{worker}/uid_map"), format!("{} {} 1\n", from.uid, to.uid))?;
            std::fs::write(format!("/proc/{worker}/gid_map"), format!("{} {} 1\n", from.gid, to.gid))?;
            std::fs::File::open(format!("/proc/{worker}/ns/user")).map(OwnedFd::from)
        })();
        drop(go);
        let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
        // It ends by itself now; nobody else waits for it.
        let _ = rustix::process::waitpid(pid, WaitOptions::empty());
        mapped.map(Self)
    }
}

impl DetachedMount {
    /// A copy of what is at `source`, with everything mounted below it.
    ///
    /// # Errors
    /// Here and below: when the kernel refuses.
    pub fn copy(source: BorrowedFd<'_>, with_below: bool) -> io::Result<Self> {
        const AT_RECURSIVE: u32 = 0x8000;
        let recursive = if with_below { AT_RECURSIVE } else { 0 };
        let flags =
            libc::OPEN_TREE_CLONE | libc::O_CLOEXEC.cast_unsigned() | libc::AT_EMPTY_PATH.cast_unsigned() | recursive;
        // SAFETY: the path is empty and ends with a zero byte; the descriptor is new and ours.
        let number = unsafe { libc::syscall(libc::SYS_open_tree, source.as_raw_fd(), c"".as_ptr(), flags) };
        let number = RawFd::try_from(number).map_err(io::Error::other)?;
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made it, for us alone.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(number) }))
    }

    /// Shows owners as `mapping` has it. File systems that cannot do this refuse.
    ///
    /// # Errors
    /// `InvalidInput` for a file system that cannot do it.
    pub fn show_as(&self, mapping: &Mapping) -> io::Result<()> {
        self.set(libc::MOUNT_ATTR_IDMAP, u64::try_from(mapping.0.as_raw_fd()).map_err(io::Error::other)?)
    }

    /// Nothing may be changed through it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn only_to_read(&self) -> io::Result<()> {
        self.set(libc::MOUNT_ATTR_RDONLY, 0)
    }

    fn set(&self, set: u64, namespace: u64) -> io::Result<()> {
        let attributes = Attributes { set, clear: 0, propagation: 0, namespace };
        // SAFETY: the path is empty and ends with a zero byte; the structure is read only, and its length is given.
        let done = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                self.0.as_raw_fd(),
                c"".as_ptr(),
                libc::AT_EMPTY_PATH,
                &raw const attributes,
                size_of::<Attributes>(),
            )
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Puts it where `place` is: a directory for a directory, a file for a file.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn attach(self, place: &Path) -> io::Result<()> {
        use rustix::mount::{MoveMountFlags, move_mount};
        Ok(move_mount(self.0.as_fd(), "", rustix::fs::CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
    }
}
