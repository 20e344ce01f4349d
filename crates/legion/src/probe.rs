//! How what was looked at is told.

use std::time::Duration;

use legion_cli::{Probe, Verdict};

/// How long a program may take to say its version, or whether somebody is logged in.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Bytes of such an answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 4_096;

pub(crate) fn good(name: &str, detail: String) -> Probe {
    Probe { name: name.to_owned(), verdict: Verdict::Ok, detail, fix: None }
}

/// Something is not there that only some need.
pub(crate) fn note(name: &str, detail: String, fix: &str) -> Probe {
    Probe { verdict: Verdict::Note, ..bad(name, detail, fix) }
}

pub(crate) fn warning(name: &str, detail: String, fix: &str) -> Probe {
    Probe { verdict: Verdict::Warning, ..bad(name, detail, fix) }
}

pub(crate) fn bad(name: &str, detail: String, fix: &str) -> Probe {
    Probe { name: name.to_owned(), verdict: Verdict::Failed, detail, fix: Some(fix.to_owned()) }
}
