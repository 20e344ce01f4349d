//! The file in which Claude Code keeps a conversation: whether it is there, and what it holds.
//!
//! The program writes it up to a tenth of a second after the lines on its standard output: what was echoed may not be
//! in the file yet, and is lost when the program is killed before it is.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use uuid::Uuid;

/// Longest record that is looked at, in bytes. Longer are not messages: they are limited to far less.
const RECORD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Returns the configuration directory that Claude Code uses with this home.
pub fn config_dir(home: &Path) -> PathBuf {
    home.join(".claude")
}

/// Returns where the session's file lies, or would lie when there is none yet.
pub fn session_file(config_dir: &Path, cwd: &Path, session: Uuid) -> PathBuf {
    let name = format!("{session}.jsonl");
    let projects = config_dir.join("projects");
    let expected = projects.join(directory_name(cwd)).join(&name);
    if expected.exists() {
        return expected;
    }
    // The program resolves links and shortens long names by its own rules; the session's id is unique anyway.
    let directories = fs::read_dir(&projects).into_iter().flatten().flatten();
    directories.map(|directory| directory.path().join(&name)).find(|path| path.exists()).unwrap_or(expected)
}

fn directory_name(cwd: &Path) -> String {
    cwd.to_string_lossy().replace(|character: char| !character.is_ascii_alphanumeric(), "-")
}

/// Tells whether the file holds the message that was written with this injection id: as a prompt (`uuid`), or as one
/// that was put into a running turn (`source_uuid`).
pub fn seen_in_session(path: &Path, injection: Uuid) -> io::Result<bool> {
    let id = injection.hyphenated().to_string();
    any_record(path, id.as_bytes(), |record| {
        record["uuid"] == id.as_str() || record["attachment"]["source_uuid"] == id.as_str()
    })
}

/// Tells whether the file holds a conversation that can be resumed: at least one message.
pub fn has_conversation(path: &Path) -> io::Result<bool> {
    any_record(path, b"\"type\":\"user\"", |record| record["type"] == "user")
}

/// Tells whether a record that holds the bytes `needle` is what `is_it` looks for. A file that is not there holds
/// nothing, and a torn record is none.
fn any_record(path: &Path, needle: &[u8], is_it: impl Fn(&Value) -> bool) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(RECORD_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(false);
        }
        let holds_it = line.windows(needle.len()).any(|window| window == needle);
        if holds_it && serde_json::from_slice::<Value>(&line).is_ok_and(|record| is_it(&record)) {
            return Ok(true);
        }
    }
}
