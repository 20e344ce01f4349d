//! The cassettes of a data directory: written line by line, read as a whole, played.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use legion_dialects::Dialect;
use legion_runtime::{Clock, TaskKind, TaskScope};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::cassette::canon;
use crate::cassette::playback::Playback;
use crate::cassette::record::{Record, VERSION};
use crate::cassette::recorder::Recorder;
use crate::secrets::Redactor;
use crate::settings::{Matching, Pace};
use crate::upstream::{Answer, Fault, Source};

/// Calls that wait to be written.
const LINES_WAITING_MAX: usize = 256;
/// Characters of a cassette's name, which is a file's.
const NAME_CHARS_MAX: usize = 100;
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
const EXTENSION: &str = "jsonl";

#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    #[error("`{0}` is no name of a cassette\nhint: use letters, digits, `-`, `_` and `.`, at most 100 of them")]
    Name(String),
    #[error("there is no cassette `{0}`\nhint: `legion cassette list` names them")]
    Unknown(String),
    #[error("failed to read the cassette `{name}`")]
    Read { name: String, source: io::Error },
    #[error("failed to list the cassettes")]
    List(#[source] io::Error),
    #[error("line {line} of the cassette `{name}` is damaged: {why}")]
    Damaged { name: String, line: usize, why: String },
}

/// A cassette as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CassetteView {
    pub name: String,
    pub bytes: u64,
    pub calls: usize,
}

/// A request as a provider would get it, without its key.
pub(crate) struct Question<'a> {
    pub provider: &'a str,
    pub model: &'a str,
    pub dialect: Dialect,
    pub path: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// A call that is to be written.
pub(super) struct Line {
    pub name: String,
    pub record: Record,
}

/// A cassette that is played: each record once, in its order.
struct Tape {
    records: Vec<(String, Record)>,
    played: Vec<bool>,
}

/// The cassettes. Cheap to clone.
#[derive(Clone)]
pub struct Cassettes {
    dir: PathBuf,
    lines: Sender<Line>,
    tapes: Arc<Mutex<HashMap<String, Tape>>>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
}

impl Cassettes {
    pub(crate) fn new(dir: PathBuf, clock: Arc<dyn Clock>, redactor: Redactor, tasks: &TaskScope) -> Self {
        let (lines, receiver) = channel(LINES_WAITING_MAX);
        let into = dir.clone();
        tasks.spawn(TaskKind::Upkeep, move |cancel| async move { write_all(receiver, into, cancel).await });
        Self { dir, lines, tapes: Arc::default(), clock, redactor }
    }

    /// The cassettes that there are, by name.
    pub fn list(&self) -> Result<Vec<CassetteView>, CassetteError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(CassetteError::List)?,
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(CassetteError::List)?.path();
            if path.extension().is_none_or(|extension| extension != EXTENSION) {
                continue;
            }
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            let bytes = fs::read(&path).map_err(CassetteError::List)?;
            let calls = bytes.iter().filter(|byte| **byte == b'\n').count();
            all.push(CassetteView { name: name.to_owned(), bytes: bytes.len() as u64, calls });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Whether a name can be recorded to.
    pub fn check_name(name: &str) -> Result<(), CassetteError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fits =
            !name.is_empty() && name.len() <= NAME_CHARS_MAX && !name.starts_with('.') && name.bytes().all(plain);
        if fits { Ok(()) } else { Err(CassetteError::Name(name.to_owned())) }
    }

    /// Puts a cassette back to its beginning, and reads its file again.
    pub fn rewind(&self, name: &str) {
        self.tapes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(name);
    }

    /// Begins to record a call. None when the name cannot be a file's.
    pub(crate) fn record(&self, name: &str, question: &Question<'_>) -> Option<Recorder> {
        Self::check_name(name).ok()?;
        Some(Recorder::new(name, question, self.clock.clone(), self.redactor.clone(), self.lines.clone()))
    }

    /// Answers from a cassette.
    pub(crate) async fn play(
        &self,
        name: &str,
        question: &Question<'_>,
        matching: Matching,
        pace: Pace,
    ) -> Result<Answer, Fault> {
        let record = self.choose(name, question, matching)?;
        if pace == Pace::Recorded {
            tokio::time::sleep(Duration::from_millis(record.answered_ms)).await;
        }
        let broken = || Fault::Broken { source: "the record is damaged".into() };
        let status = StatusCode::from_u16(record.status).map_err(|_| broken())?;
        let headers = record
            .headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
        let pieces: Option<VecDeque<_>> =
            record.pieces.iter().map(|piece| Some((piece.ms, piece.bytes.bytes()?))).collect();
        let playback = Playback::new(pieces.ok_or_else(broken)?, pace, record.complete);
        Ok(Answer { status, headers: headers.collect(), body: Source::Replay(playback) })
    }

    fn choose(&self, name: &str, question: &Question<'_>, matching: Matching) -> Result<Record, Fault> {
        let mut request = question.body.to_vec();
        self.redactor.mask(&mut request);
        let canonical = canon::canonical(&request);
        let key = canon::key(&canonical);
        let mut tapes = self.tapes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !tapes.contains_key(name) {
            let tape = read(&self.dir, name).map_err(|error| Fault::Broken { source: Box::new(error) })?;
            tapes.insert(name.to_owned(), tape);
        }
        let tape = tapes.get_mut(name).expect("it was put there above");
        let fits = |record: &Record| record.dialect == question.dialect.name() && record.path == question.path;
        let same = (0..tape.records.len()).find(|index| {
            let (_, record) = &tape.records[*index];
            !tape.played[*index] && fits(record) && record.key == key
        });
        let chosen = same.or_else(|| {
            (matching == Matching::Nearest)
                .then(|| {
                    let likeness = |index: &usize| {
                        let (text, record) = &tape.records[*index];
                        let model = record.model == question.model;
                        // Among equals one that was not played, and the earliest of those.
                        (common(text, &canonical), model, !tape.played[*index], std::cmp::Reverse(*index))
                    };
                    (0..tape.records.len()).filter(|index| fits(&tape.records[*index].1)).max_by_key(likeness)
                })
                .flatten()
        });
        let index = chosen.ok_or(Fault::NotRecorded)?;
        tape.played[index] = true;
        Ok(tape.records[index].1.clone())
    }
}

/// Bytes in which two texts agree at their beginning and at their end.
fn common(a: &str, b: &str) -> usize {
    let same = |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(a, b)| a == b).count();
    let start = same(&mut a.bytes().zip(b.bytes()));
    start + same(&mut a.bytes().skip(start).rev().zip(b.bytes().skip(start).rev()))
}

fn read(dir: &Path, name: &str) -> Result<Tape, CassetteError> {
    Cassettes::check_name(name)?;
    let path = dir.join(format!("{name}.{EXTENSION}"));
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => CassetteError::Unknown(name.to_owned()),
        _ => CassetteError::Read { name: name.to_owned(), source },
    };
    if fs::metadata(&path).map_err(fail)?.len() > FILE_BYTES_MAX {
        return Err(fail(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    let text = fs::read_to_string(&path).map_err(fail)?;
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let damaged = |why: String| CassetteError::Damaged { name: name.to_owned(), line: index + 1, why };
        let record: Record = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        if record.version != VERSION {
            return Err(damaged(format!("it has the form {}, and this program knows {VERSION}", record.version)));
        }
        let body = record.request.bytes().ok_or_else(|| damaged("its request is no base64".to_owned()))?;
        records.push((canon::canonical(&body), record));
    }
    Ok(Tape { played: vec![false; records.len()], records })
}

async fn write_all(mut lines: Receiver<Line>, dir: PathBuf, cancel: tokio_util::sync::CancellationToken) {
    loop {
        let line = tokio::select! {
            biased; // what was recorded before the end
            line = lines.recv() => line,
            () = cancel.cancelled() => return,
        };
        let Some(line) = line else { return };
        let into = dir.clone();
        let name = line.name.clone();
        let written = tokio::task::spawn_blocking(move || append(&into, &line)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(cassette = %name, %error, "a call was not recorded"),
            Err(error) => tracing::warn!(cassette = %name, %error, "a call was not recorded"),
        }
    }
}

fn append(dir: &Path, line: &Line) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut text = serde_json::to_vec(&line.record)?;
    text.push(b'\n');
    let path = dir.join(format!("{}.{EXTENSION}", line.name));
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(&text)
}
