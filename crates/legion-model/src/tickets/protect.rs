//! Paths that only a person may let an agent change: what judges the work must not be the work's to change.

use std::collections::BTreeSet;

use crate::glob::Glob;

/// How a path differs from where the ticket began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    Added,
    /// Another content, or another kind of file.
    Changed,
    Deleted,
}

/// Configuration of gates, of CI, and of agents: always, also when it is new.
const CONFIGURATION: &[&str] = &[
    "legion.toml",
    ".legion/**",
    ".github/**",
    ".gitlab-ci.yml",
    ".gitlab/**",
    ".ci/**",
    ".circleci/**",
    ".buildkite/**",
    ".travis.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
    "**/.claude/settings*.json",
    "**/.mcp.json",
    "**/.codex/**",
];

/// Tests: when they were there before. New ones are free.
const TESTS: &[&str] = &[
    "**/tests/**",
    "**/test/**",
    "**/__tests__/**",
    "**/testdata/**",
    "**/*_test.*",
    "**/*_tests.*",
    "**/*.test.*",
    "**/*.spec.*",
    "**/*_spec.rb",
    "**/test_*.py",
    "**/conftest.py",
    "**/tests.rs",
];

/// Programs that gates run, and the files in which those find what to do: also when they are new, for one may hide another.
const RUNNERS: &[(&str, &[&str])] = &[
    ("make", &["GNUmakefile", "makefile", "Makefile"]),
    ("gmake", &["GNUmakefile", "makefile", "Makefile"]),
    ("just", &["justfile", ".justfile", "Justfile"]),
    ("task", &["Taskfile.yml", "Taskfile.yaml"]),
    ("npm", &["package.json"]),
    ("pnpm", &["package.json"]),
    ("yarn", &["package.json"]),
    ("bun", &["package.json"]),
    ("rake", &["Rakefile"]),
    ("tox", &["tox.ini"]),
];

/// What the programs of gates read by themselves and what can switch tests off, or put another program in place of the one that runs
/// them: also when it is new, anywhere, and whatever a gate calls them by. A directory stands for all that is in it, and for a link in its
/// place.
const SWITCHES: &[&str] = &[
    // Rust: a runner, a wrapper of the compiler, another toolchain, a filter of tests.
    "**/.cargo",
    "**/rust-toolchain",
    "**/rust-toolchain.toml",
    "**/.config/nextest.toml",
    // JavaScript: another shell for scripts, hooks of package managers, settings of test runners.
    "**/.npmrc",
    "**/.yarnrc",
    "**/.yarnrc.yml",
    "**/.pnpmfile.cjs",
    "**/bunfig.toml",
    "**/jest.config.*",
    "**/vitest.config.*",
    "**/vitest.workspace.*",
    "**/.mocharc.*",
    "**/ava.config.*",
    "**/karma.conf.*",
    "**/playwright.config.*",
    "**/cypress.config.*",
    // Python: which tests are found, and what is executed before them.
    "**/pytest.ini",
    "**/.pytest.ini",
    "**/pytest.toml",
    "**/.pytest.toml",
    "**/conftest.py",
    "**/setup.cfg",
    "**/tox.ini",
    "**/noxfile.py",
    "**/sitecustomize.py",
    "**/usercustomize.py",
    // Go, the JVM, Ruby, PHP.
    "**/go.work",
    "**/.mvn",
    "**/gradle/wrapper/**",
    "**/.rspec",
    "**/phpunit.xml*",
];

/// A directory of whatever program, of which one file counts. As a path of its own it is a link to another one.
const SHARED_DIRECTORY: &str = ".config";

/// What separates the words of a command that stand in one word of another: `sh -c 'cd ci; ./check'`, `--file=ci.mk`.
const SEPARATORS: &[char] = &[';', '&', '|', '(', ')', '{', '}', '<', '>', '\'', '"', '`', '=', '$'];

/// Which changes need a person.
#[derive(Debug, Clone)]
pub struct Protection {
    always: Vec<Glob>,
    tests: Vec<Glob>,
    /// What switches tests off.
    switches: Vec<Glob>,
    /// Files that a gate's command names: scripts that judge.
    named: BTreeSet<String>,
    /// Files in which the programs of gates find what to do.
    runners: BTreeSet<String>,
    /// Tests that the person meant the ticket to touch.
    declared: Vec<Glob>,
}

impl Protection {
    /// The built-in rules, with globs of the session and of the target's configuration, and with those that the person declared for
    /// this ticket. A glob that is not well formed protects nothing: they are checked where they come in.
    pub fn new<'a>(own: impl IntoIterator<Item = &'a str>, declared: impl IntoIterator<Item = &'a str>) -> Self {
        let parse = |glob: &'a str| Glob::parse(glob).ok();
        let built_in = |globs: &'static [&'static str]| globs.iter().filter_map(|glob| Glob::parse(glob).ok());
        Self {
            always: built_in(CONFIGURATION).chain(own.into_iter().filter_map(parse)).collect(),
            tests: built_in(TESTS).collect(),
            switches: built_in(SWITCHES).collect(),
            named: BTreeSet::new(),
            runners: BTreeSet::new(),
            declared: declared.into_iter().filter_map(parse).collect(),
        }
    }

    /// Protects, like tests, the files that are among these words of gates' commands, and those that its programs read by themselves
    /// to know what to do.
    #[must_use]
    pub fn naming(mut self, words: impl IntoIterator<Item = String>) -> Self {
        let words: Vec<String> = words.into_iter().collect();
        let parts = words.iter().flat_map(|word| word.split(|c: char| c.is_whitespace() || SEPARATORS.contains(&c)));
        // Where the command is by then: the root, and each directory that it goes to.
        let mut directories = vec![String::new()];
        let mut goes = false;
        for part in
            parts.map(|part| part.trim_start_matches("./").trim_end_matches('/')).filter(|part| !part.is_empty())
        {
            let of = |file: &str| directories.iter().map(|directory| format!("{directory}{file}")).collect::<Vec<_>>();
            self.named.extend(of(part));
            let program = part.rsplit('/').next().unwrap_or(part);
            let runner = RUNNERS.iter().filter(|(name, _)| *name == program);
            self.runners.extend(runner.flat_map(|(_, files)| *files).flat_map(|file| of(file)));
            if std::mem::replace(&mut goes, matches!(part, "cd" | "-C" | "--prefix" | "--cwd")) {
                directories.push(format!("{part}/"));
                // `make -C ci` names the directory after the program.
                let files = RUNNERS.iter().flat_map(|(_, files)| *files).filter(|file| self.runners.contains(**file));
                let below: Vec<String> = files.map(|file| format!("{part}/{file}")).collect();
                self.runners.extend(below);
            }
        }
        self
    }

    /// Whether a person has to let this change through.
    pub fn covers(&self, path: &str, touch: Touch) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(path));
        let judges = touch != Touch::Added && (self.named.contains(path) || any(&self.tests));
        let is_link = path.rsplit('/').next() == Some(SHARED_DIRECTORY);
        let leads = self.runners.contains(path) || any(&self.switches) || is_link;
        any(&self.always) || ((judges || leads) && !any(&self.declared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Protection {
        Protection::new([], [])
    }

    #[test]
    fn every_built_in_glob_is_well_formed() {
        let protection = plain();
        assert_eq!(protection.always.len(), CONFIGURATION.len());
        assert_eq!(protection.tests.len(), TESTS.len());
        assert_eq!(protection.switches.len(), SWITCHES.len());
    }

    #[test]
    fn configuration_is_protected_even_when_it_is_new() {
        for path in [
            "legion.toml",
            ".legion/include",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            ".ci/run.sh",
            ".circleci/config.yml",
            "Jenkinsfile",
            ".claude/settings.json",
            ".claude/settings.local.json",
            ".mcp.json",
            ".codex/config.toml",
            "web/.mcp.json",
        ] {
            for touch in [Touch::Added, Touch::Changed, Touch::Deleted] {
                assert!(plain().covers(path, touch), "{path} {touch:?}");
            }
        }
        for path in ["src/legion.toml.rs", "src/main.rs", "docs/Jenkinsfile.md", ".claude/commands/x.md", "README.md"] {
            assert!(!plain().covers(path, Touch::Changed), "{path}");
        }
    }

    #[test]
    fn tests_are_protected_when_they_were_there() {
        for path in [
            "tests/it.rs",
            "crates/a/tests/deep/it.rs",
            "test/a.js",
            "web/test/a.js",
            "src/__tests__/a.js",
            "src/parse_test.go",
            "src/a.test.ts",
            "src/a.spec.ts",
            "pkg/test_a.py",
            "test_a.py",
            "conftest.py",
            "pkg/conftest.py",
        ] {
            assert!(plain().covers(path, Touch::Changed), "{path}");
            assert!(plain().covers(path, Touch::Deleted), "{path}");
            assert_eq!(plain().covers(path, Touch::Added), path.ends_with("conftest.py"), "{path}");
        }
        for path in ["src/testing.rs", "src/latest.rs", "contest.py", "src/attest_a.rs"] {
            assert!(!plain().covers(path, Touch::Changed), "{path}");
        }
    }

    #[test]
    fn a_script_that_a_gate_names_is_protected() {
        let words = ["sh", "./scripts/check.sh", "--all"].map(str::to_owned);
        let protection = plain().naming(words.clone());
        assert!(protection.covers("scripts/check.sh", Touch::Changed));
        assert!(!protection.covers("scripts/check.sh", Touch::Added));
        assert!(!protection.covers("scripts/other.sh", Touch::Changed));
        let declared = Protection::new([], ["scripts/**"]).naming(words);
        assert!(!declared.covers("scripts/check.sh", Touch::Changed));
    }

    #[test]
    fn what_the_person_declared_is_free_and_what_is_protected_by_name_is_not() {
        let protection = Protection::new(["migrations/**"], ["tests/**", "legion.toml"]);
        assert!(!protection.covers("tests/it.rs", Touch::Changed));
        assert!(protection.covers("legion.toml", Touch::Changed));
        assert!(protection.covers("migrations/1.sql", Touch::Added));
    }

    #[test]
    fn scripts_are_found_in_every_form_of_a_command() {
        for word in ["check.sh;", "(./check.sh", "--script=check.sh", "cd x && sh check.sh; true", "$(cat check.sh)"] {
            let protection = plain().naming([word.to_owned()]);
            assert!(protection.covers("check.sh", Touch::Changed), "{word}");
        }
        let protection = plain().naming(["cd", "ci/", "&&", "sh", "./check.sh"].map(str::to_owned));
        assert!(protection.covers("ci/check.sh", Touch::Changed));
        assert!(!protection.covers("other/check.sh", Touch::Changed));
    }

    #[test]
    fn what_switches_tests_off_is_protected_wherever_it_is_and_ordinary_work_is_not() {
        for path in [
            ".cargo/config.toml",
            "crates/a/.cargo/config.toml",
            ".cargo",
            "rust-toolchain.toml",
            ".config/nextest.toml",
            ".config",
            ".npmrc",
            "web/.npmrc",
            "web/jest.config.mjs",
            "vitest.config.ts",
            "pytest.ini",
            "pkg/conftest.py",
            "setup.cfg",
            "tox.ini",
            "go.work",
            ".mvn/jvm.config",
        ] {
            for touch in [Touch::Added, Touch::Changed, Touch::Deleted] {
                assert!(plain().covers(path, touch), "{path} {touch:?}");
            }
            assert!(!Protection::new([], [path]).covers(path, Touch::Added), "{path}: the person declared it");
        }
        for path in [
            "Cargo.toml",
            "crates/a/Cargo.toml",
            "pyproject.toml",
            "package.json",
            "go.mod",
            "build.rs",
            "vite.config.ts",
            "src/cargo/config.toml",
            ".config/app.toml",
            "src/setup.rs",
            "tests/new.rs",
            "src/__tests__/new.js",
        ] {
            assert!(!plain().covers(path, Touch::Added), "{path}");
        }
    }

    #[test]
    fn what_the_program_of_a_gate_reads_by_itself_is_protected_even_when_it_is_new() {
        let protection = plain().naming(["make", "test"].map(str::to_owned));
        assert!(protection.covers("Makefile", Touch::Changed));
        assert!(protection.covers("GNUmakefile", Touch::Added), "it would be taken instead");
        assert!(!protection.covers("sub/Makefile", Touch::Changed));
        assert!(!protection.covers("package.json", Touch::Changed));
        for words in [["make", "-C", "ci", "test"], ["cd", "ci", "&&", "make"]] {
            let protection = plain().naming(words.map(str::to_owned));
            assert!(protection.covers("ci/Makefile", Touch::Changed), "{words:?}");
        }
        let declared = Protection::new([], ["package.json"]);
        assert!(!declared.naming(["npm", "test"].map(str::to_owned)).covers("package.json", Touch::Changed));
        assert!(!plain().covers("Makefile", Touch::Changed), "no gate reads it");
    }
}
