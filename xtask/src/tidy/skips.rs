//! A test that cannot run on this machine is skipped in one way, which a build machine turns into a failure.

use crate::tidy::finding::Finding;
use crate::tidy::source::{Place, Source};

/// The variable that turns a skip into a failure; only the helper may look at it.
const VARIABLE: &str = "LEGION_TEST_ALL";
const HOME: &str = "crates/legion-testkit/";
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];

pub fn inspect(source: &Source) -> Vec<Finding> {
    if source.path.starts_with(HOME) || source.path.starts_with("xtask/") {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = source
        .views
        .strings
        .match_indices(VARIABLE)
        .map(|(offset, _)| {
            source.finding(
                offset,
                format!("`{VARIABLE}` is read here"),
                "skip through the testkit's helper, which knows it",
            )
        })
        .collect();
    let tokens = source.tokens();
    for window in tokens.windows(4) {
        let [name, sign, open, quote] = window else { continue };
        let prints = PRINTING.contains(&name.text) && sign.text == "!" && open.text == "(" && quote.text == "\"";
        if !prints || !(source.is_test(name.start) || source.place == Place::Test) {
            continue;
        }
        let message = source.views.strings[quote.start + 1..].trim_start_matches('[').to_ascii_lowercase();
        if message.starts_with("skip") {
            findings.push(source.finding(
                name.start,
                "a test skips itself",
                "skip through the testkit's helper: it fails where nothing may be missing",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_skips_by_the_helper_only() {
        let count = |path: &str, text: &str| inspect(&Source::new(path, text.to_owned())).len();
        assert_eq!(count("crates/x/tests/a.rs", "fn f() { eprintln!(\"skipped: no npm\"); }"), 1);
        assert_eq!(count("crates/x/tests/a.rs", "fn f() { println!(\"Skipping\"); }"), 1);
        assert_eq!(count("crates/x/src/a.rs", "fn f() { println!(\"skipped {n} lines\"); }"), 0);
        assert_eq!(count("crates/x/tests/a.rs", "fn f() { assert_eq!(x, \"skipped\"); }"), 0);
        assert_eq!(count("crates/x/tests/a.rs", "fn f() { std::env::var(\"LEGION_TEST_ALL\"); }"), 1);
        assert_eq!(count("crates/legion-testkit/src/skip.rs", "fn f() { std::env::var(\"LEGION_TEST_ALL\"); }"), 0);
    }
}
