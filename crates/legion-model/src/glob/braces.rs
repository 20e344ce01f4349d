//! `{a,b}`: a glob with braces stands for several without.

use super::parse::GlobFault;
use super::pattern::{ALTERNATIVES_MAX, GROUPS_MAX};

/// The globs without braces that `text` stands for, in its order.
pub(super) fn expand(text: &str) -> Result<Vec<String>, GlobFault> {
    let mut done = Vec::new();
    let mut open = vec![(text.to_owned(), 0)];
    while let Some((text, groups)) = open.pop() {
        let Some(group) = first_group(&text)? else {
            done.push(text);
            continue;
        };
        if groups == GROUPS_MAX {
            return Err(GlobFault::Groups);
        }
        if done.len() + open.len() + group.commas.len() + 1 > ALTERNATIVES_MAX {
            return Err(GlobFault::Alternatives);
        }
        for piece in group.pieces(&text).into_iter().rev() {
            open.push((format!("{}{piece}{}", &text[..group.open], &text[group.close + 1..]), groups + 1));
        }
    }
    Ok(done)
}

/// Braces that are not inside others, by the places of their characters.
struct Group {
    open: usize,
    commas: Vec<usize>,
    close: usize,
}

impl Group {
    fn pieces<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let starts = std::iter::once(self.open + 1).chain(self.commas.iter().map(|at| at + 1));
        let ends = self.commas.iter().copied().chain([self.close]);
        starts.zip(ends).map(|(start, end)| &text[start..end]).collect()
    }
}

/// The first braces of `text`. All that has a meaning here is one byte long.
fn first_group(text: &str) -> Result<Option<Group>, GlobFault> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut open, mut commas) = (0, 0_usize, 0, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' => at = class_end(bytes, at).ok_or(GlobFault::OpenClass)?,
            b'{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            b',' if depth == 1 => commas.push(at),
            b'}' if depth == 0 => return Err(GlobFault::CloseBrace),
            b'}' if depth == 1 => return Ok(Some(Group { open, commas, close: at })),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    if depth > 0 { Err(GlobFault::OpenBrace) } else { Ok(None) }
}

/// The place of the `]` that ends the class opened at `open`. A `]` that comes first is a member.
pub(super) fn class_end(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    if matches!(bytes.get(at), Some(b'!' | b'^')) {
        at += 1;
    }
    let first = at;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b']' if at > first => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_each_of_their_pieces() {
        assert_eq!(expand("a").unwrap(), ["a"]);
        assert_eq!(expand("src/{a,b}.{rs,md}").unwrap(), ["src/a.rs", "src/a.md", "src/b.rs", "src/b.md"]);
        assert_eq!(expand("{a,b{1,2}}c").unwrap(), ["ac", "b1c", "b2c"]);
        assert_eq!(expand("x{,y}").unwrap(), ["x", "xy"]);
        assert_eq!(expand("{ü,ä}").unwrap(), ["ü", "ä"]);
        assert_eq!(expand(r"\{a,b\}").unwrap(), [r"\{a,b\}"]);
        assert_eq!(expand(r"{a\,b,c}").unwrap(), [r"a\,b", "c"]);
        assert_eq!(expand("[{]x").unwrap(), ["[{]x"]);
        assert_eq!(expand("[]{]x").unwrap(), ["[]{]x"]);
    }

    #[test]
    fn braces_that_do_not_match_and_too_many_are_refused() {
        assert_eq!(expand("{a,b"), Err(GlobFault::OpenBrace));
        assert_eq!(expand("a}"), Err(GlobFault::CloseBrace));
        assert_eq!(expand("[a"), Err(GlobFault::OpenClass));
        assert_eq!(expand("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").unwrap().len(), 64);
        assert_eq!(expand("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"), Err(GlobFault::Alternatives));
        assert_eq!(expand(&"{a}".repeat(9)), Err(GlobFault::Groups));
        assert_eq!(expand(&format!("{{{}}}", ",".repeat(500))), Err(GlobFault::Alternatives));
    }
}
