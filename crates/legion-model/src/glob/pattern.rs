use std::fmt;

use super::class::Class;

/// Bytes of a glob.
pub const GLOB_BYTES_MAX: usize = 1_024;

/// Globs without braces that the braces of one glob may stand for.
pub const ALTERNATIVES_MAX: usize = 64;

/// Pairs of braces in one glob.
pub const GROUPS_MAX: usize = 8;

/// A pattern for paths relative to the root of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    pub(super) text: String,
    pub(super) alternatives: Vec<Pattern>,
}

/// A glob without braces: what each segment of a path must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Any number of segments, none included.
    Deep,
    Literal(String),
    Wild(Vec<Token>),
}

/// What one character of a segment must be, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    /// Any character.
    One,
    /// Any number of characters, none included.
    Many,
    Class(Class),
}

impl Glob {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Text that each covered path begins with, one for each alternative. Two globs overlap only where of two such texts one begins
    /// with the other.
    pub fn prefixes(&self) -> impl Iterator<Item = String> {
        self.alternatives.iter().map(Pattern::prefix)
    }

    /// Bytes of the glob with its braces written out, at most.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() * self.alternatives.len()
    }

    /// A measure of the work that a comparison with this glob is.
    pub(crate) fn weight(&self) -> u64 {
        self.alternatives.iter().map(Pattern::weight).sum()
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Pattern {
    fn prefix(&self) -> String {
        let mut prefix = String::new();
        for segment in &self.segments {
            // Not before `**`: it may stand for nothing, and the path may end here.
            if !prefix.is_empty() && !matches!(segment, Segment::Deep) {
                prefix.push('/');
            }
            match segment {
                Segment::Deep => break,
                Segment::Literal(text) => prefix.push_str(text),
                Segment::Wild(tokens) => {
                    prefix.extend(tokens.iter().map_while(|token| match token {
                        Token::Char(char) => Some(*char),
                        _ => None,
                    }));
                    break;
                }
            }
        }
        prefix
    }

    fn weight(&self) -> u64 {
        let length = |segment: &Segment| match segment {
            Segment::Deep | Segment::Literal(_) => 1,
            Segment::Wild(tokens) => 1 + tokens.len() as u64,
        };
        self.segments.iter().map(length).sum()
    }
}
