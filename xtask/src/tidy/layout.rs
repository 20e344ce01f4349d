//! Where code lies and how long it is.

use crate::tidy::finding::Finding;
use crate::tidy::source::{Place, Source};
use crate::tidy::tokens::closing;

/// Above this a file says in its header why it is one thing.
pub const FILE_LINES_MAX: usize = 800;
const SIZE_HEADER: &str = "//! size: ";

/// Something with a length in lines, for the lists of the longest.
pub struct Extent {
    pub lines: usize,
    pub name: String,
}

pub fn inspect(source: &Source) -> Vec<Finding> {
    let mut findings = logic_in_declarations(source);
    let lines = lines(source);
    if lines > FILE_LINES_MAX && !source.text.lines().any(|line| line.starts_with(SIZE_HEADER)) {
        findings.push(source.finding(
            0,
            format!("{lines} lines, over {FILE_LINES_MAX}"),
            format!(
                "look for the second noun and split, or say in the header why it is one thing: `{SIZE_HEADER}REASON`"
            ),
        ));
    }
    findings
}

/// The lines of a file; of a file that is shipped, without its tests.
pub fn lines(source: &Source) -> usize {
    let all = source.text.lines().count();
    if source.place != Place::Product {
        return all;
    }
    let tests: usize = source
        .test_ranges
        .iter()
        .map(|range| source.line(range.end.saturating_sub(1)).saturating_sub(source.line(range.start)) + 1)
        .sum();
    all.saturating_sub(tests)
}

/// Every function that is shipped, with its length.
pub fn functions(source: &Source) -> Vec<Extent> {
    let tokens = source.tokens();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(index + 1).filter(|name| token.text == "fn" && name.is_word()) else { continue };
        let Some(open) = body(&tokens, index + 2) else { continue };
        if !source.is_shipped(token.start) {
            continue;
        }
        let (first, last) = (source.line(token.start), source.line(tokens[closing(&tokens, open)].start));
        found.push(Extent { lines: last - first + 1, name: format!("{}:{first} {}", source.path, name.text) });
    }
    found
}

/// The bracket that opens a function's body; a declaration has none.
fn body(tokens: &[crate::tidy::tokens::Token<'_>], from: usize) -> Option<usize> {
    let mut index = from;
    while let Some(token) = tokens.get(index) {
        match token.text {
            ";" => return None,
            "{" => return Some(index),
            "(" | "[" => index = closing(tokens, index) + 1,
            _ => index += 1,
        }
    }
    None
}

/// `lib.rs` and `mod.rs` only declare and re-export.
fn logic_in_declarations(source: &Source) -> Vec<Finding> {
    let declares = source.file_name() == "lib.rs" || source.file_name() == "mod.rs";
    if !declares || source.place == Place::Test {
        return Vec::new();
    }
    // The first says it all.
    let tokens = source.tokens();
    let logic = tokens.iter().find(|token| matches!(token.text, "fn" | "impl") && !source.is_test(token.start));
    logic
        .map(|token| {
            let what = format!("`{}` in {}, which only declares", token.text, source.file_name());
            source.finding(token.start, what, "move the logic to a file with a name")
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path, text.to_owned())
    }

    #[test]
    fn a_file_of_declarations_holds_no_function() {
        assert_eq!(inspect(&source("crates/x/src/lib.rs", "mod a;\npub use a::B;\nfn f() {}")).len(), 1);
        assert!(
            inspect(&source("crates/x/src/lib.rs", "mod a;\npub use a::B;\n#[cfg(test)]\nmod tests { fn f() {} }"))
                .is_empty()
        );
        assert!(inspect(&source("crates/x/src/a.rs", "fn f() {}")).is_empty());
        assert!(inspect(&source("crates/x/tests/common/mod.rs", "fn f() {}")).is_empty());
    }

    #[test]
    fn a_long_file_says_why() {
        let long = "const A: u8 = 1;\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(inspect(&source("crates/x/src/a.rs", &long)).len(), 1);
        assert!(inspect(&source("crates/x/src/a.rs", &format!("//! size: one table\n{long}"))).is_empty());
        let tested = format!("const A: u8 = 1;\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(inspect(&source("crates/x/src/a.rs", &tested)).is_empty());
    }

    #[test]
    fn functions_are_measured_from_name_to_closing_bracket() {
        let found =
            functions(&source("crates/x/src/a.rs", "trait T { fn a(&self); }\nfn b(x: [u8; 2]) -> u8\n{\n  1\n}\n"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].lines, 4);
        assert_eq!(found[0].name, "crates/x/src/a.rs:2 b");
    }
}
