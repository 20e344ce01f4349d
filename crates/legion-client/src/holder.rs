//! Who holds a data directory: the kernel's word, when its files are gone or say something else.

use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::path::Path;

const LOCK_FILE: &str = "lock";
/// The file is far smaller.
const FILE_BYTES_MAX: u64 = 4 * 1024;

/// The service that holds a data directory, as far as the file of its lock tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: Option<u32>,
    /// Where it listens. `None` while it starts.
    pub url: Option<String>,
}

impl Holder {
    /// Who holds it; `None` when nobody does. What the file says is believed only while its lock is held: a crash leaves the file behind.
    pub fn of(data_dir: &Path) -> Option<Self> {
        let file = File::open(data_dir.join(LOCK_FILE)).ok()?;
        // For a moment only: a service that starts tries again while its directory has no valid service file.
        let Err(TryLockError::WouldBlock) = file.try_lock_shared() else { return None };
        let mut text = String::new();
        // That it is held is certain without the words.
        let _ = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.parse().ok());
        let url = lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
        Some(Self { pid, url })
    }
}
