//! A service that was started in the background, watched until it answers.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use legion_cli::{ServiceEnd, StartedService};
use legion_process::Detached;

/// Bytes of its last words.
const WORDS_BYTES_MAX: u64 = 4 * 1024;
/// Lines of its last words.
const WORDS_LINES_MAX: usize = 5;

pub(crate) struct Started {
    pub(crate) process: Detached,
    /// Where its standard error goes.
    pub(crate) log: PathBuf,
    /// Where in there its own words begin.
    pub(crate) begin: u64,
}

impl StartedService for Started {
    fn ended(&mut self) -> Option<ServiceEnd> {
        let status = self.process.ended()?;
        // Its log may be gone with the directory: then how it ended is all there is.
        let words = self.last_words().unwrap_or_default();
        let why = if words.is_empty() { format!("it ended with {status}") } else { words };
        Some(ServiceEnd { code: status.code(), why })
    }
}

impl Started {
    fn last_words(&self) -> io::Result<String> {
        let mut file = File::open(&self.log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(self.begin.max(length.saturating_sub(WORDS_BYTES_MAX))))?;
        let mut bytes = Vec::new();
        file.take(WORDS_BYTES_MAX).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(WORDS_LINES_MAX)..];
        Ok(last.join("\n").trim_start_matches("error: ").to_owned())
    }
}
