//! Commits as a person reads them.

const SHORT: usize = 12;

/// The first twelve digits.
pub(crate) fn short_commit(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}
