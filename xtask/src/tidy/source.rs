//! A source file as the rules see it: its place in the workspace, its code, and which parts of it are tests.

use crate::tidy::finding::Finding;
use crate::tidy::tokens::{Token, Views, closing, split, tokens};
use std::ops::Range;

/// What a file is for, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Code that is shipped.
    Product,
    /// Tests, benches and examples of a crate.
    Test,
    /// Crates that are never shipped.
    Development,
}

pub struct Source {
    /// Relative to the workspace's root.
    pub path: String,
    pub place: Place,
    pub text: String,
    pub views: Views,
    /// Places of the text that are compiled for tests only.
    pub test_ranges: Vec<Range<usize>>,
    /// Modules declared here for tests only, which live in files of their own.
    pub test_modules: Vec<String>,
    line_starts: Vec<usize>,
}

impl Source {
    pub fn new(path: &str, text: String) -> Source {
        let views = split(&text);
        let (test_ranges, test_modules) = test_parts(&tokens(&views.code), text.len());
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source { path: path.to_owned(), place: place(path), text, views, test_ranges, test_modules, line_starts }
    }

    pub fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.views.code)
    }

    /// The line of an offset; 1 is the first.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The text of a line, counted from 1; empty outside the file.
    pub fn line_text(&self, line: usize) -> &str {
        let Some(start) = line.checked_sub(1).and_then(|index| self.line_starts.get(index)) else {
            return "";
        };
        self.text[*start..].lines().next().unwrap_or_default()
    }

    pub fn is_test(&self, offset: usize) -> bool {
        self.place == Place::Test || self.test_ranges.iter().any(|range| range.contains(&offset))
    }

    /// Whether the offset lies in code that is shipped.
    pub fn is_shipped(&self, offset: usize) -> bool {
        self.place == Place::Product && !self.is_test(offset)
    }

    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The files that a module declared here for tests only can live in: a file, or everything in a folder.
    pub fn test_module_paths(&self) -> Vec<String> {
        let directory = match self.file_name() {
            "lib.rs" | "main.rs" | "mod.rs" => self.path.rsplit_once('/').map(|(directory, _)| directory),
            _ => self.path.strip_suffix(".rs"),
        };
        let Some(directory) = directory else { return Vec::new() };
        self.test_modules
            .iter()
            .flat_map(|module| [format!("{directory}/{module}.rs"), format!("{directory}/{module}/")])
            .collect()
    }

    pub fn finding(&self, offset: usize, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line: self.line(offset), what: what.into(), remedy: remedy.into() }
    }
}

fn place(path: &str) -> Place {
    if path.starts_with("xtask/") || path.starts_with("crates/legion-testkit/") {
        return Place::Development;
    }
    let mut parts = path.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("crates"), Some(_), Some("src")) => Place::Product,
        _ => Place::Test,
    }
}

fn test_parts(tokens: &[Token<'_>], length: usize) -> (Vec<Range<usize>>, Vec<String>) {
    let mut ranges = Vec::new();
    let mut modules = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let Some((inner, open)) = attribute(tokens, index) else {
            index += 1;
            continue;
        };
        let end = closing(tokens, open);
        if !says_test(&tokens[open + 1..end]) {
            index = end + 1;
            continue;
        }
        if inner {
            ranges.push(Range { start: 0, end: length });
            return (ranges, modules);
        }
        let item = after_attributes(tokens, end + 1);
        let last = item_end(tokens, item);
        let stop = tokens.get(last).map_or(length, |token| token.start + token.text.len());
        ranges.push(Range { start: tokens[index].start, end: stop });
        modules.extend(declared_module(&tokens[item.min(tokens.len())..(last + 1).min(tokens.len())]));
        index = last + 1;
    }
    (ranges, modules)
}

/// Whether an attribute begins here: is it an inner one, and where is its bracket?
fn attribute(tokens: &[Token<'_>], index: usize) -> Option<(bool, usize)> {
    let text = |at: usize| tokens.get(at).map(|token| token.text);
    match (text(index), text(index + 1), text(index + 2)) {
        (Some("#"), Some("["), _) => Some((false, index + 1)),
        (Some("#"), Some("!"), Some("[")) => Some((true, index + 2)),
        _ => None,
    }
}

fn says_test(attribute: &[Token<'_>]) -> bool {
    let has = |word: &str| attribute.iter().any(|token| token.text == word);
    match attribute.first().map(|token| token.text) {
        Some("cfg") => has("test") && !has("not"),
        // `#[test]`, `#[tokio::test(…)]`
        _ => attribute.iter().take_while(|token| token.text != "(").last().is_some_and(|token| token.text == "test"),
    }
}

fn after_attributes(tokens: &[Token<'_>], mut index: usize) -> usize {
    while let Some((false, open)) = attribute(tokens, index) {
        index = closing(tokens, open) + 1;
    }
    index
}

/// The last token of the item that begins at `start`: its semicolon, or the end of its body.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut index = start;
    while let Some(token) = tokens.get(index) {
        match token.text {
            ";" => return index,
            "{" => return closing(tokens, index),
            "(" | "[" => index = closing(tokens, index) + 1,
            _ => index += 1,
        }
    }
    tokens.len().saturating_sub(1)
}

/// The name in `mod name;`, with whatever visibility before it.
fn declared_module(item: &[Token<'_>]) -> Option<String> {
    let [.., keyword, name, end] = item else { return None };
    (keyword.text == "mod" && end.text == ";").then(|| name.text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(text: &str, word: &str) -> bool {
        let source = Source::new("crates/x/src/y.rs", text.to_owned());
        source.is_test(text.find(word).expect("the word is in the text"))
    }

    #[test]
    fn code_behind_a_test_attribute_is_a_test_and_code_after_it_is_not() {
        let text = "fn a() { one() }\n#[cfg(test)]\nmod tests { fn b() { two() } }\nfn c() { three() }";
        assert!(!tested(text, "one"));
        assert!(tested(text, "two"));
        assert!(!tested(text, "three"));
        assert!(tested("#[tokio::test(start_paused = true)]\n#[cfg(unix)]\nasync fn t(x: [u8; 3]) { one() }", "one"));
        assert!(!tested("#[cfg(not(test))] fn t() { one() }", "one"));
        assert!(tested("#![cfg(test)]\nfn t() { one() }", "one"));
        assert!(!tested("#[derive(Debug)] struct T; fn t() { one() }", "one"));
    }

    #[test]
    fn a_test_module_in_its_own_file_is_found() {
        let source = Source::new("crates/x/src/y.rs", "#[cfg(test)]\npub(crate) mod samples;".to_owned());
        assert_eq!(source.test_module_paths(), ["crates/x/src/y/samples.rs", "crates/x/src/y/samples/"]);
        let source = Source::new("crates/x/src/lib.rs", "#[cfg(test)]\nmod samples;".to_owned());
        assert_eq!(source.test_module_paths()[0], "crates/x/src/samples.rs");
    }

    #[test]
    fn the_path_says_what_a_file_is_for() {
        assert_eq!(place("crates/legion-model/src/agent.rs"), Place::Product);
        assert_eq!(place("crates/legion-model/tests/agent.rs"), Place::Test);
        assert_eq!(place("crates/legion/benches/append.rs"), Place::Test);
        assert_eq!(place("crates/legion-testkit/src/lib.rs"), Place::Development);
        assert_eq!(place("xtask/src/main.rs"), Place::Development);
    }

    #[test]
    fn lines_are_counted_from_one() {
        let source = Source::new("crates/x/src/y.rs", "a\nb\nc".to_owned());
        assert_eq!(source.line(0), 1);
        assert_eq!(source.line(2), 2);
        assert_eq!(source.line(4), 3);
        assert_eq!(source.line_text(2), "b");
        assert_eq!(source.line_text(0), "");
    }
}
