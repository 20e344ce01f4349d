//! How an agent is held to what it was given: the tier, and the paths that it may reach. Both only narrow going down.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an agent is held. The order is that of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// By nothing but the rights of its user.
    None,
    /// By Landlock and a filter of system calls, among the machine's own files and processes.
    Landlock,
    /// By namespaces of its own besides.
    Full,
}

impl Tier {
    /// The word in flags, settings and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock",
            Self::Full => "full",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Landlock, Self::Full].into_iter().find(|tier| tier.as_str() == word)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Paths that an agent may reach: absolute, without links, each with everything below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    pub read: Vec<String>,
    /// May be read and changed; nothing in them may be executed unless it is in `execute` too.
    pub write: Vec<String>,
    /// May be read and executed.
    pub execute: Vec<String>,
}

/// What a hire says about containment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainmentAsk {
    /// `None` is the parent's, or the service's for the person.
    pub tier: Option<Tier>,
    /// `None` is the parent's, or everything in the working directory.
    pub permissions: Option<Permissions>,
    /// What the tier cannot enforce, for whoever hires.
    pub warnings: Vec<String>,
}

impl Permissions {
    /// Everything in one directory: what an agent has to which nothing else was said.
    pub fn whole(directory: &str) -> Self {
        let all = || vec![directory.to_owned()];
        Self { read: all(), write: all(), execute: all() }
    }

    /// Whether a path may be read, by whichever list.
    pub fn may_read(&self, path: &str) -> bool {
        [&self.read, &self.write, &self.execute].into_iter().any(|list| covers(list, path))
    }

    /// The first thing that `child` asks for and this has not: the right, and the path.
    pub fn wider<'c>(&self, child: &'c Self) -> Option<(&'static str, &'c str)> {
        let found = |right, list: &'c [String], has: &dyn Fn(&str) -> bool| {
            list.iter().find(|path| !has(path)).map(|path| (right, path.as_str()))
        };
        found("read", &child.read, &|path| self.may_read(path))
            .or_else(|| found("write", &child.write, &|path| covers(&self.write, path)))
            .or_else(|| found("execute", &child.execute, &|path| covers(&self.execute, path)))
    }
}

fn covers(list: &[String], path: &str) -> bool {
    list.iter().any(|above| is_inside(path, above))
}

/// Whether a path is a directory or lies below it. Both are absolute and resolved.
pub fn is_inside(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path == directory || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_is_wider_is_named() {
        let list = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let above = Permissions { read: list(&["/a"]), write: list(&["/a/w"]), execute: list(&["/a/x", "/usr"]) };
        assert_eq!(above.wider(&above), None);
        let narrower = Permissions { read: list(&["/a/w/b", "/usr/bin"]), write: list(&["/a/w/c"]), execute: vec![] };
        assert_eq!(above.wider(&narrower), None);
        for (child, wanted) in [
            (Permissions { read: list(&["/ab"]), ..Permissions::default() }, ("read", "/ab")),
            (Permissions { write: list(&["/a"]), ..Permissions::default() }, ("write", "/a")),
            (Permissions { execute: list(&["/a/w"]), ..Permissions::default() }, ("execute", "/a/w")),
        ] {
            assert_eq!(above.wider(&child), Some(wanted));
        }
    }
}
