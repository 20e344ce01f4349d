//! What git writes with `-z`: words that end with NUL.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The words of `bytes`. What stands behind the last NUL was cut off and is left out.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = bytes.iter().rposition(|byte| *byte == 0).map_or(0, |last| last + 1);
    bytes[..end].split_inclusive(|byte| *byte == 0).map(|word| &word[..word.len() - 1])
}

pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// Paths as git reads them with `-z`.
pub(crate) fn joined<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
        bytes.push(0);
    }
    bytes
}

/// At most `limit` bytes of a text for people, broken at a character.
pub(crate) fn text(bytes: &[u8], limit: usize) -> String {
    let cut = &bytes[..bytes.len().min(limit)];
    String::from_utf8_lossy(cut).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_was_cut_off_is_left_out() {
        let all: Vec<_> = words(b"a\0\0bc\0de").collect();
        assert_eq!(all, [&b"a"[..], b"", b"bc"]);
        assert_eq!(words(b"abc").count(), 0);
        assert_eq!(words(b"").count(), 0);
    }
}
