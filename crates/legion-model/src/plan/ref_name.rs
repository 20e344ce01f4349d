//! Names of branches: what `git check-ref-format --branch` allows, and nothing that a program could take for an option.

use super::bounds::KEY_BYTES_MAX;

/// Bytes of a branch's name: as a file's name below `refs/heads/` it must leave room for what is put in front and behind.
pub const BRANCH_BYTES_MAX: usize = 200;

/// Why a text is no name of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefNameFault {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {max} bytes")]
    Length { max: usize },
    #[error("it begins with `-`, like an option")]
    Option,
    #[error("it has {0:?}, which git allows in no name of a branch")]
    Character(char),
    #[error("it has `{0}`, which git allows in no name of a branch")]
    Sequence(&'static str),
    #[error("a part between slashes is empty")]
    EmptyPart,
    #[error("a part begins with `.`")]
    Dot,
    #[error("a part ends with `.lock`")]
    Lock,
    #[error("it ends with `.`")]
    EndDot,
    #[error("`{0}` means something else to git")]
    Reserved(&'static str),
    #[error("it has a `/`")]
    Slash,
}

/// Whether a branch may have this name (without `refs/heads/`).
pub fn check_branch_name(name: &str) -> Result<(), RefNameFault> {
    check_revision(name)?;
    match name {
        "HEAD" => Err(RefNameFault::Reserved("HEAD")),
        _ if name.starts_with("refs/") => Err(RefNameFault::Reserved("refs/")),
        _ => Ok(()),
    }
}

/// Whether this is the name of a branch or tag, `HEAD`, or the id of a commit. Expressions such as `HEAD~1` are not taken.
pub fn check_revision(name: &str) -> Result<(), RefNameFault> {
    if name.is_empty() {
        return Err(RefNameFault::Empty);
    }
    if name.len() > BRANCH_BYTES_MAX {
        return Err(RefNameFault::Length { max: BRANCH_BYTES_MAX });
    }
    if name.starts_with('-') {
        return Err(RefNameFault::Option);
    }
    if name == "@" {
        return Err(RefNameFault::Reserved("@"));
    }
    let forbidden = |char: char| char.is_control() || matches!(char, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    if let Some(char) = name.chars().find(|char| forbidden(*char)) {
        return Err(RefNameFault::Character(char));
    }
    if let Some(sequence) = ["..", "@{"].into_iter().find(|sequence| name.contains(sequence)) {
        return Err(RefNameFault::Sequence(sequence));
    }
    for part in name.split('/') {
        match part {
            "" => return Err(RefNameFault::EmptyPart),
            _ if part.starts_with('.') => return Err(RefNameFault::Dot),
            // Git minds the case here; file systems may not.
            _ if part.to_ascii_lowercase().ends_with(".lock") => return Err(RefNameFault::Lock),
            _ => {}
        }
    }
    if name.ends_with('.') { Err(RefNameFault::EndDot) } else { Ok(()) }
}

/// Whether this may be one part of a branch's name, as the names of sessions and the ids of tickets are.
pub fn check_part(name: &str) -> Result<(), RefNameFault> {
    check_branch_name(name)?;
    if name.len() > KEY_BYTES_MAX {
        return Err(RefNameFault::Length { max: KEY_BYTES_MAX });
    }
    if name.contains('/') { Err(RefNameFault::Slash) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_takes_are_taken() {
        for name in ["main", "feature/login", "v1.0", "a@b", "ü", "a.b/c-d_e", "@a", "lock", "x.locks", "{a}", "HEADS"]
        {
            assert_eq!(check_branch_name(name), Ok(()), "{name}");
        }
        assert_eq!(check_revision("HEAD"), Ok(()));
    }

    #[test]
    fn names_that_git_or_a_command_line_would_misread_are_refused() {
        for (name, fault) in [
            ("", RefNameFault::Empty),
            ("-f", RefNameFault::Option),
            ("--force", RefNameFault::Option),
            ("a b", RefNameFault::Character(' ')),
            ("a\u{7f}", RefNameFault::Character('\u{7f}')),
            ("a\n", RefNameFault::Character('\n')),
            ("HEAD~1", RefNameFault::Character('~')),
            ("a^", RefNameFault::Character('^')),
            ("a:b", RefNameFault::Character(':')),
            ("a?", RefNameFault::Character('?')),
            ("a*", RefNameFault::Character('*')),
            ("a[b", RefNameFault::Character('[')),
            ("a\\b", RefNameFault::Character('\\')),
            ("a..b", RefNameFault::Sequence("..")),
            ("a@{1}", RefNameFault::Sequence("@{")),
            ("/a", RefNameFault::EmptyPart),
            ("a/", RefNameFault::EmptyPart),
            ("a//b", RefNameFault::EmptyPart),
            (".a", RefNameFault::Dot),
            ("a/.b", RefNameFault::Dot),
            ("a.lock", RefNameFault::Lock),
            ("a.LOCK/b", RefNameFault::Lock),
            ("a.", RefNameFault::EndDot),
            ("@", RefNameFault::Reserved("@")),
            ("HEAD", RefNameFault::Reserved("HEAD")),
            ("refs/heads/a", RefNameFault::Reserved("refs/")),
        ] {
            assert_eq!(check_branch_name(name), Err(fault), "{name:?}");
        }
        let long = "a".repeat(BRANCH_BYTES_MAX + 1);
        assert_eq!(check_branch_name(&long), Err(RefNameFault::Length { max: BRANCH_BYTES_MAX }));
        assert_eq!(check_part("a/b"), Err(RefNameFault::Slash));
        assert_eq!(check_part(&"a".repeat(65)), Err(RefNameFault::Length { max: 64 }));
    }
}
