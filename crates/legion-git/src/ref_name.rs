//! Full names of refs.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

/// Longer than any name that a file system takes.
const REF_BYTES_MAX: usize = 1_024;
const COMPONENT_BYTES_MAX: usize = 200;
const BRANCHES: &str = "refs/heads/";

/// The full name of a ref, such as `refs/heads/main`: what `git check-ref-format` takes, and in no part like an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<str>);

/// Why a text names no ref.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no name of a ref or branch: {reason}")]
pub struct BadRefName {
    pub name: String,
    pub reason: &'static str,
}

impl RefName {
    /// The full name of branch `name`.
    ///
    /// # Errors
    /// When no branch can be called so.
    pub fn branch(name: &str) -> Result<Self, BadRefName> {
        if name == "HEAD" {
            return Err(BadRefName { name: name.to_owned(), reason: "it means something else to git" });
        }
        check(name).map_err(|reason| BadRefName { name: shown(name), reason })?;
        format!("{BRANCHES}{name}").parse()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch's name, when it is one.
    pub fn branch_name(&self) -> Option<&str> {
        self.0.strip_prefix(BRANCHES)
    }
}

impl FromStr for RefName {
    type Err = BadRefName;

    fn from_str(name: &str) -> Result<Self, BadRefName> {
        let bad = |reason| BadRefName { name: shown(name), reason };
        let Some(rest) = name.strip_prefix("refs/") else { return Err(bad("it does not begin with `refs/`")) };
        if !rest.contains('/') {
            return Err(bad("it has fewer than three parts"));
        }
        check(name).map_err(bad)?;
        Ok(Self(name.into()))
    }
}

/// The rules of `git check-ref-format`, and a few of ours.
fn check(name: &str) -> Result<(), &'static str> {
    if name.len() > REF_BYTES_MAX {
        return Err("it is too long");
    }
    if name == "@" || name.contains("@{") {
        return Err("`@` alone and `@{` mean something else to git");
    }
    if name.contains("..") || name.ends_with('.') {
        return Err("it has `..` in it or a dot at its end");
    }
    if name.bytes().any(|byte| byte <= b' ' || byte == 0x7f || b"~^:?*[\\".contains(&byte)) {
        return Err("it has a space, a control character or one of `~^:?*[\\` in it");
    }
    for part in name.split('/') {
        if part.is_empty() {
            return Err("a part of it is empty");
        }
        if part.len() > COMPONENT_BYTES_MAX {
            return Err("a part of it is too long");
        }
        if part.starts_with('-') {
            return Err("a part of it looks like an option");
        }
        if part.starts_with('.') || part.ends_with(".lock") {
            return Err("a part of it begins with a dot or ends with `.lock`");
        }
    }
    Ok(())
}

fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

impl fmt::Display for RefName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<OsStr> for RefName {
    fn as_ref(&self) -> &OsStr {
        self.0.as_ref().as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_takes_are_taken() {
        for good in
            ["refs/heads/main", "refs/heads/legion/x/t7-1", "refs/legion/in/7/1", "refs/heads/größe", "refs/a/b@c"]
        {
            assert_eq!(good.parse::<RefName>().unwrap().as_str(), good);
        }
        assert_eq!(RefName::branch("a/b").unwrap().branch_name(), Some("a/b"));
    }

    #[test]
    fn names_that_could_be_something_else_are_refused() {
        for bad in [
            "-x",
            "--output=x",
            "a/-x",
            "a..b",
            "a b",
            "a\n",
            "a\0",
            "@",
            "a@{1}",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "/a",
            "a/",
            "a//b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "",
            "HEAD",
            "\u{7f}",
        ] {
            assert!(RefName::branch(bad).is_err(), "{bad:?}");
        }
        for bad in ["main", "HEAD", "refs/heads", "heads/main", "refs/", "refs//x", "../x", "refs/heads/../../config"] {
            assert!(bad.parse::<RefName>().is_err(), "{bad:?}");
        }
    }
}
