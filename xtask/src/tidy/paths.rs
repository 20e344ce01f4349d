//! Full names: what `Instant::now` stands for, given the `use` declarations of the file.

use crate::tidy::tokens::Token;
use std::collections::BTreeMap;

/// A path as it is used somewhere, under its full name where the file tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    pub offset: usize,
    pub path: Vec<String>,
}

#[derive(Default)]
struct Imports {
    names: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// Every path of the code and of its `use` declarations. A path that a glob import may stand for is given once for each glob.
pub fn mentions(tokens: &[Token<'_>]) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut imports = Imports::default();
    let mut rest = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if is_use(tokens, index) {
            let end = tokens[index..].iter().position(|token| token.text == ";").map_or(tokens.len(), |at| index + at);
            read_tree(&tokens[index + 1..end], &[], &mut imports, &mut found);
            index = end + 1;
        } else if let Some((path, next)) = read_path(tokens, index) {
            rest.push(Mention { offset: tokens[index].start, path });
            index = next;
        } else {
            index += 1;
        }
    }
    for mention in rest {
        let (first, after) = mention.path.split_first().expect("a path has a first word");
        match imports.names.get(first) {
            Some(full) => {
                let path = full.iter().chain(after).cloned().collect();
                found.push(Mention { offset: mention.offset, path });
            }
            None => {
                for glob in &imports.globs {
                    let path = glob.iter().chain(&mention.path).cloned().collect();
                    found.push(Mention { offset: mention.offset, path });
                }
                found.push(mention);
            }
        }
    }
    found.sort_by_key(|mention| mention.offset);
    found
}

/// `use` begins a declaration, unless it is the `use<…>` of a return type.
fn is_use(tokens: &[Token<'_>], index: usize) -> bool {
    tokens[index].text == "use"
        && tokens.get(index + 1).is_some_and(|next| next.is_word() || matches!(next.text, "::" | "{"))
}

fn read_tree(tree: &[Token<'_>], prefix: &[String], imports: &mut Imports, found: &mut Vec<Mention>) {
    let mut path = prefix.to_vec();
    let mut index = 0;
    while let Some(token) = tree.get(index) {
        match token.text {
            "::" => {}
            "*" => {
                found.push(Mention { offset: token.start, path: path.clone() });
                imports.globs.push(path);
                return;
            }
            "{" => {
                for part in parts(&tree[index + 1..tree.len().saturating_sub(1)]) {
                    read_tree(part, &path, imports, found);
                }
                return;
            }
            "as" => {
                if let Some(alias) = tree.get(index + 1) {
                    imports.names.insert(alias.text.to_owned(), path.clone());
                    found.push(Mention { offset: tree[0].start, path });
                }
                return;
            }
            "self" if index == 0 && !prefix.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        index += 1;
    }
    if let (Some(name), Some(first)) = (path.last().cloned(), tree.first()) {
        imports.names.insert(name, path.clone());
        found.push(Mention { offset: first.start, path });
    }
}

/// The parts between the commas of one level.
fn parts<'t, 'a>(list: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut depth = 0;
    list.split(|token| {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token.text == ","
    })
    .filter(|part| !part.is_empty())
    .collect()
}

/// The path that begins at `index`, and where to go on. A word after a dot is a method or a field, not a path.
fn read_path(tokens: &[Token<'_>], index: usize) -> Option<(Vec<String>, usize)> {
    if !tokens[index].is_word() {
        return None;
    }
    if index > 0 && tokens[index - 1].text == "." {
        return None;
    }
    let mut path = vec![tokens[index].text.to_owned()];
    let mut next = index + 1;
    while let [separator, word, ..] = &tokens[next..]
        && separator.text == "::"
        && word.is_word()
    {
        path.push(word.text.to_owned());
        next += 2;
    }
    Some((path, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::{split, tokens};

    fn paths(text: &str) -> Vec<String> {
        let views = split(text);
        mentions(&tokens(&views.code)).into_iter().map(|mention| mention.path.join("::")).collect()
    }

    fn mentions_path(text: &str, path: &str) -> bool {
        paths(text).iter().any(|found| found == path)
    }

    #[test]
    fn an_imported_name_is_given_in_full() {
        assert!(mentions_path("use std::time::Instant; fn f() { Instant::now(); }", "std::time::Instant::now"));
        assert!(mentions_path(
            "use std::time::{Duration, Instant as I}; fn f() { I::now(); }",
            "std::time::Instant::now"
        ));
        assert!(mentions_path(
            "use std::{fs, time::{self, Duration}}; fn f() { time::Instant::now(); }",
            "std::time::Instant::now"
        ));
        assert!(mentions_path("use tokio::{spawn, sync::mpsc}; fn f() { spawn(x); }", "tokio::spawn"));
        assert!(mentions_path("fn f() { std::env::var(x); }", "std::env::var"));
        assert!(mentions_path("fn f() { ::std::env::var(x); }", "std::env::var"));
        assert!(mentions_path("fn f() { let now = std::time::Instant::now; }", "std::time::Instant::now"));
    }

    #[test]
    fn a_glob_may_stand_for_any_name() {
        assert!(mentions_path("use std::time::*; fn f() { Instant::now(); }", "std::time::Instant::now"));
    }

    #[test]
    fn another_thing_of_the_same_name_is_told_apart() {
        let text = "use clap::Command; fn f() { Command::new(x); self.clock.now(); command.spawn(); }";
        assert!(mentions_path(text, "clap::Command::new"));
        assert!(!paths(text).iter().any(|path| path.starts_with("std") || path.contains("spawn")));
    }

    #[test]
    fn a_return_type_that_captures_is_no_import() {
        assert!(mentions_path("fn f<'a>() -> impl X + use<'a> { std::env::var(x) }", "std::env::var"));
    }
}
