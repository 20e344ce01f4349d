//! The last lines of output, without reading what lies before them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::frame::{Content, HEADER_BYTES, Header, KIND_STDERR, TRAILER_BYTES};
use super::lines::{Entry, LINE_BYTES_MAX, LineFollower, OutputLine, Position};
use super::reader::{ReadError, TranscriptReader};

/// The most lines that one call returns.
const TAIL_LINES_MAX: usize = 10_000;
/// How often the search goes further back, four times as far each time, for the beginning of a
/// line. After that the line is shown without it.
const WIDENINGS_MAX: usize = 6;
/// Frames at the end in which an unfinished line of either stream is looked for.
const END_FRAMES_MIN: usize = 256;
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
        // A line that began before the window can still be among the last ones. It is looked for, but not through the whole.
        let is_wide = window_bytes(path, start)? > TAIL_BYTES_MAX as u64;
        if window.iter().all(|(_, whole)| *whole) || widening == WIDENINGS_MAX || is_wide {
            return Ok(window.into_iter().map(|(line, _)| line).collect());
        }
        newlines = newlines.saturating_mul(4);
    }
    unreachable!("the last widening returns")
}

fn window_bytes(path: &Path, start: u64) -> io::Result<u64> {
    Ok(std::fs::metadata(path)?.len().saturating_sub(start))
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

/// Returns the place behind the last line of the transcript at `path`, from where a [`LineFollower`] goes on. Reads no more than the end:
/// of a line without an end that began far before it, the beginning is lost. The place of a transcript that does not exist is its start.
///
/// # Errors
/// When the transcript cannot be read.
pub fn end_position(path: &Path) -> Result<Position, ReadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Position::default()),
        Err(source) => return Err(ReadError::Open { path: path.to_owned(), source }),
    };
    let mut position = Position { offset: before_open_lines(path, &file)?, ..Position::default() };
    let mut follower = LineFollower::open(path, position, LINE_BYTES_MAX)?;
    while let Some((next, _)) = follower.next_entry()? {
        position = next;
    }
    Ok(position)
}

/// Returns the offset of a frame before which nothing of a line begins that has no end yet.
fn before_open_lines(path: &Path, file: &File) -> Result<u64, ReadError> {
    let end = end_of_frames(path, file)?;
    let (mut at, mut frames) = (end, 0);
    // Whether the last bytes of a stream were seen, and a line's end before them.
    let (mut seen, mut ended) = ([false; 2], [false; 2]);
    let mut payload = Vec::new();
    while at > 0 && end - at < TAIL_BYTES_MAX as u64 {
        let is_open = (0..2).any(|stream| seen[stream] && !ended[stream]);
        if frames >= END_FRAMES_MIN && !is_open {
            break;
        }
        let Some((begin, header)) = frame_before(file, at)? else {
            return Err(ReadError::Damaged { offset: at });
        };
        if header.is_output() {
            payload.resize(header.length as usize, 0);
            file.read_exact_at(&mut payload, begin + HEADER_BYTES as u64)?;
            let stream = usize::from(header.kind == KIND_STDERR);
            seen[stream] |= !payload.is_empty();
            ended[stream] |= payload.contains(&b'\n');
        }
        at = begin;
        frames += 1;
    }
    Ok(at)
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

    /// From the end on, whoever reads sees what one sees who has read everything.
    #[test]
    fn the_place_at_the_end_is_where_a_reader_of_the_whole_stands() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        let contents: Vec<Content> = (0..900)
            .map(|n| match n % 7 {
                0 => Content::Stderr(format!("e{n}").into_bytes()),
                3 => Content::Stderr(format!("f{n}\nhalf ").into_bytes()),
                5 => Content::Written(uuid::Uuid::from_u128(n)),
                6 => Content::Stdout(Vec::new()),
                _ => Content::Stdout(format!("b{n}\n\nbegin{n} ").into_bytes()),
            })
            .collect();
        let entries = |position| {
            let mut follower = LineFollower::open(&path, position, LINE_BYTES_MAX).unwrap();
            std::iter::from_fn(|| follower.next_entry().unwrap()).map(|(_, entry)| entry).collect::<Vec<_>>()
        };
        for length in (1..60).chain((60..contents.len()).step_by(37)) {
            write(&path, contents[..length].to_vec(), 0);
            let before = entries(Position::default()).len();
            let end = end_position(&path).unwrap();
            assert_eq!(entries(end), [], "{length}");
            write(&path, contents.clone(), 0);
            assert_eq!(entries(end), entries(Position::default())[before..], "{length}");
        }
        assert_eq!(end_position(&directory.path().join("none")).unwrap(), Position::default());
    }

    #[test]
    fn a_long_transcript_is_read_from_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        write(&path, (0..2_000).map(|n| Content::Stdout(format!("line {n}\n").into_bytes())).collect(), 0);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = end_position(&path).unwrap();
        // Whoever reads the beginning fails.
        let half = bytes.len() / 2;
        bytes[..half].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        assert!(LineFollower::open(&path, Position::default(), LINE_BYTES_MAX).unwrap().next_entry().is_err());
        assert_eq!(end_position(&path).unwrap(), end);
        assert_eq!(texts(std::slice::from_ref(&path), 3), ["line 1997", "line 1998", "line 1999"]);
    }
}
