//! Things that have one home: the clock, the environment, spawning, processes, SQL, protocol kits, unsafe code. And things that
//! have none.

use crate::tidy::finding::Finding;
use crate::tidy::paths::mentions;
use crate::tidy::source::Source;
use crate::tidy::waivers::is_waived;

/// Paths that may be named in few places only.
struct Ban {
    /// Its name in a waiver.
    rule: &'static str,
    /// Full paths; each stands for all that begins with it.
    paths: &'static [&'static str],
    /// Beginnings of file paths where the ban holds.
    within: &'static [&'static str],
    homes: &'static [Home],
    /// Beginnings of file paths where a comment may waive it.
    waivable: &'static [&'static str],
    remedy: &'static str,
}

/// A legal place, by the beginning of its file's path, with its reason.
struct Home {
    path: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table; a test wants it said"))]
    why: &'static str,
}

const EVERYWHERE: &[&str] = &["crates/"];
const MODEL: &[&str] = &["crates/legion-model/"];

const BANS: &[Ban] = &[
    Ban {
        rule: "process",
        paths: &["std::process::Command", "std::process::Child", "tokio::process"],
        within: EVERYWHERE,
        homes: &[Home { path: "crates/legion-process/src/", why: "the crate that starts processes" }],
        waivable: &[],
        remedy: "start programs through legion-process",
    },
    Ban {
        rule: "clock",
        paths: &[
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "tokio::time::Instant::now",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
        ],
        within: EVERYWHERE,
        homes: &[
            Home { path: "crates/legion-runtime/src/clock", why: "the clock" },
            Home {
                path: "crates/legion-process/src/",
                why: "the shim and the stop ladder run where no clock can be handed in",
            },
        ],
        waivable: &["crates/legion-cli/", "crates/legion-client/", "crates/legion/"],
        remedy: "take the time from the clock of legion-runtime, or inside the command",
    },
    Ban {
        rule: "environment",
        paths: &["std::env::var", "std::env::vars", "std::env::var_os", "std::env::vars_os"],
        within: EVERYWHERE,
        homes: &[
            Home { path: "crates/legion-runtime/src/environment", why: "the registry of environment variables" },
            Home { path: "crates/legion/src/main.rs", why: "the composition root" },
            Home {
                path: "crates/legion-process/src/service/start.rs",
                why: "a service inside an agent's tree hands the tree's mark on to its shims",
            },
        ],
        waivable: &[],
        remedy: "read it in legion-runtime's environment and pass the value in",
    },
    Ban {
        rule: "spawn",
        paths: &[
            "tokio::spawn",
            "tokio::task::spawn",
            "tokio::task::spawn_local",
            "std::thread::spawn",
            "std::thread::Builder",
        ],
        within: EVERYWHERE,
        homes: &[
            Home { path: "crates/legion-runtime/src/task", why: "the task scopes" },
            Home { path: "crates/legion-store-sqlite/src/", why: "the one writer thread" },
            Home {
                path: "crates/legion-process/src/service/",
                why: "the task behind the handle of a shim ends with it, whoever drops the handle",
            },
            Home {
                path: "crates/legion-client/src/",
                why: "the connection's driver; the client knows no runtime crate",
            },
        ],
        waivable: &["crates/legion-mcp/", "crates/legion-cli/"],
        remedy: "spawn in a task scope of legion-runtime, which knows what cancel and failure mean",
    },
    Ban {
        rule: "sql",
        paths: &["rusqlite"],
        within: EVERYWHERE,
        homes: &[Home { path: "crates/legion-store-sqlite/src/", why: "the crate that knows SQL" }],
        waivable: &[],
        remedy: "ask the log of legion-store",
    },
    Ban {
        rule: "mcp",
        paths: &["rmcp"],
        within: EVERYWHERE,
        homes: &[Home { path: "crates/legion-mcp/src/", why: "the crate that wraps the protocol kit" }],
        waivable: &[],
        remedy: "no type of the protocol kit leaves legion-mcp",
    },
    Ban {
        rule: "pure",
        paths: &[
            "getrandom",
            "rand",
            "rustix",
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "tokio",
            "uuid::Uuid::new_v4",
            "uuid::Uuid::now_v7",
        ],
        within: MODEL,
        homes: &[],
        waivable: &[],
        remedy: "the model is pure: times and ids arrive inside the command, the rest is done by steps",
    },
];

/// Macros that may be in no committed code, tests included.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

pub fn inspect(source: &Source) -> Vec<Finding> {
    let mut findings = banned_paths(source);
    findings.extend(banned_words(source));
    findings
}

fn banned_paths(source: &Source) -> Vec<Finding> {
    let bans: Vec<&Ban> = BANS.iter().filter(|ban| holds(ban, &source.path)).collect();
    let mut findings = Vec::new();
    for mention in mentions(&source.tokens()) {
        if !source.is_shipped(mention.offset) {
            continue;
        }
        for ban in &bans {
            let Some(path) = ban.paths.iter().find(|path| stands_for(path, &mention.path)) else { continue };
            let waivable = ban.waivable.iter().any(|place| source.path.starts_with(place));
            if waivable && is_waived(source, mention.offset, ban.rule) {
                continue;
            }
            let mut remedy = ban.remedy.to_owned();
            if waivable {
                remedy.push_str(&format!(", or say why not in a comment `// tidy: {}: REASON`", ban.rule));
            }
            findings.push(source.finding(mention.offset, format!("`{path}` has no place here"), remedy));
        }
    }
    // A use declaration and a glob can both lead to the same place.
    findings.dedup();
    findings
}

fn holds(ban: &Ban, path: &str) -> bool {
    ban.within.iter().any(|place| path.starts_with(place)) && !ban.homes.iter().any(|home| path.starts_with(home.path))
}

fn stands_for(ban: &str, path: &[String]) -> bool {
    let mut words = path.iter();
    ban.split("::").all(|word| words.next().is_some_and(|found| found == word))
}

fn banned_words(source: &Source) -> Vec<Finding> {
    let tokens = source.tokens();
    let mut findings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1).map_or("", |next| next.text);
        let before = index.checked_sub(1).map_or("", |index| tokens[index].text);
        if token.text == "unsafe" && !source.path.starts_with("crates/legion-process/") {
            findings.push(source.finding(
                token.start,
                "unsafe code",
                "only legion-process may have it; use what it offers",
            ));
        }
        if next == "!" && UNFINISHED.contains(&token.text) {
            findings.push(source.finding(token.start, format!("`{}!`", token.text), "finish it or delete it"));
        }
        if token.text == "unwrap" && before == "." && next == "(" && source.is_shipped(token.start) {
            findings.push(source.finding(
                token.start,
                "`unwrap`",
                "return the error, or `expect(\"why it cannot happen\")`",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        inspect(&Source::new(path, text.to_owned())).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_home_says_why() {
        for home in BANS.iter().flat_map(|ban| ban.homes) {
            assert!(home.why.len() > 8, "{} has no reason", home.path);
        }
    }

    #[test]
    fn the_clock_is_read_at_home_only() {
        let text = "use std::time::Instant;\nfn f() { Instant::now(); }";
        let found = findings("crates/legion-engine/src/keeper.rs", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/legion-engine/src/keeper.rs:2: `std::time::Instant::now`"), "{found:?}");
        assert!(findings("crates/legion-runtime/src/clock.rs", text).is_empty());
        assert!(findings("crates/legion-engine/tests/keeper.rs", text).is_empty());
        assert!(findings("crates/legion-testkit/src/wait.rs", text).is_empty());
        assert!(
            findings(
                "crates/legion-engine/src/keeper.rs",
                "#[cfg(test)] mod tests { fn f() { std::time::Instant::now(); } }"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_waiver_counts_where_the_ban_allows_one() {
        let text = "// tidy: clock: shown to a person only\nlet now = jiff::Timestamp::now();";
        assert!(findings("crates/legion-cli/src/watch.rs", text).is_empty());
        assert_eq!(findings("crates/legion-engine/src/keeper.rs", text).len(), 1);
    }

    #[test]
    fn processes_start_in_one_crate() {
        let text = "use std::process::Command;\nfn f() { Command::new(x); }";
        assert_eq!(findings("crates/legion-cli/src/a.rs", text).len(), 2);
        assert!(findings("crates/legion-process/src/a.rs", text).is_empty());
        assert!(
            findings(
                "crates/legion-cli/src/a.rs",
                "use clap::Command;\nfn f() { Command::new(x); std::process::id(); }"
            )
            .is_empty()
        );
    }

    #[test]
    fn each_thing_with_a_home_is_refused_elsewhere() {
        for code in [
            "use rusqlite::Connection;",
            "use rmcp::ServerHandler;",
            "fn f() { tokio::spawn(g()); }",
            "use tokio::task; fn f() { task::spawn(g()); }",
            "fn f() { std::thread::Builder::new(); }",
            "fn f() { std::env::var_os(x); }",
            "fn f() { tokio::process::Command::new(x); }",
        ] {
            assert_eq!(findings("crates/legion-engine/src/a.rs", code).len(), 1, "{code}");
        }
        assert!(
            findings("crates/legion-engine/src/a.rs", "fn f() { tokio::task::spawn_blocking(g); scope.spawn(h); }")
                .is_empty()
        );
    }

    #[test]
    fn the_model_is_pure() {
        for code in [
            "use std::fs;",
            "fn f() { uuid::Uuid::now_v7(); }",
            "use tokio::sync::mpsc;",
            "use uuid::Uuid; fn f() { Uuid::new_v4(); }",
        ] {
            assert_eq!(findings("crates/legion-model/src/a.rs", code).len(), 1, "{code}");
        }
        assert!(findings("crates/legion-agents/src/a.rs", "use std::fs;").is_empty());
    }

    #[test]
    fn unsafe_and_unfinished_code_is_refused_and_words_about_it_are_not() {
        assert_eq!(findings("crates/legion-api/src/a.rs", "fn f() { unsafe { g() } }").len(), 1);
        assert!(findings("crates/legion-process/src/a.rs", "fn f() { unsafe { g() } }").is_empty());
        assert_eq!(findings("crates/legion-api/tests/a.rs", "fn f() { todo!() }").len(), 1);
        assert_eq!(findings("crates/legion-api/src/a.rs", "fn f() { x.unwrap(); }").len(), 1);
        assert!(findings("crates/legion-api/tests/a.rs", "fn f() { x.unwrap(); }").is_empty());
        assert!(
            findings("crates/legion-api/src/a.rs", "// unsafe todo!()\nfn f() { g(\"todo!() unsafe\").unwrap_or(1); }")
                .is_empty()
        );
    }
}
