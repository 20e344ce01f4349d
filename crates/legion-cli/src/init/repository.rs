//! Everything that `legion init` writes, in one call.

use std::path::Path;

use super::error::{InitError, InitFault};
use super::replace::replace;
use super::report::{InitOutcome, InitReport};
use super::section::{self, MARKDOWN, Marks, NUMBER_SIGN};
use super::target::{Target, look};

const INSTRUCTIONS: &str = include_str!("texts/instructions.md");
const SPLIT_TICKETS: &str = include_str!("texts/split-tickets.md");
const CONFIGURATION: &str = include_str!("texts/legion.toml");
const IGNORED: &str = include_str!("texts/gitignore");

const AGENTS: &str = "AGENTS.md";
const CLAUDE: &str = "CLAUDE.md";

/// A line with which a CLAUDE.md takes in the other file.
const IMPORT: &str = "@AGENTS.md";

/// How a file is kept up to date.
enum Keeping {
    /// Its section is replaced, or put behind what the person has.
    Section(Marks),
    /// Its section is replaced; a file of the person's without one is left alone.
    OwnSection(Marks),
    /// It is the person's as soon as it is there.
    Once,
}

/// A file with what Legion has to say in it.
struct Part {
    name: &'static str,
    text: String,
    keeping: Keeping,
}

/// Writes instructions for agents, the command `/split-tickets`, a configuration and ignore rules below `root`, the top directory of
/// a repository. What is there already and up to date is not touched; the report gets a line for each file. All files are looked at
/// before the first is written.
pub fn write_all(root: &Path, report: &mut InitReport) -> Result<(), InitError> {
    let unreadable = |source| InitError { faults: vec![InitFault::Read { path: root.to_owned(), source }] };
    let root = root.canonicalize().map_err(unreadable)?;
    let mut faults = Vec::new();
    let mut changes: Vec<(Target, InitOutcome, Vec<u8>)> = Vec::new();
    for part in parts() {
        match decide(&root, &part, &changes) {
            Ok(change) => changes.push(change),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(InitError { faults });
    }
    for (target, outcome, new) in changes {
        if matches!(outcome, InitOutcome::Created | InitOutcome::Updated) {
            replace(&target, &new).map_err(|fault| InitError { faults: vec![fault] })?;
        }
        report.files.push((target.name, outcome));
    }
    Ok(())
}

fn parts() -> [Part; 5] {
    // AGENTS.md first: the other one may lead to it.
    let instructions = |name| Part {
        name,
        text: format!("{}\n{}\n{}\n", MARKDOWN.begin, INSTRUCTIONS.trim_end(), MARKDOWN.end),
        keeping: Keeping::Section(MARKDOWN),
    };
    let part = |name, text: &str, keeping| Part { name, text: text.to_owned(), keeping };
    [
        instructions(AGENTS),
        instructions(CLAUDE),
        part(".claude/commands/split-tickets.md", SPLIT_TICKETS, Keeping::OwnSection(MARKDOWN)),
        part("legion.toml", CONFIGURATION, Keeping::Once),
        part(".legion/.gitignore", IGNORED, Keeping::Section(NUMBER_SIGN)),
    ]
}

/// What is to be done with a file, without doing it.
fn decide(
    root: &Path,
    part: &Part,
    before: &[(Target, InitOutcome, Vec<u8>)],
) -> Result<(Target, InitOutcome, Vec<u8>), InitFault> {
    let target = look(root, Path::new(part.name))?;
    if before.iter().any(|(other, ..)| other.place == target.place) {
        return Ok((target, InitOutcome::SameFile, Vec::new()));
    }
    let Some(old) = &target.old else { return Ok((target, InitOutcome::Created, part.text.clone().into_bytes())) };
    let refused = |fault| InitFault::Section { path: target.name.clone(), fault };
    let new = match part.keeping {
        Keeping::Once => return Ok((target, InitOutcome::Kept, Vec::new())),
        Keeping::Section(marks) => {
            let has_section = section::has_section(&old.bytes, marks).map_err(refused)?;
            if part.name == CLAUDE && !has_section && imports(&old.bytes) {
                return Ok((target, InitOutcome::Imports, Vec::new()));
            }
            section::put(&old.bytes, &part.text, marks).map_err(refused)?
        }
        Keeping::OwnSection(marks) => {
            if !section::has_section(&old.bytes, marks).map_err(refused)? {
                return Ok((target, InitOutcome::Kept, Vec::new()));
            }
            section::put(&old.bytes, own(&part.text, marks), marks).map_err(refused)?
        }
    };
    if new == old.bytes {
        return Ok((target, InitOutcome::Unchanged, new));
    }
    if old.metadata.permissions().readonly() {
        return Err(InitFault::ReadOnly { path: target.name });
    }
    Ok((target, InitOutcome::Updated, new))
}

/// The section of a text that has more than it.
fn own(text: &str, marks: Marks) -> &str {
    text.find(marks.begin).map_or(text, |start| &text[start..])
}

fn imports(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == IMPORT.as_bytes())
}
