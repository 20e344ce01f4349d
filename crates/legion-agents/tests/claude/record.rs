//! Writing what a program said into the transcripts that the tests of the decoder read.

use std::fs;
use std::path::{Path, PathBuf};

/// Set to `1` to record.
const RECORD: &str = "LEGION_RECORD";

/// Writes a transcript when it is asked for. `directory` is the test's own: it becomes `/test` in the transcript.
pub fn record(version: &str, case: &str, directory: &Path, lines: &[String]) {
    if std::env::var_os(RECORD).is_none_or(|value| value != "1") {
        return;
    }
    let mut text = lines.join("\n") + "\n";
    let path = directory.display().to_string();
    let dashed = path.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    text = text.replace(&path, "/test").replace(&dashed, "-test");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/claude-{version}"));
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join(format!("{case}.jsonl")), text).unwrap();
}

/// The program of each version that is installed.
pub fn programs() -> Vec<(&'static str, PathBuf)> {
    let versions = legion_testkit::npm::CLAUDE_VERSIONS;
    versions.into_iter().filter_map(|version| Some((version, legion_testkit::npm::claude(version).ok()?))).collect()
}
