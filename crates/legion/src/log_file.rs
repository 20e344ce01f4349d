//! The service's own log: a file that begins anew when it is full, and a few old ones.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Bytes of one file.
const BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Old files that are kept.
const KEPT: u32 = 4;

/// `legion.log`, then `legion.log.1` … the older the higher.
pub(crate) struct LogFile {
    path: PathBuf,
    bytes_max: u64,
    open: Mutex<Option<(File, u64)>>,
}

impl LogFile {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { path: directory.join("legion.log"), bytes_max: BYTES_MAX, open: Mutex::new(None) }
    }

    fn write_line(&self, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        if open.as_ref().is_some_and(|(_, written)| *written >= self.bytes_max) {
            *open = None;
            self.rotate()?;
        }
        if open.is_none() {
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
            let length = file.metadata()?.len();
            *open = Some((file, length));
        }
        let (file, written) = open.as_mut().expect("opened above");
        file.write_all(bytes)?;
        *written += bytes.len() as u64;
        Ok(())
    }

    fn rotate(&self) -> io::Result<()> {
        let numbered = |number: u32| self.path.with_extension(format!("log.{number}"));
        for number in (1..KEPT).rev() {
            match fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, numbered(1))
    }
}

impl Write for &LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that cannot be written, on a full disk say, stops nothing.
        let _ = self.write_line(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_only_a_few_are_kept() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let log = LogFile { bytes_max: 10, ..LogFile::new(directory.path()) };
        for number in 0..20 {
            log.write_line(format!("line {number:02}\n").as_bytes()).expect("written");
        }
        let mut names: Vec<String> = fs::read_dir(directory.path())
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        assert_eq!(names, ["legion.log", "legion.log.1", "legion.log.2", "legion.log.3", "legion.log.4"]);
        assert_eq!(fs::read_to_string(directory.path().join("legion.log.1")).expect("read"), "line 16\nline 17\n");
    }
}
