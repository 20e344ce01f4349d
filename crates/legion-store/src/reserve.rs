//! Room on the disk that is set aside, so that agents can still be ended when it is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use tokio::sync::Notify;

/// Bytes that are set aside: room for the ends of some thousand runs.
pub const RESERVE_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes that are given back at once. Whoever fills the disk takes them too, and waits before it tries again: so there are several tries.
const PIECE_BYTES: u64 = RESERVE_BYTES / 4;
/// Bytes that must be free before room is set aside again: what is taken must not make the disk full.
const FREE_BYTES_MIN: u64 = 2 * RESERVE_BYTES;
const RESERVE_FILE: &str = "reserve";
/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that holds nothing but room. It is removed when the room is needed, and made again when there is space.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    spent: AtomicBool,
    given_back: Notify,
}

impl Reserve {
    /// The reserve of a data directory. It need not be there yet: see [`Reserve::set_aside`].
    pub fn of(data: &Path) -> Self {
        Self { path: data.join(RESERVE_FILE), spent: AtomicBool::new(false), given_back: Notify::new() }
    }

    /// True from the moment something of it is given back until it is set aside again.
    pub fn is_spent(&self) -> bool {
        self.spent.load(Ordering::SeqCst)
    }

    /// Gives a part of the room back to the disk. False when there was none.
    pub fn give_back(&self) -> bool {
        let given = self.shrink().is_ok();
        if given {
            self.spent.store(true, Ordering::SeqCst);
            self.given_back.notify_one();
        }
        given
    }

    fn shrink(&self) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&self.path)?;
        let left = file.metadata()?.len().saturating_sub(PIECE_BYTES);
        if left == 0 { fs::remove_file(&self.path) } else { file.set_len(left) }
    }

    /// Returns when it was given back. For one who waits.
    pub async fn given_back(&self) {
        self.given_back.notified().await;
    }

    /// Sets the room aside, unless it is. The blocks of the file are really taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] while there is too little space.
    pub fn set_aside(&self) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        let metadata = file.metadata()?;
        if metadata.blocks() * BLOCK_BYTES < RESERVE_BYTES {
            take_blocks(&file, &self.path).inspect_err(|_| {
                // What was left of it stays; an empty file is none.
                let _ = if metadata.len() == 0 { fs::remove_file(&self.path) } else { file.set_len(metadata.len()) };
            })?;
        }
        self.spent.store(false, Ordering::SeqCst);
        Ok(())
    }
}

fn take_blocks(file: &File, path: &Path) -> io::Result<()> {
    let space = statvfs(path)?;
    if space.f_bavail.saturating_mul(space.f_frsize) < FREE_BYTES_MIN {
        return Err(io::ErrorKind::StorageFull.into());
    }
    match fallocate(file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
        // A file system without it: what is written takes room, too.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_blocks(file),
        done => Ok(done?),
    }
}

fn write_blocks(mut file: &File) -> io::Result<()> {
    let left = RESERVE_BYTES.saturating_sub(file.metadata()?.len());
    for _ in 0..left.div_ceil(CHUNK_BYTES as u64) {
        file.write_all(&[0x5a; CHUNK_BYTES])?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_really_taken_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        assert!(!reserve.give_back(), "there was none");
        assert!(!reserve.is_spent());
        reserve.set_aside().unwrap();
        let blocks = || fs::metadata(folder.path().join(RESERVE_FILE)).unwrap().blocks();
        assert!(blocks() * BLOCK_BYTES >= RESERVE_BYTES, "{} blocks", blocks());
        let before = blocks();
        Reserve::of(folder.path()).set_aside().unwrap();
        assert_eq!(blocks(), before, "it is found again");
        for given in 1..=RESERVE_BYTES / PIECE_BYTES {
            assert!(reserve.give_back());
            assert!(reserve.is_spent());
            let left =
                fs::metadata(folder.path().join(RESERVE_FILE)).map_or(0, |metadata| metadata.blocks() * BLOCK_BYTES);
            assert!(left <= before * BLOCK_BYTES - given * PIECE_BYTES, "{left} bytes are left");
        }
        assert!(!reserve.give_back(), "all of it is given");
        assert!(!folder.path().join(RESERVE_FILE).exists());
        reserve.set_aside().unwrap();
        assert!(reserve.give_back());
        reserve.set_aside().unwrap();
        assert!(!reserve.is_spent());
        assert!(blocks() * BLOCK_BYTES >= RESERVE_BYTES, "it is whole again");
    }

    #[test]
    fn written_blocks_take_as_much_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks");
        write_blocks(&File::create(&path).unwrap()).unwrap();
        assert!(fs::metadata(&path).unwrap().blocks() * BLOCK_BYTES >= RESERVE_BYTES);
    }
}
