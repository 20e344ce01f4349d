//! All rules over all files.

use crate::shell;
use crate::tidy::finding::Finding;
use crate::tidy::layout::{self, Extent};
use crate::tidy::source::{Place, Source};
use crate::tidy::{attributes, bans, dependencies, skips, strings, tracked};
use crate::workspace::Metadata;
use anyhow::{Context, Result};
use std::fs;

/// How many of the longest files and functions are named.
const LONGEST: usize = 10;

pub struct Report {
    pub findings: Vec<Finding>,
    /// Lines that are worth reading and no fault.
    pub information: Vec<String>,
}

/// Applies every rule to the workspace as it lies on the disk.
pub fn inspect(metadata: &Metadata) -> Result<Report> {
    let (packages, mut findings) = dependencies::inspect(metadata)?;
    let mut sources = Vec::new();
    for path in tracked::files()? {
        let file = shell::root().join(&path);
        // A file that git knows and somebody has just deleted.
        if !file.is_file() {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("failed to read `{path}`"))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        findings.extend(tracked::inspect(&path, &text));
        if path.ends_with(".rs") {
            sources.push(Source::new(&path, text));
        }
    }
    mark_test_modules(&mut sources);
    for source in &sources {
        findings.extend(attributes::inspect(source));
        findings.extend(bans::inspect(source));
        findings.extend(layout::inspect(source));
        findings.extend(skips::inspect(source));
        findings.extend(strings::inspect(source));
    }
    findings.sort();
    let mut information = longest(&sources);
    information.push(format!("packages in the binary: {packages}"));
    Ok(Report { findings, information })
}

/// A module that its parent declares for tests only is a test, although its own file does not say so.
fn mark_test_modules(sources: &mut [Source]) {
    let tests: Vec<String> = sources.iter().flat_map(Source::test_module_paths).collect();
    for source in sources {
        if tests
            .iter()
            .any(|test| source.path == *test || (test.ends_with('/') && source.path.starts_with(test.as_str())))
        {
            source.place = Place::Test;
        }
    }
}

fn longest(sources: &[Source]) -> Vec<String> {
    let files = sources.iter().filter(|source| source.place == Place::Product);
    let files = files.map(|source| Extent { lines: layout::lines(source), name: source.path.clone() }).collect();
    let functions = sources.iter().flat_map(layout::functions).collect();
    let mut lines = vec!["longest files, without their tests:".to_owned()];
    lines.extend(top(files));
    lines.push("longest functions:".to_owned());
    lines.extend(top(functions));
    lines
}

fn top(mut extents: Vec<Extent>) -> Vec<String> {
    extents.sort_by(|left, right| right.lines.cmp(&left.lines).then_with(|| left.name.cmp(&right.name)));
    extents.iter().take(LONGEST).map(|extent| format!("{:>6}  {}", extent.lines, extent.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_for_tests_is_exempt_in_its_own_file() {
        let mut sources = vec![
            Source::new("crates/x/src/a.rs", "#[cfg(test)]\nmod samples;".to_owned()),
            Source::new("crates/x/src/a/samples.rs", "fn f() {}".to_owned()),
            Source::new("crates/x/src/b.rs", "fn f() {}".to_owned()),
        ];
        mark_test_modules(&mut sources);
        assert_eq!(sources[1].place, Place::Test);
        assert_eq!(sources[2].place, Place::Product);
    }

    #[test]
    fn the_longest_come_first() {
        let extents = [3, 9, 5].map(|lines| Extent { lines, name: format!("f{lines}") });
        assert_eq!(top(extents.into()), ["     9  f9", "     5  f5", "     3  f3"]);
    }
}
