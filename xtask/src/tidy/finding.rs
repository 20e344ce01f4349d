//! What is wrong, where, and what to do about it.

use std::fmt;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub path: String,
    /// 1 is the first; 0 means the whole file.
    pub line: usize,
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { path, line, what, remedy } = self;
        match line {
            0 => write!(formatter, "{path}: {what}; {remedy}"),
            _ => write!(formatter, "{path}:{line}: {what}; {remedy}"),
        }
    }
}
