//! Every file of the repository, source or not: nothing in it knows the machine or the place it was written at.

use crate::shell;
use crate::tidy::finding::Finding;
use anyhow::Result;

/// Names of people that stand for anybody in examples.
const EXAMPLE_PEOPLE: &[&str] = &["agent", "alice", "ann", "bob", "legion", "me", "person", "user", "you"];

/// Words that mean something only where this was written. Cut in two, because this file is searched too.
const FOREIGN_WORDS: &[&str] = &[
    concat!("/work/", "main"),
    concat!("/work/", "shared"),
    concat!("../", "shared/"),
    concat!("/tmp/", "plan/"),
    concat!("issue", " #"),
];

/// The files that git knows or would add, relative to the workspace's root.
pub fn files() -> Result<Vec<String>> {
    let list =
        shell::output(shell::command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let mut files: Vec<String> = list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

pub fn inspect(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut report = |what: String, remedy: &str| {
            findings.push(Finding { path: path.to_owned(), line: index + 1, what, remedy: remedy.to_owned() });
        };
        if let Some(home) = foreign_home(line) {
            report(
                format!("the path of one machine: `{home}`"),
                "write it relative, or with a name that stands for anybody (`/home/you`)",
            );
        }
        for word in FOREIGN_WORDS.iter().filter(|word| line.contains(**word)) {
            report(format!("`{word}` means nothing outside of one workplace"), "say the thing itself");
        }
    }
    findings
}

/// The home directory of a certain person in the line.
fn foreign_home(line: &str) -> Option<String> {
    let root = concat!("/ro", "ot/");
    if let Some(at) = line.find(root)
        && begins_path(line, at)
    {
        return Some(root.to_owned());
    }
    let homes = concat!("/ho", "me/");
    line.match_indices(homes).find_map(|(at, _)| {
        let rest = &line[at + homes.len()..];
        let name: String = rest
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
            .collect();
        let somebody = !name.is_empty() && !EXAMPLE_PEOPLE.contains(&name.as_str());
        (somebody && begins_path(line, at)).then(|| format!("{homes}{name}"))
    })
}

/// Whether the path begins here, instead of going on from a directory before it.
fn begins_path(line: &str, at: usize) -> bool {
    !line[..at]
        .ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '-' | '.' | '}' | ')' | '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_certain_people_are_found() {
        let count = |line: &str| inspect("docs/a.md", line).len();
        assert_eq!(count(concat!("cd /ro", "ot/project")), 1);
        assert_eq!(count(concat!("\"cwd\":\"/ho", "me/jane/project\"")), 1);
        assert_eq!(count(concat!("cd /ho", "me/you/project")), 0);
        assert_eq!(count(concat!("{scratch}/ro", "ot/project and target/ho", "me/jane")), 0);
        assert_eq!(count(concat!("see /work/", "main")), 1);
        assert_eq!(count("a shared directory, an issue"), 0);
    }
}
