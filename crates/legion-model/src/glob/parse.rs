use super::braces;
use super::class::Class;
use super::pattern::{ALTERNATIVES_MAX, GLOB_BYTES_MAX, GROUPS_MAX, Glob, Pattern, Segment, Token};

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobFault {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {GLOB_BYTES_MAX} bytes")]
    Length,
    #[error("it has a control character")]
    Control,
    #[error("it begins with `/`; paths are relative to the repository's root")]
    Absolute,
    #[error("it begins with `!`; a glob can only add files (write `\\!` for a name that begins so)")]
    Negated,
    #[error("it has `..`; paths stay inside the repository")]
    Parent,
    #[error("`[` is not closed")]
    OpenClass,
    #[error("`[…]` covers no character, or `/`")]
    Class,
    #[error("`{{` is not closed")]
    OpenBrace,
    #[error("`}}` without `{{`")]
    CloseBrace,
    #[error("its braces stand for more than {ALTERNATIVES_MAX} globs")]
    Alternatives,
    #[error("it has more than {GROUPS_MAX} pairs of braces")]
    Groups,
    #[error("it ends with `\\`")]
    Escape,
}

impl Glob {
    /// Reads a glob.
    pub fn parse(text: &str) -> Result<Self, GlobFault> {
        match text.chars().next() {
            None => return Err(GlobFault::Empty),
            Some('/') => return Err(GlobFault::Absolute),
            Some('!') => return Err(GlobFault::Negated),
            Some(_) => {}
        }
        if text.len() > GLOB_BYTES_MAX {
            return Err(GlobFault::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(GlobFault::Control);
        }
        let alternatives = braces::expand(text)?.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), alternatives })
    }
}

/// Reads a glob without braces.
fn pattern(text: &str) -> Result<Pattern, GlobFault> {
    let mut segments = Vec::new();
    for part in split(text)? {
        match part {
            "" | "." => {}
            ".." => return Err(GlobFault::Parent),
            "**" => {
                if segments.last() != Some(&Segment::Deep) {
                    segments.push(Segment::Deep);
                }
            }
            part => segments.push(segment(part)?),
        }
    }
    // `.` is the whole repository, and what ends with `/` a directory. A name without an extension may be one; a name with one is
    // taken for a file, else `a.md` would meet `**/*.rs`.
    let below = match segments.last() {
        None => true,
        Some(Segment::Literal(name)) => text.ends_with('/') || !name.trim_start_matches('.').contains('.'),
        Some(Segment::Wild(_)) => text.ends_with('/'),
        Some(Segment::Deep) => false,
    };
    if below {
        segments.push(Segment::Deep);
    }
    Ok(Pattern { segments })
}

/// The parts between slashes.
fn split(text: &str) -> Result<Vec<&str>, GlobFault> {
    let bytes = text.as_bytes();
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if at + 1 == bytes.len() => return Err(GlobFault::Escape),
            b'\\' if bytes[at + 1] == b'/' => return Err(GlobFault::Escape),
            b'\\' => at += 1,
            b'[' => at = braces::class_end(bytes, at).ok_or(GlobFault::OpenClass)?,
            b'/' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn segment(text: &str) -> Result<Segment, GlobFault> {
    if !text.contains(['*', '?', '[', '\\']) {
        return Ok(Segment::Literal(text.to_owned()));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let mut length = char.len_utf8();
        match char {
            '*' => {
                if tokens.last() != Some(&Token::Many) {
                    tokens.push(Token::Many);
                }
            }
            '?' => tokens.push(Token::One),
            '[' => {
                let end = braces::class_end(rest.as_bytes(), 0).ok_or(GlobFault::OpenClass)?;
                tokens.push(Token::Class(class(&rest[1..end])?));
                length = end + 1;
            }
            '\\' => {
                let escaped = rest[1..].chars().next().ok_or(GlobFault::Escape)?;
                tokens.push(Token::Char(escaped));
                length += escaped.len_utf8();
            }
            char => tokens.push(Token::Char(char)),
        }
        rest = &rest[length..];
    }
    let literal: Option<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Char(char) => Some(*char),
            _ => None,
        })
        .collect();
    Ok(literal.map_or(Segment::Wild(tokens), Segment::Literal))
}

/// Reads what stands between `[` and `]`.
fn class(text: &str) -> Result<Class, GlobFault> {
    let (negated, text) = match text.strip_prefix(['!', '^']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // Each member with whether it was escaped: an escaped `-` is no range.
    let mut members = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => members.push((chars.next().ok_or(GlobFault::Escape)?, true)),
            '/' => return Err(GlobFault::Class),
            char => members.push((char, false)),
        }
    }
    let mut ranges = Vec::new();
    let mut rest = members.as_slice();
    loop {
        rest = match rest {
            [] => break,
            [(first, _), ('-', false), (last, _), rest @ ..] => {
                if first > last {
                    return Err(GlobFault::Class);
                }
                ranges.push((*first, *last));
                rest
            }
            [(only, _), rest @ ..] => {
                ranges.push((*only, *only));
                rest
            }
        };
    }
    Class::new(&ranges, negated).ok_or(GlobFault::Class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_glob_says_why() {
        for (text, fault) in [
            ("", GlobFault::Empty),
            ("/etc", GlobFault::Absolute),
            ("!a", GlobFault::Negated),
            ("a\nb", GlobFault::Control),
            ("../a", GlobFault::Parent),
            ("a/../b", GlobFault::Parent),
            ("{a,..}/b", GlobFault::Parent),
            ("[a", GlobFault::OpenClass),
            ("[z-a]", GlobFault::Class),
            ("[a/b]", GlobFault::Class),
            ("{a", GlobFault::OpenBrace),
            ("a}", GlobFault::CloseBrace),
            ("a\\", GlobFault::Escape),
            ("a\\/b", GlobFault::Escape),
        ] {
            assert_eq!(Glob::parse(text), Err(fault), "{text}");
        }
        assert_eq!(Glob::parse(&"a".repeat(GLOB_BYTES_MAX + 1)), Err(GlobFault::Length));
        assert!(Glob::parse(&"a".repeat(GLOB_BYTES_MAX)).is_ok());
    }
}
