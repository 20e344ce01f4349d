//! The file in which Claude Code keeps a conversation: whether it is there, and what it holds.
//!
//! The program writes it up to a tenth of a second after the lines on its standard output: what was echoed may not be
//! in the file yet, and is lost when the program is killed before it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use uuid::Uuid;

/// Longest record that is looked at, in bytes. Longer are not messages: they are limited to far less.
const RECORD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Returns the configuration directory that Claude Code uses with this home, when nothing else is said.
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

/// Makes the file such that the program can start with it, and tells whether it is to be resumed. Only while no program
/// uses it.
///
/// A file without any message, left by an early kill, is put aside: with it the program neither starts a session (the id
/// "is already in use") nor resumes one ("no conversation found"). A torn last record is ended, so that the next one
/// stands on a line of its own.
pub fn make_startable(path: &Path) -> io::Result<bool> {
    if !any_record(path, b"\"type\":\"user\"", |record| record["type"] == "user")? {
        return match fs::rename(path, path.with_extension("jsonl.empty")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(false),
        };
    }
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(true)
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

#[cfg(test)]
mod tests {
    use legion_testkit::TestDir;

    use super::*;

    const FILE: &str = "s.jsonl";
    const PROMPT: Uuid = Uuid::from_u128(1);
    const STEERED: Uuid = Uuid::from_u128(2);
    const OTHER: Uuid = Uuid::from_u128(3);

    fn records() -> String {
        format!(
            "{}\n{}\n{}\n",
            serde_json::json!({"type": "queue-operation", "operation": "remove", "commandUuid": OTHER}),
            serde_json::json!({"type": "user", "uuid": PROMPT, "message": {"content": OTHER.to_string()}}),
            serde_json::json!({"type": "attachment", "attachment": {"type": "queued_command", "source_uuid": STEERED}}),
        )
    }

    #[test]
    fn a_prompt_and_a_steered_message_are_seen_and_a_queued_or_quoted_id_is_not() {
        let directory = TestDir::new();
        let path = directory.file(FILE, records());
        assert!(seen_in_session(&path, PROMPT).unwrap());
        assert!(seen_in_session(&path, STEERED).unwrap());
        assert!(!seen_in_session(&path, OTHER).unwrap());
        assert!(!seen_in_session(&directory.path().join("none.jsonl"), PROMPT).unwrap());
    }

    #[test]
    fn a_record_that_is_torn_anywhere_is_not_seen() {
        let directory = TestDir::new();
        let record = serde_json::json!({"type": "user", "uuid": PROMPT, "message": {"content": "äöü"}}).to_string();
        for length in 0..record.len() {
            let path = directory.file(FILE, &record.as_bytes()[..length]);
            assert!(!seen_in_session(&path, PROMPT).unwrap(), "{length}");
        }
        assert!(seen_in_session(&directory.file(FILE, &record), PROMPT).unwrap());
    }

    #[test]
    fn a_file_without_a_message_is_put_aside_and_a_torn_one_is_ended() {
        let directory = TestDir::new();
        let queued = b"{\"type\":\"queue-operation\",\"content\":\"\\\"type\\\":\\\"user\\\"\"}\n{\"type\":\"user\",";
        let path = directory.file(FILE, queued);
        assert!(!make_startable(&path).unwrap());
        assert!(!path.exists());
        assert!(!make_startable(&path).unwrap());
        let torn = format!("{}{{\"type\":\"ass", records());
        let path = directory.file(FILE, &torn);
        assert!(make_startable(&path).unwrap());
        assert!(make_startable(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{torn}\n"));
    }

    #[test]
    fn a_session_is_found_under_whatever_name_the_program_gave_its_directory() {
        let directory = TestDir::new();
        let cwd = Path::new("/w/a b/é");
        let session = Uuid::from_u128(9);
        let expected = directory.path().join(format!("projects/-w-a-b--/{session}.jsonl"));
        assert_eq!(session_file(directory.path(), cwd, session), expected);
        let other = directory.path().join("projects/-w-a-b-xyz");
        fs::create_dir_all(&other).unwrap();
        fs::write(other.join(format!("{session}.jsonl")), "").unwrap();
        assert_eq!(session_file(directory.path(), cwd, session), other.join(format!("{session}.jsonl")));
    }
}
