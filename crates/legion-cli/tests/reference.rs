//! The page about the command line names every command and every option that there is, and none that there is not.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use legion_cli::Arguments;

const PAGE: &str = include_str!("../../../docs/cli.md");
/// What every command has without being told.
const EVERYWHERE: [&str; 4] = ["--help", "-h", "--version", "-V"];

/// A command by its words, such as `["sessions", "new"]`.
type Path = Vec<String>;

/// What a page says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    commands: BTreeSet<Path>,
    options: BTreeSet<(Path, String)>,
    /// Options that no command has, and commands that are none.
    wrong: Vec<String>,
}

#[test]
fn the_page_names_every_command_and_option_and_no_other() {
    let root = root();
    let said = read(PAGE, &root);
    let mut faults = said.wrong;
    let mut commands = Vec::new();
    visible(&root, &mut Vec::new(), &mut commands);
    assert!(commands.len() > 60, "only {} commands were found", commands.len());
    for (path, command) in commands {
        let line = path.join(" ");
        if !said.commands.contains(&path) {
            faults.push(format!("`legion {line}` is not on the page"));
        }
        for option in own_options(command) {
            if !said.options.contains(&(path.clone(), option.clone())) {
                faults.push(format!("`{option}` of `legion {line}` is not on the page"));
            }
        }
    }
    for option in globals(&root) {
        if !PAGE.contains(&format!("`{option}")) {
            faults.push(format!("`{option}` of every command is not on the page"));
        }
    }
    assert!(faults.is_empty(), "docs/cli.md:\n{}", faults.join("\n"));
}

fn root() -> Command {
    let mut root = Arguments::command();
    root.build();
    root
}

/// Commands that people are shown, with the words that lead there.
fn visible<'a>(command: &'a Command, path: &mut Path, found: &mut Vec<(Path, &'a Command)>) {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        path.push(below.get_name().to_owned());
        found.push((path.clone(), below));
        visible(below, path, found);
        path.pop();
    }
}

/// The long options of a command itself that people are shown.
fn own_options(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter(|argument| !argument.is_global_set() && !argument.is_hide_set());
    let long = own.filter_map(|argument| argument.get_long()).map(|long| format!("--{long}"));
    long.filter(|option| !EVERYWHERE.contains(&option.as_str())).collect()
}

fn globals(root: &Command) -> Vec<String> {
    let global = root.get_arguments().filter(|argument| argument.is_global_set());
    global.filter_map(|argument| argument.get_long()).map(|long| format!("--{long}")).collect()
}

/// The long name of an option that a command has, however it is written.
fn has(command: &Command, option: &str) -> Option<String> {
    let known = command.get_arguments().find(|argument| match option.strip_prefix("--") {
        Some(long) => {
            argument.get_long() == Some(long)
                || argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&long))
        }
        None => argument.get_short().is_some_and(|short| option == format!("-{short}")),
    })?;
    Some(known.get_long().map_or_else(|| option.to_owned(), |long| format!("--{long}")))
}

fn at<'a>(root: &'a Command, path: &[String]) -> &'a Command {
    path.iter().fold(root, |command, word| command.find_subcommand(word).expect("it was found before"))
}

/// Reads a page outside of its blocks of code.
///
/// Options in a span that begins with a command are that command's. Others are of a command that their line names or that the section is
/// about; where there is none, of any, which says of nobody in particular that it has it.
fn read(page: &str, root: &Command) -> Said {
    let mut said = Said::default();
    let (mut section, mut in_block) = (None, false);
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        if in_block {
            continue;
        }
        if let Some(title) = line.strip_prefix('#') {
            section = words_to(root, title.trim_start_matches('#').split_whitespace());
            continue;
        }
        read_line(line, root, section.as_ref(), &mut said);
    }
    said
}

fn read_line(line: &str, root: &Command, section: Option<&Path>, said: &mut Said) {
    let mut named: Vec<Path> = Vec::new();
    let mut open: Vec<(String, Option<Path>)> = Vec::new();
    for span in spans(line) {
        let path = match command_of(&span, root, named.last()) {
            Ok(path) => path,
            Err(wrong) => {
                said.wrong.push(format!("`{wrong}` in `{span}` is no command"));
                continue;
            }
        };
        if let Some(path) = &path {
            // Whoever is told of `sessions new` is told of `sessions`.
            said.commands.extend((1..=path.len()).map(|words| path[..words].to_vec()));
            named.push(path.clone());
        }
        open.extend(options(&span).into_iter().map(|option| (option, path.clone())));
    }
    for (option, path) in open {
        if EVERYWHERE.contains(&option.as_str()) {
            continue;
        }
        let mut of: Vec<Path> = match path {
            Some(path) => vec![path],
            None => named.iter().chain(section).cloned().collect(),
        };
        let is_loose = of.is_empty();
        if is_loose {
            let mut all = Vec::new();
            visible(root, &mut Vec::new(), &mut all);
            of = all.into_iter().map(|(path, _)| path).collect();
        }
        let found: Vec<(Path, String)> =
            of.iter().filter_map(|path| Some((path.clone(), has(at(root, path), &option)?))).collect();
        if found.is_empty() && has(root, &option).is_none() {
            let of: Vec<String> = of.iter().take(3).map(|path| path.join(" ")).collect();
            said.wrong.push(format!("`{option}` is no option of `{}`", of.join("`, `")));
        }
        if !is_loose {
            said.options.extend(found);
        }
    }
}

/// The texts between backticks, without the strokes that a table needs.
fn spans(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(|span| span.replace("\\|", "|")).collect()
}

/// The command that a span is about: `legion sessions new NAME`, `… use NAME` behind it, or just `hire`.
fn command_of(span: &str, root: &Command, before: Option<&Path>) -> Result<Option<Path>, String> {
    if let Some(words) = span.strip_prefix("legion ") {
        let path = words_to(root, words.split_whitespace());
        let first = words.split_whitespace().next().unwrap_or_default();
        return match path {
            Some(path) => Ok(Some(path)),
            // `legion COMMAND --help` is about all of them.
            None if first.starts_with('-') || first.chars().all(char::is_uppercase) => Ok(None),
            None => Err(first.to_owned()),
        };
    }
    if let Some(words) = span.strip_prefix("… ") {
        let Some(group) = before.and_then(|path| path.first()) else { return Err(words.to_owned()) };
        let words = std::iter::once(group.as_str()).chain(words.split_whitespace());
        return match words_to(root, words) {
            Some(path) if path.len() > 1 => Ok(Some(path)),
            _ => Err(span.to_owned()),
        };
    }
    Ok(words_to(root, span.split_whitespace()).filter(|path| path.join(" ") == span))
}

/// As far as these words are commands, the first of them at least.
fn words_to<'a>(root: &Command, words: impl Iterator<Item = &'a str>) -> Option<Path> {
    let (mut command, mut path) = (root, Path::new());
    for word in words {
        // What may be left out is a command as well.
        let word = word.trim_matches(['[', ']', ',']);
        let Some(below) = command.find_subcommand(word).filter(|below| !below.is_hide_set()) else { break };
        path.push(word.to_owned());
        command = below;
    }
    (!path.is_empty()).then_some(path)
}

/// Words that begin as options do.
fn options(span: &str) -> Vec<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let words = span.split(|character| !is_part(character));
    let long = |word: &str| word.len() > 2 && word.starts_with("--") && !word.starts_with("---");
    let short = |word: &str| word.len() == 2 && word.starts_with('-') && word.as_bytes()[1].is_ascii_alphabetic();
    words.filter(|word| long(word) || short(word)).map(str::to_owned).collect()
}

#[test]
fn a_page_is_read_as_people_read_it() {
    let root = root();
    let path = |words: &str| words.split(' ').map(str::to_owned).collect::<Path>();
    let option = |words: &str, option: &str| (path(words), option.to_owned());
    let said = read("| `legion sessions [list]`, `… new NAME [--from REF]` | one takes `--workers N` |", &root);
    assert_eq!(said.commands, [path("sessions"), path("sessions list"), path("sessions new")].into());
    assert_eq!(said.options, [option("sessions new", "--from"), option("sessions new", "--workers")].into());
    assert_eq!(said.wrong, Vec::<String>::new());
    let said = read("### hire\n| `--role ROLE` | `-x` |\n`hire`, `tell` take `--idempotency-key`", &root);
    assert_eq!(said.commands, [path("hire"), path("tell")].into());
    let key = "--idempotency-key";
    assert_eq!(said.options, [option("hire", "--role"), option("hire", key), option("tell", key)].into());
    assert_eq!(said.wrong, ["`-x` is no option of `hire`"]);
    for (page, wrong) in [
        ("`legion fly`", "is no command"),
        ("`legion sessions list`, `… fly`", "is no command"),
        ("`legion hire --wings`", "`--wings` is no option of `hire`"),
        ("take `--wings`", "`--wings` is no option"),
    ] {
        let said = read(page, &root);
        assert!(said.wrong.len() == 1 && said.wrong[0].contains(wrong), "{page}: {:?}", said.wrong);
    }
    assert_eq!(read("```sh\nlegion fly\n```\nas `legion COMMAND --help` says, or `--json`", &root), Said::default());
}
