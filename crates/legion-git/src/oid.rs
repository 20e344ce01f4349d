//! Names of objects.

use std::fmt;
use std::str::FromStr;

/// The name of a commit, tree or blob: 40 or 64 lower-case hexadecimal digits, not all of them zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<str>);

/// By which hash a repository names its objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ObjectFormat {
    #[default]
    Sha1,
    Sha256,
}

/// Why a text names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name of a git object: 40 or 64 hexadecimal digits, not all zero")]
pub struct BadOid {
    text: String,
}

impl Oid {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash by which it was made.
    pub fn format(&self) -> ObjectFormat {
        if self.0.len() == ObjectFormat::Sha256.digits() { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 }
    }

    /// Reads a name from what git wrote; all zeros are `None`.
    pub(crate) fn from_output(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?.trim_end().parse().ok()
    }
}

impl ObjectFormat {
    /// Digits of an object's name.
    pub fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
        }
    }

    /// As git's configuration says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// What git takes for "no object".
    pub(crate) fn zero(self) -> String {
        "0".repeat(self.digits())
    }
}

impl FromStr for Oid {
    type Err = BadOid;

    fn from_str(text: &str) -> Result<Self, BadOid> {
        let length = text.len() == ObjectFormat::Sha1.digits() || text.len() == ObjectFormat::Sha256.digits();
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if length && digits && text.bytes().any(|byte| byte != b'0') {
            return Ok(Self(text.into()));
        }
        Err(BadOid { text: text.chars().take(80).collect() })
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Oid({})", self.0)
    }
}

impl AsRef<std::ffi::OsStr> for Oid {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.0.as_ref().as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_names_are_taken() {
        for good in ["1".repeat(40), "abcdef0123".repeat(4), "e".repeat(64)] {
            assert_eq!(good.parse::<Oid>().unwrap().as_str(), good);
        }
        for bad in ["", "--output=x", "HEAD", &"0".repeat(40), &"A".repeat(40), &"1".repeat(39), &"1".repeat(41)] {
            assert!(bad.parse::<Oid>().is_err(), "{bad}");
        }
    }
}
