//! Attributes: no lint is silenced without a reason, no test is ignored, and unsafe code is forbidden at every crate's root.

use crate::tidy::finding::Finding;
use crate::tidy::source::Source;
use crate::tidy::tokens::closing;

/// The only crate that may have unsafe code.
const UNSAFE_CRATE: &str = "crates/legion-process/";

pub fn inspect(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut forbids_unsafe = false;
    let tokens = source.tokens();
    let mut index = 0;
    while index < tokens.len() {
        let bracket = if tokens[index].text != "#" {
            None
        } else {
            (index + 1..tokens.len().min(index + 3)).find(|at| tokens[*at].text == "[")
        };
        let Some(open) = bracket else {
            index += 1;
            continue;
        };
        let end = closing(&tokens, open);
        for at in open + 1..end {
            let next = tokens.get(at + 1).map_or("", |next| next.text);
            match tokens[at].text {
                "allow" if next == "(" => findings.push(source.finding(
                    tokens[at].start,
                    "`allow` stays when its cause is gone",
                    "use `#[expect(LINT, reason = \"…\")]`",
                )),
                "ignore" if at == open + 1 => findings.push(source.finding(
                    tokens[at].start,
                    "an ignored test",
                    "fix or delete it; a test for some machines only is skipped by the testkit's helper",
                )),
                "forbid" if tokens.get(at + 2).is_some_and(|lint| lint.text == "unsafe_code") => forbids_unsafe = true,
                _ => {}
            }
        }
        index = end + 1;
    }
    if is_crate_root(&source.path) && !source.path.starts_with(UNSAFE_CRATE) && !forbids_unsafe {
        findings.push(source.finding(
            0,
            "this crate does not forbid unsafe code",
            "begin with `#![forbid(unsafe_code)]`",
        ));
    }
    findings
}

fn is_crate_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["crates", _, "src", "lib.rs" | "main.rs"] | ["xtask", "src", "main.rs"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        inspect(&Source::new(path, text.to_owned())).len()
    }

    #[test]
    fn a_bare_allow_is_refused_and_an_expectation_is_not() {
        assert_eq!(count("crates/x/src/a.rs", "#[allow(dead_code, reason = \"x\")] fn f() {}"), 1);
        assert_eq!(count("crates/x/src/a.rs", "#![allow(dead_code)]"), 1);
        assert_eq!(count("crates/x/src/a.rs", "#[cfg_attr(test, allow(dead_code))] fn f() {}"), 1);
        assert_eq!(count("crates/x/src/a.rs", "#[expect(dead_code, reason = \"x\")] fn f() { allow(1) }"), 0);
    }

    #[test]
    fn an_ignored_test_is_refused() {
        assert_eq!(count("crates/x/tests/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"), 1);
    }

    #[test]
    fn every_root_forbids_unsafe_code_but_one() {
        assert_eq!(count("crates/x/src/lib.rs", "//! X.\nmod a;"), 1);
        assert_eq!(count("crates/x/src/lib.rs", "//! X.\n#![forbid(unsafe_code)]\nmod a;"), 0);
        assert_eq!(count("crates/legion-process/src/lib.rs", "mod a;"), 0);
    }
}
