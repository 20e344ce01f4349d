//! Plans, gates, names and repositories that cannot be worked with: a clear sentence each, with its exit code, and nothing happens.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Legion, text};
use crate::{kit, small};

/// A command line, its exit code, and words of what it must say.
type Bad<'a> = (&'a [&'a str], i32, &'a [&'a str]);

fn each_is_refused(legion: &Legion, dir: &Path, cases: &[Bad<'_>]) {
    for (args, code, words) in cases {
        let mut command = legion.command(args);
        let output = command.current_dir(dir).output().expect("run");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        println!("{} {args:?}: {}", output.status.code().unwrap_or(-1), said.trim());
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {said}\n{}", legion.service_log());
        for word in *words {
            assert!(said.contains(word), "{args:?} does not say `{word}`: {said}");
        }
    }
}

fn project(legion: &Legion) {
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    legion.ok(&["init"]);
}

#[test]
fn a_plan_with_faults_is_refused_with_all_of_them() {
    let legion = Legion::new();
    project(&legion);
    let with = |head: &str, tickets: &[&str]| {
        let ticket = |lines: &&str| format!("[[ticket]]\ntitle = \"t\"\n{}\n", lines.replace("; ", "\n"));
        format!("{head}\n{}", tickets.iter().map(ticket).collect::<String>())
    };
    let good = "[defaults]\ncriteria = [\"x\"]\ncommand = \"true\"\n";
    let cases = [
        (with(good, &["id = \"a\"; after = [\"b\"]"]), &["`a`", "`b`"][..]),
        (with(good, &["id = \"schema\"", "id = \"x\"; after = [\"shema\"]"]), &["`shema`", "`schema`"]),
        (
            with(good, &["id = \"a\"; after = [\"c\"]", "id = \"b\"; after = [\"a\"]", "id = \"c\"; after = [\"b\"]"]),
            &["`a`", "`b`", "`c`", "→"],
        ),
        (with(good, &["id = \"a\"; after = [\"a\"]"]), &["`a`", "itself"]),
        (with(good, &["id = \"a\"", "id = \"a\""]), &["`a`", "both have this `id`"]),
        (with("[defaults]\ncommand = \"true\"\n", &["id = \"bare\""]), &["`bare`", "criteria"]),
        (with(good, &["id = \"a\"; checkpoint = true"]), &["`a`", "gate"]),
        (with("[session]\nname = \"--output=x\"\n[defaults]\ncriteria = [\"x\"]\n", &["id = \"a\""]), &["--output=x"]),
        (
            with("[session]\ntarget = \"--output=x\"\n[defaults]\ncriteria = [\"x\"]\n", &["id = \"a\""]),
            &["--output=x"],
        ),
        (with("[session]\nfrom = \"--output=x\"\n[defaults]\ncriteria = [\"x\"]\n", &["id = \"a\""]), &["--output=x"]),
        (with(good, &["id = \"-a\""]), &["-a"]),
        (with(good, &["id = \"a\"; files = [\"[\"]"]), &["`[`"]),
        ("[[ticket]\n".to_owned(), &["plan.toml:1"]),
        (good.to_owned(), &["ticket"]),
    ];
    for (plan, words) in &cases {
        let file = small::plan(&legion, plan);
        each_is_refused(
            &legion,
            &legion.work(),
            &[(&["run", &file], 2, words), (&["run", &file, "--detach"], 2, words)],
        );
    }
    each_is_refused(&legion, &legion.work(), &[(&["run", "no-such-plan.toml"], 2, &["no-such-plan.toml"])]);
    assert_eq!(small::tickets(&legion.json(&["check"])).len(), 0, "nothing was dispatched");
    println!("{} bad plans: each refused with its faults", cases.len());
}

#[test]
fn names_that_look_like_flags_are_names_or_refused() {
    let legion = Legion::new();
    project(&legion);
    let work = legion.work();
    let cases: &[Bad<'_>] = &[
        (&["land", "--into=--output=x"], 2, &["--output=x"]),
        (&["land", "--into=-x"], 2, &["-x"]),
        (&["land", "--into", "a..b"], 2, &["a..b"]),
        (&["land", "--into", "HEAD"], 2, &["HEAD"]),
        (&["sessions", "new", "--", "--force"], 2, &["--force"]),
        (&["sessions", "new", "--", "-x"], 2, &["-x"]),
        (&["sessions", "new", "a/b"], 2, &["a/b"]),
        (&["sessions", "new", "x", "--from=--output=x"], 2, &["--output=x"]),
        (&["sessions", "new", "x", "--from=no-such-branch"], 2, &["no-such-branch"]),
        (&["init", "--session=--output=x"], 2, &["--output=x"]),
        (&["sync", "--output=x"], 2, &["--output"]),
        (&["land", "--session", "nobody"], 12, &["nobody"]),
        (&["why", "99"], 12, &["99"]),
        (&["undelete", "99"], 12, &["99"]),
        (&["stop", "99"], 12, &["99"]),
        (&["dispatch", "-k", "x", "--command", "true", "--after", "99", "work"], 12, &["99"]),
    ];
    let before = crate::tickets::photograph(&work);
    each_is_refused(&legion, &work, cases);
    assert_eq!(crate::tickets::photograph(&work), before);
    assert!(!work.join("x").exists());
    let branches = kit::git(&work, &["for-each-ref", "--format=%(refname)", "refs/heads"]);
    assert_eq!(branches, "refs/heads/main", "no branch was made");
}

#[test]
fn repositories_that_cannot_be_worked_with_are_refused_in_a_sentence() {
    let legion = Legion::new();
    legion.start();
    let at = |name: &str| legion.dir.dir(format!("repositories/{name}"));
    let refused = |dir: &Path, words: &[&str]| {
        each_is_refused(&legion, dir, &[(&["init"], 9, words)]);
        assert!(!dir.join("legion.toml").exists(), "nothing is written into `{}`", dir.display());
    };
    refused(&at("plain"), &["no git repository", "git init"]);
    let empty = at("empty");
    kit::git(&empty, &["init", "--quiet"]);
    refused(&empty, &["no commit yet", "git commit"]);
    let origin = at("origin");
    small::make(&origin, &[("README", "hello\n"), ("src/a", "a\n"), ("docs/b", "b\n")]);
    kit::git(&origin, &["commit", "--quiet", "--allow-empty", "--message", "More"]);
    refused(&origin.join(".git"), &["repository's own files"]);
    let url = format!("file://{}", origin.display());
    let bare = at("bare");
    kit::git(&bare, &["clone", "--quiet", "--bare", &url, "."]);
    refused(&bare, &["bare"]);
    let shallow = at("shallow");
    kit::git(&shallow, &["clone", "--quiet", "--depth", "1", &url, "."]);
    refused(&shallow, &["shallow", "git fetch --unshallow"]);
    let modules = at("modules");
    small::make(&modules, &[("README", "hello\n")]);
    kit::git(&modules, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "vendor/lib"]);
    kit::git(&modules, &["commit", "--quiet", "--message", "A submodule"]);
    refused(&modules, &["submodule", "vendor/lib"]);
    let lfs = at("lfs");
    small::make(&lfs, &[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), ("README", "hello\n")]);
    refused(&lfs, &["lfs", ".gitattributes"]);
}

#[test]
fn repositories_of_unusual_kinds_are_worked_in_and_left_as_they_are() {
    let legion = Legion::new();
    legion.start();
    let at = |name: &str| legion.dir.dir(format!("repositories/{name}"));
    let done = |name: &str, dir: &Path| {
        let run = |args: &[&str]| {
            let output = legion.command(args).current_dir(dir).output().expect("run");
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "{name}: legion {args:?}: {said}\n{}", legion.service_log());
            said
        };
        let said = run(&["init"]);
        let before = crate::tickets::photograph(dir);
        let number = run(&[
            "dispatch",
            "-k",
            "x",
            "--gate",
            "test -e made",
            "--command",
            "sh -c 'cat > /dev/null; echo x > made'",
            "make it",
        ]);
        let number = number.lines().last().expect("a number").trim().to_owned();
        legion.until("it is merged", || run(&["why", &number]).contains("is merged").then_some(()));
        run(&["land", "--into", "result"]);
        assert_eq!(crate::tickets::photograph(dir), before, "{name}: the checkout was touched");
        assert!(kit::git(dir, &["ls-tree", "-r", "--name-only", "result"]).contains("made"), "{name}");
        println!("{name}: worked in");
        said
    };
    let make = |name: &str| {
        let dir = at(name);
        small::make(&dir, &[("README", "hello\n"), ("src/a", "a\n"), ("docs/b", "b\n")]);
        kit::git(&dir, &["commit", "--quiet", "--allow-empty", "--message", "More"]);
        dir
    };
    let detached = make("detached");
    kit::git(&detached, &["checkout", "--quiet", "--detach", "HEAD~1"]);
    done("detached HEAD", &detached);
    let sparse = make("sparse");
    kit::git(&sparse, &["sparse-checkout", "set", "src"]);
    assert!(!sparse.join("docs").exists());
    done("sparse checkout", &sparse);
    let main = make("main");
    let linked = legion.dir.path().join("repositories/linked");
    kit::git(&main, &["worktree", "add", "--quiet", "-b", "side", linked.to_str().expect("UTF-8")]);
    done("linked work tree", &linked);
    let clash = at("clash");
    small::make(&clash, &[("README", "one\n"), ("readme", "two\n")]);
    let said = done("case clash", &clash);
    assert!(said.contains("README") && said.contains("readme") && said.contains("ignores case"), "{said}");
    let sha256 = at("sha256");
    kit::git(&sha256, &["init", "--quiet", "--object-format=sha256"]);
    small::make(&sha256, &[("README", "hello\n")]);
    done("SHA-256", &sha256);
    let odd = at("odd name ünï");
    small::make(&odd, &[("README", "hello\n")]);
    kit::git(&odd, &["checkout", "--quiet", "-b", "feature/ünï#1"]);
    done("odd names", &odd);
}

#[test]
fn a_gate_that_hangs_or_is_not_there_is_told_plainly() {
    let legion = Legion::new();
    project(&legion);
    let dispatch = |more: &[&str]| {
        let args = [
            "dispatch",
            "-k",
            "x",
            "--max-attempts",
            "1",
            "--command",
            "sh -c 'cat > /dev/null; date +%N > made'",
            "make it",
        ];
        legion.ok(&[&args[..], more].concat()).trim().to_owned()
    };
    let hangs = dispatch(&["--gate", "sleep 1000", "--gate-timeout", "1"]);
    let missing = dispatch(&["--gate", "no-such-program --check"]);
    let spawns = dispatch(&["--gate", "sh -c 'setsid sleep 1000 & sleep 1000'", "--gate-timeout", "1"]);
    legion.until("all have failed", || {
        small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
    });
    for (ticket, words) in [
        (&hangs, &["`sleep 1000`", "did not end within 1 s"][..]),
        (&missing, &["`no-such-program --check`", "no such command"]),
        (&spawns, &["did not end within 1 s"]),
    ] {
        let why = legion.ok(&["why", ticket]);
        assert!(words.iter().all(|word| why.contains(word)), "{words:?}: {why}");
        println!("{}", why.trim());
    }
    let data = legion.dir.path().join("data");
    legion.until("no gate is left", || small::processes_below(&data).is_empty().then_some(()));
}

/// A plan of this many tickets: chains of ten.
fn many(count: usize) -> String {
    let mut plan =
        "[session]\nworkers = 8\n[defaults]\ngate = \"true\"\ncommand = [\"sh\", \"-c\", \"cat > /dev/null; echo x > made-$LEGION_SESSION_ID\"]\n"
            .to_owned();
    for number in 0..count {
        let after = if number % 10 == 0 { String::new() } else { format!("after = [\"t{}\"]\n", number - 1) };
        plan.push_str(&format!("\n[[ticket]]\nid = \"t{number}\"\ntitle = \"ticket {number}\"\n{after}"));
    }
    plan
}

#[test]
fn ten_thousand_tickets_are_taken_and_looked_at_soak() {
    let legion = Legion::new();
    project(&legion);
    let too_many = small::plan(&legion, &many(10_001));
    let error = legion.fails(2, &["run", &too_many, "--detach"]);
    assert!(error.contains("10,000") || error.contains("10000"), "{error}");
    let soak = std::env::var_os("LEGION_SOAK").is_some();
    let started = Instant::now();
    legion.ok(&["run", &small::plan(&legion, &many(10_000)), "--detach"]);
    let taken = started.elapsed();
    let started = Instant::now();
    legion.ok(&["check"]);
    let looked = started.elapsed();
    println!("10,000 tickets: taken in {taken:.1?}, `legion check` in {looked:.1?} while it works");
    assert!(taken < Duration::from_secs(60) && looked < Duration::from_secs(20), "{taken:?} {looked:?}");
    if soak {
        let started = Instant::now();
        let done = |count: &mut usize| {
            let tickets = small::tickets(&legion.json(&["check"]));
            *count = tickets.values().filter(|ticket| ticket["status"] == "done").count();
            tickets.values().all(small::is_closed)
        };
        let mut count = 0;
        while !done(&mut count) {
            assert!(started.elapsed() < Duration::from_secs(3 * 3_600), "{count} are done");
            std::thread::sleep(Duration::from_secs(10));
        }
        assert_eq!(count, 10_000);
        println!("10,000 tickets merged in {:.0?}", started.elapsed());
    } else {
        legion.ok(&["stop", "all"]);
        assert_eq!(small::tickets(&legion.json(&["check"])).len(), 10_000);
        legion.until_long("all are stopped", || {
            legion.json(&["check"])["tickets"]
                .as_array()
                .is_some_and(|list| list.iter().all(small::is_closed))
                .then_some(())
        });
    }
}
