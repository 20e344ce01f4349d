//! Every command line in the documents is one that the program understands.

use clap::Parser as _;
use legion_cli::Arguments;

const DOCUMENTS: &[(&str, &str)] = &[
    ("docs/cli.md", include_str!("../../../docs/cli.md")),
    ("docs/gateway.md", include_str!("../../../docs/gateway.md")),
    ("docs/command-agents.md", include_str!("../../../docs/command-agents.md")),
];

#[test]
fn every_example_is_understood() {
    let mut checked = 0;
    for (name, text) in DOCUMENTS {
        for line in examples(text) {
            let words = split(&line);
            if let Err(error) = Arguments::try_parse_from(&words) {
                panic!("{name}: `{line}` is refused: {error}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 12, "only {checked} examples were found");
}

/// What begins with `legion ` in shell blocks, also inside `$(…)`, up to a pipe, redirection or comment.
fn examples(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_shell = false;
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        if let Some(fence) = line.trim().strip_prefix("```") {
            in_shell = !in_shell && fence == "sh";
            continue;
        }
        let line = line.trim();
        let (line, closed) = match line.split_once("$(legion ") {
            Some((_, inner)) => (format!("legion {inner}"), true),
            None => (line.to_owned(), false),
        };
        if in_shell && line.starts_with("legion ") {
            found.push(until_end(&line, closed));
        }
    }
    found
}

fn until_end(line: &str, closed: bool) -> String {
    let mut quote = None;
    let mut before = ' ';
    for (position, character) in line.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '|' | '<' | '>' | '&' | ';') => return line[..position].to_owned(),
            (None, ')') if closed => return line[..position].to_owned(),
            (None, '#') if before == ' ' => return line[..position].to_owned(),
            _ => {}
        }
        before = character;
    }
    line.to_owned()
}

/// Splits at blanks outside of quotes.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == character => quote = None,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[test]
fn lines_are_split_as_a_shell_would() {
    assert_eq!(split("legion hire \"a b\" --tools '' x"), ["legion", "hire", "a b", "--tools", "", "x"]);
    assert_eq!(examples("```sh\nid=$(legion hire x --json | jq -r .id)\n```"), ["legion hire x --json "]);
    assert_eq!(examples("```text\nlegion nonsense\n```"), Vec::<String>::new());
}
