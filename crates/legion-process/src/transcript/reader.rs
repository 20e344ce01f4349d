//! Reads a transcript frame by frame, while it may still be growing.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{Frame, HEADER_BYTES, Header, TRAILER_BYTES};

/// Why a transcript cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("failed to open the transcript `{path}`")]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to read the transcript")]
    Read(#[from] io::Error),
    /// Not a torn tail: whole bytes that no writer of frames can have left there.
    #[error("the transcript is damaged at byte {offset}")]
    Damaged { offset: u64 },
}

/// Yields the frames of one transcript from an offset on. Holds at most one frame in memory.
#[derive(Debug)]
pub struct TranscriptReader {
    file: BufReader<File>,
    /// The end of the last whole frame that was read.
    offset: u64,
    /// Where the file stands; equals `offset` except after a torn tail.
    cursor: u64,
}

impl TranscriptReader {
    /// Opens the transcript at `path`; `offset` is 0 or one that a reader returned before.
    ///
    /// # Errors
    /// When the file cannot be opened; `NotFound` inside while no shim has made it yet.
    pub fn open(path: &Path, offset: u64) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, offset, cursor: offset })
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next whole frame and the offset behind it, or `None` when there is none yet:
    /// ask again when the file has grown. An unfinished frame at the end is not there yet either.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else than frames.
    pub fn next_frame(&mut self) -> Result<Option<(u64, Frame)>, ReadError> {
        let Some(header) = self.next_header()? else {
            return Ok(None);
        };
        let mut payload = vec![0; header.length as usize];
        let mut trailer = [0; TRAILER_BYTES];
        if !self.fill(&mut payload)? || !self.fill(&mut trailer)? {
            return Ok(None);
        }
        let damaged = ReadError::Damaged { offset: self.offset };
        if u32::from_le_bytes(trailer) != header.length {
            return Err(damaged);
        }
        let frame = Frame::decode(header, payload).ok_or(damaged)?;
        self.offset = self.cursor;
        Ok(Some((self.offset, frame)))
    }

    /// Goes to the end of the last whole frame without keeping anything; returns that offset.
    ///
    /// # Errors
    /// As [`Self::next_frame`].
    pub(crate) fn skip_to_end(&mut self) -> Result<u64, ReadError> {
        while let Some(header) = self.next_header()? {
            let behind = self.offset + header.frame_bytes();
            let trailer_at = behind - TRAILER_BYTES as u64;
            let ahead = i64::try_from(trailer_at - self.cursor).expect("frames are small");
            self.file.seek_relative(ahead)?;
            self.cursor = trailer_at;
            let mut trailer = [0; TRAILER_BYTES];
            if !self.fill(&mut trailer)? {
                break;
            }
            if u32::from_le_bytes(trailer) != header.length {
                return Err(ReadError::Damaged { offset: self.offset });
            }
            self.offset = behind;
        }
        Ok(self.offset)
    }

    fn next_header(&mut self) -> Result<Option<Header>, ReadError> {
        if self.cursor != self.offset {
            self.file.seek(SeekFrom::Start(self.offset))?;
            self.cursor = self.offset;
        }
        let mut bytes = [0; HEADER_BYTES];
        if !self.fill(&mut bytes)? {
            return Ok(None);
        }
        Header::decode(&bytes).map(Some).ok_or(ReadError::Damaged { offset: self.offset })
    }

    /// Fills `buffer`, or returns false at the end of the file.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    filled += count;
                    self.cursor += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
