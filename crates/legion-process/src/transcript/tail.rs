//! The last lines of output, without reading what lies before them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::frame::{Content, HEADER_BYTES, Header, TRAILER_BYTES};
use super::lines::{Entry, LINE_BYTES_MAX, LineFollower, OutputLine, Position};
use super::reader::{ReadError, TranscriptReader};

/// The most lines that one call returns.
const TAIL_LINES_MAX: usize = 10_000;
/// How often the search goes further back, four times as far each time, for the beginning of a
/// line. After that the line is shown without it.
const WIDENINGS_MAX: usize = 6;
/// The most bytes of lines that one call returns: with long lines there are fewer of them.
const TAIL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Returns the last `count` lines of output, standard output and error as they were written.
///
/// `paths` are the transcripts of one conversation, oldest first; one that does not exist counts
/// as empty. Lines above [`LINE_BYTES_MAX`] are cut.
///
/// # Errors
/// When a transcript cannot be read.
pub fn tail_lines(paths: &[PathBuf], count: usize) -> Result<Vec<OutputLine>, ReadError> {
    let count = count.min(TAIL_LINES_MAX);
    let mut lines = VecDeque::new();
    let mut bytes = 0;
    for path in paths.iter().rev() {
        let missing = count - lines.len();
        if missing == 0 || bytes >= TAIL_BYTES_MAX {
            break;
        }
        let found = tail_of(path, missing, TAIL_BYTES_MAX - bytes)?;
        for line in found.into_iter().rev() {
            bytes += line.bytes.len();
            lines.push_front(line);
        }
    }
    Ok(lines.into())
}

fn tail_of(path: &Path, count: usize, bytes_max: usize) -> Result<VecDeque<OutputLine>, ReadError> {
    // One more for each stream, whose first line in the window may lack its beginning.
    let mut newlines = count.saturating_add(2);
    for widening in 0.. {
        let start = match window_start(path, newlines) {
            Err(ReadError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(VecDeque::new());
            }
            start => start?,
        };
        let window = read_window(path, start, count, bytes_max)?;
        // A line that began before the window can still be among the last ones.
        if window.iter().all(|(_, whole)| *whole) || widening == WIDENINGS_MAX {
            return Ok(window.into_iter().map(|(line, _)| line).collect());
        }
        newlines = newlines.saturating_mul(4);
    }
    unreachable!("the last widening returns")
}

/// Returns the last lines from `start` on, and of each whether its beginning is certain.
fn read_window(
    path: &Path,
    start: u64,
    count: usize,
    bytes_max: usize,
) -> Result<VecDeque<(OutputLine, bool)>, ReadError> {
    let position = Position { offset: start, ..Position::default() };
    let mut follower = LineFollower::open(path, position, LINE_BYTES_MAX)?;
    let mut lines: VecDeque<(OutputLine, bool)> = VecDeque::new();
    let mut bytes = 0;
    let mut begun = [start == 0; 2];
    let mut push = |entry: Entry| {
        let Entry::Line(line) = entry else { return };
        let whole = std::mem::replace(&mut begun[line.stream as usize], true);
        bytes += line.bytes.len();
        lines.push_back((line, whole));
        while lines.len() > count || bytes > bytes_max {
            let Some((first, _)) = lines.pop_front() else {
                break;
            };
            bytes -= first.bytes.len();
        }
    };
    while let Some((_, entry)) = follower.next_entry()? {
        push(entry);
    }
    let rest = follower.finish();
    rest.into_iter().for_each(|(_, entry)| push(entry));
    Ok(lines)
}

/// Returns what the last whole frame of the transcript at `path` says; `None` when there is no
/// frame, or no transcript.
pub(crate) fn last_frame(path: &Path) -> Result<Option<Content>, ReadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let end = end_of_frames(path, &file)?;
    let Some((begin, _)) = frame_before(&file, end)? else {
        return Ok(None);
    };
    let found = TranscriptReader::open(path, begin)?.next_frame()?;
    Ok(found.map(|(_, frame)| frame.content))
}

/// Returns the offset of the last frame behind which `wanted` lines end.
fn window_start(path: &Path, wanted: usize) -> Result<u64, ReadError> {
    let file = File::open(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
    let mut at = end_of_frames(path, &file)?;
    let mut newlines = 0;
    let mut payload = Vec::new();
    while at > 0 && newlines < wanted {
        let Some((begin, header)) = frame_before(&file, at)? else {
            return Err(ReadError::Damaged { offset: at });
        };
        if header.is_output() {
            payload.resize(header.length as usize, 0);
            file.read_exact_at(&mut payload, begin + HEADER_BYTES as u64)?;
            newlines += payload.iter().filter(|&&byte| byte == b'\n').count();
        }
        at = begin;
    }
    Ok(at)
}

fn end_of_frames(path: &Path, file: &File) -> Result<u64, ReadError> {
    let length = file.metadata()?.len();
    if length == 0 || frame_before(file, length)?.is_some() {
        return Ok(length);
    }
    // A torn tail: only reading from the front tells where the last whole frame ends.
    TranscriptReader::open(path, 0)?.skip_to_end()
}

/// Returns the frame that ends at `end`, if one does.
fn frame_before(file: &File, end: u64) -> io::Result<Option<(u64, Header)>> {
    let mut trailer = [0; TRAILER_BYTES];
    let Some(trailer_at) = end.checked_sub(TRAILER_BYTES as u64) else {
        return Ok(None);
    };
    file.read_exact_at(&mut trailer, trailer_at)?;
    let length = u32::from_le_bytes(trailer);
    let frame_bytes = (HEADER_BYTES + TRAILER_BYTES) as u64 + u64::from(length);
    let Some(begin) = end.checked_sub(frame_bytes) else {
        return Ok(None);
    };
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, begin)?;
    Ok(Header::decode(&header).filter(|header| header.length == length).map(|header| (begin, header)))
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::lines::OutputStream;
    use super::*;

    fn write(path: &PathBuf, contents: Vec<Content>, torn: usize) {
        let mut bytes = Vec::new();
        for content in contents {
            Frame { at_ms: 1, content }.encode(&mut bytes);
        }
        bytes.truncate(bytes.len() - torn);
        std::fs::write(path, bytes).unwrap();
    }

    fn texts(paths: &[PathBuf], count: usize) -> Vec<String> {
        let lines = tail_lines(paths, count).unwrap();
        lines.iter().map(OutputLine::text).collect()
    }

    #[test]
    fn the_tail_is_the_end_of_the_whole_for_every_count() {
        let directory = tempfile::tempdir().unwrap();
        let paths = [directory.path().join("a"), directory.path().join("b")];
        let first: Vec<_> = (0..20).map(|n| Content::Stdout(format!("a{n}\nx").into_bytes())).collect();
        let second: Vec<_> = (0..20)
            .map(|n| match n % 3 {
                0 => Content::Stderr(format!("e{n}\nhalf ").into_bytes()),
                _ => Content::Stdout(format!("b{n}\n\nbegin ").into_bytes()),
            })
            .collect();
        write(&paths[0], first, 0);
        for torn in [0, 1, 5, 20] {
            write(&paths[1], second.clone(), torn);
            let whole = texts(&paths, 1000);
            assert!(whole.len() > 50);
            for count in 0..whole.len() {
                assert_eq!(texts(&paths, count), whole[whole.len() - count..], "{count}");
            }
        }
        assert!(texts(&[directory.path().join("none")], 5).is_empty());
    }

    #[test]
    fn streams_keep_apart_and_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        let contents = vec![
            Content::Stdout(b"abc".to_vec()),
            Content::Stderr(b"err\n".to_vec()),
            Content::Stdout(b"def\n".to_vec()),
        ];
        write(&path, contents, 0);
        assert_eq!(texts(std::slice::from_ref(&path), 9), ["err", "abcdef"]);
        let lines = tail_lines(&[path], 9).unwrap();
        assert_eq!(lines[0].stream, OutputStream::Stderr);
    }
}
