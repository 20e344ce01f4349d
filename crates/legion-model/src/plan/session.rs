//! What is wrong with a plan's session.

use crate::glob::Glob;
use crate::tickets::SessionName;

use super::bounds::{GROUPS_MAX, LIST_MAX, WORKERS_MAX};
use super::phrase::quoted;
use super::problem::{ProblemKind, Problems};
use super::ref_name::{RefNameFault, check_branch_name, check_revision};
use super::spec::SessionSpec;
use super::ticket::check_name;
use super::words::overlap;

type NameCheck = fn(&str) -> Result<(), RefNameFault>;

/// Adds the problems of a session to `problems`; returns its name and the globs that it protects.
pub(super) fn check_session(session: &SessionSpec, problems: &mut Problems) -> (Option<SessionName>, Vec<Glob>) {
    let mut tell = |kind, sentence| problems.push(kind, None, sentence);
    let names: [(&str, &Option<String>, NameCheck); 2] =
        [("target", &session.target, check_branch_name), ("from", &session.from, check_revision)];
    for (field, name, check) in names {
        if let Some(name) = name
            && let Err(fault) = check(name)
        {
            tell(ProblemKind::RefName, format!("[session]: `{field}` cannot be {}: {fault}", quoted(name)));
        }
    }
    let name = session.name.as_deref().and_then(|name| match name.parse::<SessionName>() {
        Ok(name) => Some(name),
        Err(fault) => {
            tell(ProblemKind::RefName, format!("[session]: {fault}"));
            None
        }
    });
    if let Some(workers) = session.workers
        && !(1..=WORKERS_MAX).contains(&workers)
    {
        tell(ProblemKind::Limit, format!("[session]: `workers` is {workers}; it must be 1 to {WORKERS_MAX}"));
    }
    if let Some(word) = &session.overlap
        && overlap(word).is_none()
    {
        tell(ProblemKind::Word, format!("[session]: `overlap` is {}; it must be `warn` or `hold`", quoted(word)));
    }
    if session.group_caps.len() > GROUPS_MAX {
        tell(ProblemKind::Limit, format!("[session]: `group_caps` has more than {GROUPS_MAX} groups"));
    }
    for (group, cap) in session.group_caps.iter().take(GROUPS_MAX) {
        if let Err(fault) = check_name(group) {
            tell(ProblemKind::Text, format!("[session]: {} in `group_caps` is no name: {fault}", quoted(group)));
        }
        if !(1..=WORKERS_MAX).contains(cap) {
            let group = quoted(group);
            tell(
                ProblemKind::Limit,
                format!("[session]: the cap of group {group} is {cap}; it must be 1 to {WORKERS_MAX}"),
            );
        }
    }
    if session.protect.len() > LIST_MAX {
        tell(ProblemKind::Limit, format!("[session]: `protect` has more than {LIST_MAX} globs"));
    }
    let mut globs = Vec::new();
    for text in session.protect.iter().take(LIST_MAX) {
        match Glob::parse(text) {
            Ok(glob) => globs.push(glob),
            Err(fault) => {
                tell(ProblemKind::Glob, format!("[session]: {} in `protect` is no glob: {fault}", quoted(text)))
            }
        }
    }
    (name, globs)
}
