//! What a gate left in its transcript.

use std::collections::VecDeque;
use std::path::Path;

use legion_process::{Content, Exit, ReadError, TranscriptReader, transcript_path};

/// Bytes of its output that are kept: the end, where failures stand.
pub(super) const LOG_BYTES_MAX: usize = 16 * 1024;

/// What a gate left.
#[derive(Debug, Default)]
pub(in crate::tickets) struct Reading {
    /// Milliseconds since 1970.
    pub started_ms: Option<u64>,
    pub exit: Option<(Exit, u64)>,
    /// Why it could not be started.
    pub failed: Option<String>,
    /// The end of what it wrote, both streams as they came.
    pub log: String,
    /// All that it wrote, in bytes.
    pub bytes: u64,
}

impl Reading {
    /// Reads a run's transcript, keeping at most `log_bytes_max` of what was written. Blocks.
    pub(in crate::tickets) fn of(dir: &Path, log_bytes_max: usize) -> Result<Self, ReadError> {
        let mut reading = Self::default();
        let path = transcript_path(dir);
        if !path.exists() {
            return Ok(reading);
        }
        let mut reader = TranscriptReader::open(&path, 0)?;
        let mut tail = VecDeque::new();
        while let Some((_, frame)) = reader.next_frame()? {
            match frame.content {
                Content::Started(_) => reading.started_ms = Some(frame.at_ms),
                Content::Stdout(bytes) | Content::Stderr(bytes) => {
                    reading.bytes += bytes.len() as u64;
                    tail.extend(bytes);
                    let surplus = tail.len().saturating_sub(log_bytes_max);
                    tail.drain(..surplus);
                }
                Content::Failed(failure) => reading.failed = Some(failure.message),
                Content::Exited(exit) => reading.exit = Some((exit, frame.at_ms)),
                Content::Input(_) | Content::Written(_) | Content::Unknown { .. } => {}
            }
        }
        let tail = Vec::from(tail);
        reading.log = String::from_utf8_lossy(&tail).trim_end().to_owned();
        if reading.bytes > tail.len() as u64 {
            reading.log = format!("[{} bytes before this]\n{}", reading.bytes - tail.len() as u64, reading.log);
        }
        Ok(reading)
    }

    /// How long it ran, as far as the transcript tells.
    pub(super) fn ms(&self) -> u64 {
        let end = self.exit.map(|(_, at_ms)| at_ms);
        end.zip(self.started_ms).map_or(0, |(end, started)| end.saturating_sub(started))
    }
}
