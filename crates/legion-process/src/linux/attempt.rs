//! System calls that a confined program must not get through, for the probes that try them. Each does as little as shows
//! that it was let through, and leaves nothing behind.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::process::{Pid, WaitOptions};

/// Shortens the file at `path` to nothing, without opening it.
///
/// # Errors
/// Here and below: when the kernel refuses.
pub fn truncate(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends with a zero byte and is only read.
    result(unsafe { libc::syscall(libc::SYS_truncate, path.as_ptr(), 0_u64) }).map(drop)
}

/// Becomes the tracer of `pid` until this process ends; does not stop it.
pub fn trace(pid: u32) -> io::Result<()> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: this request takes no memory of ours.
    result(unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, u64::from(pid), nothing, nothing) }).map(drop)
}

/// Reads eight bytes at `address` of the memory of `pid`.
pub fn read_memory(pid: u32, address: usize) -> io::Result<usize> {
    let mut bytes = [0_u8; 8];
    let own = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let other = libc::iovec { iov_base: std::ptr::without_provenance_mut(address), iov_len: bytes.len() };
    // SAFETY: the kernel writes to `bytes` only, no more than its length; the other address is another process's.
    let read = unsafe {
        let (own, other) = (&raw const own, &raw const other);
        libc::syscall(libc::SYS_process_vm_readv, u64::from(pid), own, 1_u64, other, 1_u64, 0_u64)
    };
    result(read).map(|read| usize::try_from(read).unwrap_or(0))
}

/// Finds the keyring that all processes of the user share.
pub fn user_keyring() -> io::Result<()> {
    const KEYCTL_GET_KEYRING_ID: u64 = 0;
    const USER_KEYRING: i64 = -4;
    // SAFETY: no memory is involved.
    result(unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_GET_KEYRING_ID, USER_KEYRING, 1_u64) }).map(drop)
}

/// A piece of System V memory that any process of the user can find by its key; removed when dropped.
#[derive(Debug)]
pub struct SharedMemory(i32);

impl SharedMemory {
    pub fn create(key: i32) -> io::Result<Self> {
        // SAFETY: makes the piece and maps nothing.
        match unsafe { libc::shmget(key, 4096, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) } {
            -1 => Err(io::Error::last_os_error()),
            id => Ok(Self(id)),
        }
    }

    /// Looks for it from another process.
    pub fn find(key: i32) -> io::Result<()> {
        // SAFETY: looks it up and maps nothing.
        match unsafe { libc::shmget(key, 4096, 0) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Its number, by which any process of the user can map it.
    pub fn id(&self) -> i32 {
        self.0
    }

    /// Maps the piece with this number from another process, and lets go of it again.
    pub fn attach(id: i32) -> io::Result<()> {
        // SAFETY: the kernel chooses a free place, and nothing refers to it when it is unmapped.
        unsafe {
            let place = libc::shmat(id, std::ptr::null(), libc::SHM_RDONLY);
            // What the call gives back in place of an address when it fails.
            if place.addr() == usize::MAX {
                return Err(io::Error::last_os_error());
            }
            libc::shmdt(place);
        }
        Ok(())
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: this command takes no memory of ours. It is ours to remove.
        unsafe { libc::shmctl(self.0, libc::IPC_RMID, std::ptr::null_mut()) };
    }
}

/// Moves this process into a user namespace of its own.
pub fn unshare_user() -> io::Result<()> {
    // SAFETY: of what threads share, only the namespace is touched.
    Ok(unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWUSER) }?)
}

/// Starts a child in a user namespace of its own, which ends at once.
pub fn clone_user() -> io::Result<()> {
    let flags = i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD);
    // SAFETY: without shared memory this is a fork, and the child makes one system call, by which it ends.
    unsafe {
        let child = libc::syscall(libc::SYS_clone, flags, 0_u64, 0_u64, 0_u64, 0_u64);
        if child == 0 {
            libc::_exit(0);
        }
        reap(child)
    }
}

/// The same by the newer system call.
pub fn clone3_user() -> io::Result<()> {
    // The first version of its structure: eight words, of which the flags are the first and the signal the fifth.
    let mut arguments = [0_u64; 8];
    arguments[0] = u64::try_from(libc::CLONE_NEWUSER).expect("positive");
    arguments[4] = u64::try_from(libc::SIGCHLD).expect("positive");
    // SAFETY: as above; the structure is read only, and its length is given.
    unsafe {
        let child = libc::syscall(libc::SYS_clone3, arguments.as_ptr(), size_of_val(&arguments));
        if child == 0 {
            libc::_exit(0);
        }
        reap(child)
    }
}

fn reap(child: libc::c_long) -> io::Result<()> {
    let pid = result(child)?;
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no pid"))?;
    rustix::process::waitpid(Some(pid), WaitOptions::empty())?;
    Ok(())
}

/// Makes a ring by which files could be opened without any system call that is filtered.
pub fn ring() -> io::Result<OwnedFd> {
    let mut parameters = [0_u8; 120];
    // SAFETY: the structure has 120 bytes, which the kernel reads and writes.
    descriptor(unsafe { libc::syscall(libc::SYS_io_uring_setup, 2_u64, parameters.as_mut_ptr()) })
}

/// Asks to handle its own page faults.
pub fn user_faults() -> io::Result<OwnedFd> {
    const USER_MODE_ONLY: i32 = 1;
    // SAFETY: no memory is involved.
    descriptor(unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | USER_MODE_ONLY) })
}

/// Pushes a space into the terminal, as if it had been typed.
pub fn type_into(terminal: BorrowedFd<'_>) -> io::Result<()> {
    let space = b' ';
    // SAFETY: the kernel reads one byte.
    result(unsafe { libc::syscall(libc::SYS_ioctl, terminal.as_raw_fd(), libc::TIOCSTI, &raw const space) }).map(drop)
}

/// Reads from a descriptor that this program did not open.
pub fn read_descriptor(number: RawFd, bytes: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes to `bytes` only, no more than its length; reading takes nothing from whoever owns it.
    let read = unsafe { libc::syscall(libc::SYS_pread64, number, bytes.as_mut_ptr(), bytes.len(), 0_u64) };
    result(read).map(|read| usize::try_from(read).unwrap_or(0))
}

/// Opens a file below a directory whose descriptor this program did not open.
pub fn open_below(directory: RawFd, name: &str) -> io::Result<OwnedFd> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with a zero byte and is only read.
    descriptor(unsafe {
        libc::syscall(libc::SYS_openat, directory, name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC, 0_u64)
    })
}

/// Asks to set the place of every process of the user in the line for disks, to one that there is not: the kernel then says
/// so, and changes nothing.
pub fn disk_priority_of_user() -> io::Result<()> {
    const IOPRIO_WHO_USER: u64 = 3;
    const NO_CLASS: u64 = 7 << 13;
    // SAFETY: no memory is involved.
    match result(unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_USER, 0_u64, NO_CLASS) }) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        other => other.map(drop),
    }
}

fn result(value: libc::c_long) -> io::Result<libc::c_long> {
    if value == -1 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

fn descriptor(value: libc::c_long) -> io::Result<OwnedFd> {
    let number = RawFd::try_from(result(value)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Returns the version of Landlock that this kernel has switched on; 0 without it.
pub fn landlock_version() -> i32 {
    const VERSION: u64 = 1;
    // SAFETY: with this flag no structure is read.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0_u64, 0_u64, VERSION) };
    result(version).ok().and_then(|version| i32::try_from(version).ok()).unwrap_or(0)
}
