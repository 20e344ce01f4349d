//! A small real project, and a plan of twelve tickets for it: a graph with two checkpoints, and two tickets that edit one line.
//!
//! The crate reads named rows of numbers and prints a table about them. Each ticket's change is real code with real tests; the
//! gate is `cargo test`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What one ticket changes.
pub struct Change {
    pub id: &'static str,
    pub title: &'static str,
    pub after: &'static [&'static str],
    /// New files.
    pub files: &'static [(&'static str, &'static str)],
    /// In `src/lib.rs`: the line after which a module is declared.
    pub module: Option<&'static str>,
    /// In `src/lib.rs`: the feature to add to the one line of features. Two tickets do so at the same time.
    pub feature: Option<&'static str>,
}

/// The gate of every ticket.
pub const GATE: &str = "cargo test --offline --quiet";

/// Checkpoints: they have a gate, and nobody works on them.
pub const CHECKPOINTS: [(&str, &[&str]); 2] =
    [("base", &["tokens", "numbers", "table"]), ("modules", &["rows", "stats", "render", "wide", "plain"])];

const MANIFEST: &str = r#"[package]
name = "kit"
version = "0.1.0"
edition = "2021"

[workspace]

[profile.dev]
debug = false

[profile.test]
debug = false
"#;

const LIB: &str = r#"//! A kit for named rows of numbers in text.

// module tokens

// module numbers

// module table

// module rows

// module stats

// module render

/// What this build can do.
pub const FEATURES: &[&str] = &["core"];

#[cfg(test)]
mod tests {
    #[test]
    fn the_core_is_there() {
        assert!(super::FEATURES.contains(&"core"));
    }
}
"#;

const TOKENS: &str = r#"//! Words of a line.

/// The words of a line; a colon is a word of its own.
pub fn tokens(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in line.split_whitespace() {
        match word.strip_suffix(':') {
            Some(name) if !name.is_empty() => found.extend([name, ":"]),
            _ => found.push(word),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn a_colon_stands_alone() {
        assert_eq!(tokens("height: 1 2.5"), ["height", ":", "1", "2.5"]);
        assert_eq!(tokens(""), Vec::<&str>::new());
    }
}
"#;

const NUMBERS: &str = r#"//! Mean and median.

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{mean, median};

    #[test]
    fn of_nothing_there_is_none() {
        assert_eq!((mean(&[]), median(&[])), (None, None));
    }

    #[test]
    fn the_middle_and_the_mean() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!(median(&[6.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
"#;

const TABLE: &str = r#"//! Columns of text, one under the other.

/// Lines whose columns are padded to the widest cell.
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        assert_eq!(table(&[row(&["a", "bb"]), row(&["ccc", "d"])]), ["a    bb", "ccc  d"]);
    }
}
"#;

const ROWS: &str = r#"//! Rows: `name: number number …`.

use crate::tokens::tokens;

/// A name and its numbers.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub name: String,
    pub values: Vec<f64>,
}

/// Reads one row; the error says what is wrong with it.
pub fn row(line: &str) -> Result<Row, String> {
    let words = tokens(line);
    let [name, ":", values @ ..] = words.as_slice() else { return Err(format!("no name in `{line}`")) };
    let values: Result<Vec<f64>, String> =
        values.iter().map(|word| word.parse().map_err(|_| format!("`{word}` is no number"))).collect();
    Ok(Row { name: (*name).to_owned(), values: values? })
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn a_row_is_read() {
        let read = row("height: 1 2.5").unwrap();
        assert_eq!((read.name.as_str(), read.values.as_slice()), ("height", &[1.0, 2.5][..]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(row("1 2").unwrap_err(), "no name in `1 2`");
        assert_eq!(row("a: x").unwrap_err(), "`x` is no number");
    }
}
"#;

const STATS: &str = r#"//! What there is to say about numbers.

use crate::numbers::{mean, median};

/// Count, mean and median, as text.
pub fn stats(values: &[f64]) -> [String; 3] {
    let text = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    [values.len().to_string(), text(mean(values)), text(median(values))]
}

#[cfg(test)]
mod tests {
    use super::stats;

    #[test]
    fn three_words_about_numbers() {
        assert_eq!(stats(&[1.0, 2.0, 6.0]), ["3", "3.00", "2.00"]);
        assert_eq!(stats(&[]), ["0", "-", "-"]);
    }
}
"#;

const RENDER: &str = r#"//! A table with a head.

use crate::table::table;

/// The head, a rule, and the rows.
pub fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut all = vec![head.iter().map(|cell| (*cell).to_owned()).collect()];
    all.extend(rows.to_vec());
    let mut lines = table(&all);
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    lines.insert(1, "-".repeat(width));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn the_rule_is_as_long_as_the_widest_line() {
        assert_eq!(render(&["a", "b"], &[vec!["xx".into(), "y".into()]]), "a   b\n-----\nxx  y");
    }
}
"#;

const MAIN: &str = r#"use std::io::Read as _;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("standard input is text");
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match kit::rows::row(line) {
            Ok(row) => rows.push([vec![row.name], kit::stats::stats(&row.values).to_vec()].concat()),
            Err(why) => {
                eprintln!("{why}");
                std::process::exit(1);
            }
        }
    }
    println!("{}", kit::render::render(&["name", "count", "mean", "median"], &rows));
}
"#;

const WHOLE: &str = r#"//! All modules together.

#[test]
fn from_text_to_a_table() {
    let read = kit::rows::row("height: 1 2 6").unwrap();
    let cells = [vec![read.name], kit::stats::stats(&read.values).to_vec()].concat();
    let shown = kit::render::render(&["name", "count", "mean", "median"], &[cells]);
    assert!(shown.ends_with("height  3      3.00  2.00"), "{shown}");
}

#[test]
fn both_features_came_in() {
    for feature in ["core", "wide", "plain"] {
        assert!(kit::FEATURES.contains(&feature), "{feature} is missing: {:?}", kit::FEATURES);
    }
}
"#;

/// The ten tickets with work; with the two checkpoints they are twelve.
pub const CHANGES: [Change; 10] = [
    Change {
        id: "tokens",
        title: "Split lines into words",
        after: &[],
        files: &[("src/tokens.rs", TOKENS)],
        module: Some("tokens"),
        feature: None,
    },
    Change {
        id: "numbers",
        title: "Mean and median",
        after: &[],
        files: &[("src/numbers.rs", NUMBERS)],
        module: Some("numbers"),
        feature: None,
    },
    Change {
        id: "table",
        title: "Columns of text",
        after: &[],
        files: &[("src/table.rs", TABLE)],
        module: Some("table"),
        feature: None,
    },
    Change {
        id: "rows",
        title: "Read rows",
        after: &["base"],
        files: &[("src/rows.rs", ROWS)],
        module: Some("rows"),
        feature: None,
    },
    Change {
        id: "stats",
        title: "Say something about numbers",
        after: &["base"],
        files: &[("src/stats.rs", STATS)],
        module: Some("stats"),
        feature: None,
    },
    Change {
        id: "render",
        title: "A table with a head",
        after: &["base"],
        files: &[("src/render.rs", RENDER)],
        module: Some("render"),
        feature: None,
    },
    Change { id: "wide", title: "The feature wide", after: &["base"], files: &[], module: None, feature: Some("wide") },
    Change {
        id: "plain",
        title: "The feature plain",
        after: &["base"],
        files: &[],
        module: None,
        feature: Some("plain"),
    },
    Change {
        id: "main",
        title: "The program",
        after: &["modules"],
        files: &[("src/main.rs", MAIN)],
        module: None,
        feature: None,
    },
    Change {
        id: "whole",
        title: "A test of the whole",
        after: &["modules"],
        files: &[("tests/whole.rs", WHOLE)],
        module: None,
        feature: None,
    },
];

/// Runs git for the person, in their own repository.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Pat", "-c", "user.email=pat@example.org", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("failed to run git {args:?}: {error}"));
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Variables that lead a service with a home of its own to the toolchain of this machine.
pub fn toolchain() -> [(&'static str, String); 2] {
    let home = std::env::var("HOME").expect("HOME is set");
    let of = |name: &str, below: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{below}"));
    [("CARGO_HOME", of("CARGO_HOME", ".cargo")), ("RUSTUP_HOME", of("RUSTUP_HOME", ".rustup"))]
}

/// Makes the project at `dir`: a repository with one commit on `main`.
pub fn make(dir: &Path) {
    std::fs::create_dir_all(dir.join("src")).expect("a directory");
    std::fs::write(dir.join("Cargo.toml"), MANIFEST).expect("a file");
    std::fs::write(dir.join("src/lib.rs"), LIB).expect("a file");
    std::fs::write(dir.join(".gitignore"), "/target\n").expect("a file");
    let lock = Command::new("cargo").args(["generate-lockfile", "--offline"]).current_dir(dir).output();
    assert!(lock.expect("cargo").status.success(), "cargo writes the lock file");
    git(dir, &["init", "--quiet", "--initial-branch", "main"]);
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message", "The kit begins"]);
}

/// The program of all `command` workers: it finds its ticket in its task, does the change, and resolves the one conflict there is.
pub fn worker(scripts: &Path) -> PathBuf {
    std::fs::create_dir_all(scripts).expect("a directory");
    for change in &CHANGES {
        let files = scripts.join(change.id);
        for (path, content) in change.files {
            let path = files.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, content).expect("a file");
        }
    }
    let mut cases = String::new();
    for change in &CHANGES {
        let mut body = format!("cp -r {}/{}/. . 2>/dev/null || true\n", scripts.display(), change.id);
        if let Some(module) = change.module {
            body.push_str(&format!(
                "grep -q '^pub mod {module};' src/lib.rs || sed -i 's|^// module {module}$|// module {module}\\npub mod {module};|' src/lib.rs\n"
            ));
        }
        if let Some(feature) = change.feature {
            body.push_str(&format!(
                "if ! git merge --quiet --no-edit \"origin/$target\"; then\n  sed -i -e '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' src/lib.rs\n  \
                 awk '/^pub const FEATURES/ {{ if (seen++) next; print \"pub const FEATURES: &[&str] = &[\\\"core\\\", \\\"wide\\\", \\\"plain\\\"];\"; next }} {{ print }}' src/lib.rs > src/lib.new\n  \
                 mv src/lib.new src/lib.rs\n  git add --all; git commit --quiet --no-edit\nfi\n\
                 grep -q '\"{feature}\"' src/lib.rs || sed -i 's|\\(^pub const FEATURES.*\\)\\];|\\1, \"{feature}\"];|' src/lib.rs\n"
            ));
        }
        cases.push_str(&format!("*\"{}\"*)\n{body};;\n", change.title));
    }
    let program = scripts.join("worker.sh");
    let text = format!(
        "#!/bin/sh\nset -eu\nexport GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null\ntask=$(cat)\n\
         target=$(printf '%s\\n' \"$task\" | sed -n 's|.*\\(legion/[a-z0-9._-]*/leader\\).*|\\1|p' | head -n 1)\n\
         # An agent may have been killed here: its lock, a merge in the middle, and edits that were not committed.\n\
         rm -f .git/index.lock\n\
         if [ -e .git/MERGE_HEAD ]; then git merge --abort || git reset --quiet --hard; fi\n\
         git add --all\ngit diff --cached --quiet || git commit --quiet --message 'Go on'\n\
         case \"$(printf '%s\\n' \"$task\" | head -n 1)\" in\n{cases}*) echo \"no such ticket\" >&2; exit 3;;\nesac\n\
         git add --all\ngit diff --cached --quiet || git commit --quiet --message \"$(printf '%s\\n' \"$task\" | head -n 1)\"\necho done\n"
    );
    std::fs::write(&program, text).expect("a file");
    program
}

/// The plan, with this way to work for every ticket: TOML lines such as `driver = "command"`.
pub fn plan(defaults: &str, prompt: impl Fn(&Change) -> String) -> String {
    let quoted = |text: &str| format!("{text:?}");
    let list = |ids: &[&str]| ids.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(", ");
    let mut text = format!("[session]\nworkers = 3\n\n[defaults]\ngate = {}\n{defaults}\n", quoted(GATE));
    for change in &CHANGES {
        text.push_str(&format!(
            "\n[[ticket]]\nid = {}\ntitle = {}\nprompt = {}\ncriteria = [\"the tests of the crate pass\"]\nafter = [{}]\n",
            quoted(change.id),
            quoted(change.title),
            quoted(&prompt(change)),
            list(change.after)
        ));
        // Tests are protected: the plan of the person says who may touch them.
        let files: Vec<&str> = change.files.iter().map(|(path, _)| *path).chain(["src/lib.rs"]).collect();
        text.push_str(&format!("files = [{}]\n", list(&files)));
    }
    for (id, after) in CHECKPOINTS {
        text.push_str(&format!(
            "\n[[ticket]]\nid = {}\ntitle = {}\ncheckpoint = true\nafter = [{}]\n",
            quoted(id),
            quoted(&format!("Checkpoint: {id}")),
            list(after)
        ));
    }
    text
}

/// Tests every commit of the target's first-parent history from scratch: a fresh clone, a fresh target directory.
pub fn retest_history(repository: &Path, tip: &str, base: &str, scratch: &Path) -> usize {
    let commits = git(repository, &["rev-list", "--first-parent", "--reverse", &format!("{base}..{tip}")]);
    let clone = scratch.join("retest");
    git(
        scratch,
        &["clone", "--quiet", "--no-checkout", &repository.display().to_string(), &clone.display().to_string()],
    );
    let mut tested = 0;
    for commit in commits.lines() {
        git(&clone, &["checkout", "--quiet", "--detach", commit]);
        let _ = std::fs::remove_dir_all(clone.join("target"));
        let output = Command::new("sh").args(["-c", GATE]).current_dir(&clone).output().expect("the gate");
        assert!(output.status.success(), "{commit} is red: {}", String::from_utf8_lossy(&output.stderr));
        tested += 1;
    }
    tested
}
