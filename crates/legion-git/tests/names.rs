//! Names: whatever is taken for one, git takes too, and never for an option.

mod support;

use legion_git::{Oid, RefName};
use proptest::prelude::*;

/// Letters of which names go wrong.
const PARTS: &[&str] = &[
    "a",
    "heads",
    "/",
    "-",
    ".",
    "..",
    ".lock",
    "@",
    "{",
    "~",
    "^",
    ":",
    "?",
    "*",
    "[",
    "\\",
    " ",
    "\n",
    "\u{7f}",
    "\u{202e}",
    "é",
    "refs/",
    "HEAD",
    "--output=x",
    "\t",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_name_that_is_taken_is_taken_by_git_too(parts in prop::collection::vec(prop::sample::select(PARTS), 1..8)) {
        let text = parts.concat();
        prop_assert!(text.parse::<Oid>().is_err());
        for name in [RefName::branch(&text), text.parse(), format!("refs/x/{text}").parse()].into_iter().flatten() {
            prop_assert!(name.as_str().starts_with("refs/") && !name.as_str().contains("/-"));
            let git = support::command(std::path::Path::new("/"), &["check-ref-format", name.as_str()]).status().unwrap();
            prop_assert!(git.success(), "{}", name);
        }
    }
}
