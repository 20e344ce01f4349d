//! `legion doctor`: about the tiers what works, why not, and how to mend it; about what hangs that it does, in time.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use legion_testkit::npm::Skip;
use serde_json::{Value, json};

use crate::support::{Legion, PATIENCE, kill, text};

/// As a bubblewrap says that is older than what is asked of it.
const TOO_OLD: &str = "#!/bin/sh\necho 'bwrap: Unknown option --disable-userns' >&2\nexit 1\n";

/// What it says about one thing.
fn probe(doctor: &Output, name: &str) -> Value {
    let out = text(&doctor.stdout);
    let probes: Value =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{}", text(&doctor.stderr)));
    let found = probes.as_array().expect("a list").iter().find(|probe| probe["name"] == name);
    found.unwrap_or_else(|| panic!("nothing is said of `{name}`: {probes}")).clone()
}

/// About each tier, from the strongest to none.
fn tiers(doctor: &Output) -> [Value; 3] {
    ["tier full", "tier landlock", "tier none"].map(|name| probe(doctor, name))
}

fn words(probe: &Value, field: &str) -> String {
    probe[field].as_str().unwrap_or_default().to_owned()
}

/// It works and says what that means, or says why not and what to do.
fn is_told_whole(probe: &Value) {
    let (detail, fix) = (words(probe, "detail"), words(probe, "fix"));
    if probe["verdict"] == "ok" {
        assert!(detail.starts_with("works: ") && detail.contains("attempts held"), "{probe}");
    } else {
        assert!(detail.len() > 20 && fix.len() > 10, "{probe}");
    }
}

#[test]
fn each_tier_is_told_with_what_works_why_not_and_how_to_mend_it() {
    let legion = Legion::new();
    let [full, landlock, none] = tiers(&legion.run(&["doctor", "--json"]));
    is_told_whole(&full);
    is_told_whole(&landlock);
    // Nothing is enforced in it: it works wherever there is a user, and is said to be asked for by name only.
    assert_eq!(none["verdict"], "ok");
    assert!(words(&none, "detail").contains("only when asked for by name"), "{none}");
    let works = ["full", "landlock"].into_iter().zip([&full, &landlock]).find(|(_, probe)| probe["verdict"] == "ok");
    let strongest = works.map_or("no other works here".to_owned(), |(tier, _)| format!("`{tier}` works here"));
    assert!(words(&none, "detail").contains(&strongest), "{none}");
    // In words for a person too, with the hint on a line of its own.
    let said = text(&legion.run(&["doctor"]).stdout);
    for tier in ["tier full", "tier landlock", "tier none", "resources"] {
        assert!(said.lines().any(|line| line.contains(tier)), "{said}");
    }
}

/// Runs it where another program lies in the place of bubblewrap.
fn with_bubblewrap(legion: &Legion, program: &str) -> Result<Output, Skip> {
    let place =
        ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].into_iter().find(|path| std::path::Path::new(path).is_file());
    let Some(place) = place else {
        return Err(Skip::new("there is no bubblewrap to put another in the place of".to_owned()));
    };
    let other = executable(legion, "other-bwrap", program);
    // A mount that only this command sees.
    let line =
        format!("mount --bind {} {place} && exec {} doctor --json", other.display(), env!("CARGO_BIN_EXE_legion"));
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", &line]).env_clear().envs(&legion.env).current_dir(legion.work());
    match command.output() {
        Ok(output) if output.stdout.is_empty() => Err(Skip::new(format!("cannot mount: {}", text(&output.stderr)))),
        Ok(output) => Ok(output),
        Err(error) => Err(Skip::new(format!("cannot mount: {error}"))),
    }
}

#[test]
fn a_bubblewrap_that_hangs_is_given_up_and_one_that_is_refused_is_told_with_the_cure() {
    let legion = Legion::new();
    let Ok(hangs) = with_bubblewrap(&legion, "#!/bin/sh\nexec sleep 3600\n") else { return };
    // It ended though the other would have gone on for an hour.
    let [full, landlock, none] = tiers(&hangs);
    assert_eq!(full["verdict"], "warning", "{full}");
    assert!(words(&full, "detail").contains("within 2.5s, and was given up: bubblewrap hangs"), "{full}");
    assert!(words(&full, "fix").contains("by hand"), "{full}");
    // The others are tried beside it, and do not suffer from it.
    is_told_whole(&landlock);
    if landlock["verdict"] == "ok" {
        assert!(words(&none, "detail").contains("`landlock` works here"), "{none}");
    }
    // A machine that is too busy to try it in time says so; then it is asked again.
    let full = legion.until("it was tried in time", || {
        let [full, ..] = tiers(&with_bubblewrap(&legion, TOO_OLD).ok()?);
        (!words(&full, "detail").contains("given up") && !words(&full, "detail").contains("within")).then_some(full)
    });
    assert_eq!(
        (words(&full, "detail"), words(&full, "fix")),
        ("this bubblewrap is too old".to_owned(), "install bubblewrap 0.8 or newer".to_owned())
    );
}

/// What is looked at and can take its time.
const ASKED: [&str; 5] = ["git", "version", "login", "bubblewrap", "service"];

/// Programs and a service that answer only when all of them have been asked: one after the other none would.
struct Meeting {
    marks: PathBuf,
    bubblewrap: String,
}

impl Meeting {
    fn of(legion: &mut Legion) -> Self {
        let marks = legion.dir.dir("marks");
        std::fs::set_permissions(&marks, std::fs::Permissions::from_mode(0o777)).expect("it is ours");
        let all = ASKED.map(|name| format!("[ -e {}/{name} ]", marks.display())).join(" && ");
        let meet = |name: &str| format!(": > {}/{name}; until {all}; do sleep 0.02; done", marks.display());
        let git = format!("#!/bin/sh\n{}\necho git version 2.48.0\n", meet("git"));
        let claude = format!(
            "#!/bin/sh\ncase $1 in\n--version) {}; echo '2.1.329 (Claude Code)';;\nauth) {}; echo '{{\"loggedIn\": true}}';;\nesac\n",
            meet("version"),
            meet("login")
        );
        for (name, program) in [("git", git), ("claude", claude)] {
            executable(legion, &format!("programs/{name}"), &program);
        }
        legion.prepend_path(&legion.dir.path().join("programs"));
        let bubblewrap = format!("#!/bin/sh\n{}\n{TOO_OLD}", meet("bubblewrap"));
        let meeting = Self { marks, bubblewrap };
        meeting.serve(legion);
        meeting
    }

    /// Answers for the service as soon as all have been asked.
    fn serve(&self, legion: &mut Legion) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        legion.env.insert("LEGION_URL".to_owned(), url.clone());
        let body = json!({"pid": 1, "url": url, "version": "1", "started_at": "2026-01-01T00:00:00Z", "data_dir": "/"});
        let (marks, body) = (self.marks.clone(), body.to_string());
        std::thread::spawn(move || {
            // Each by itself: one that was given up must not hold up the next.
            for stream in listener.incoming().flatten() {
                let (marks, body) = (marks.clone(), body.clone());
                std::thread::spawn(move || answer(stream, &marks, &body));
            }
        });
    }

    fn forget(&self) {
        for name in ASKED {
            let _ = std::fs::remove_file(self.marks.join(name));
        }
    }
}

/// Says `body` when all have been asked.
fn answer(mut stream: TcpStream, marks: &Path, body: &str) {
    let _ = std::fs::write(marks.join("service"), "");
    let asked = Instant::now();
    while !ASKED.iter().all(|name| marks.join(name).exists()) && asked.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Whoever has given up is not there to hear it.
    let _ = stream.read(&mut [0; 4096]);
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close");
    let _ = write!(stream, "{head}\r\n\r\n{body}");
}

fn executable(legion: &Legion, name: &str, program: &str) -> PathBuf {
    let file = legion.dir.file(name, program);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    file
}

/// What is said of one thing.
fn said(doctor: &Output, name: &str) -> String {
    words(&probe(doctor, name), "detail")
}

#[test]
fn all_is_looked_at_at_the_same_time() {
    let mut legion = Legion::with(&[("LEGION_AUTH", "login")]);
    legion.dir.dir("home/.claude");
    let meeting = Meeting::of(&mut legion);
    legion.env.insert("LEGION_CLAUDE".to_owned(), legion.dir.path().join("programs/claude").display().to_string());
    // A machine that is too busy to begin all of it within the time of one answer says so; then it is asked again.
    legion.until("each was asked while the others were", || {
        meeting.forget();
        // Where nothing can be mounted it is skipped, and said to be.
        let Ok(doctor) = with_bubblewrap(&legion, &meeting.bubblewrap) else { return Some(()) };
        let answered = said(&doctor, "git") == "git version 2.48.0"
            && said(&doctor, "claude code") == "2.1.329 (Claude Code)"
            && probe(&doctor, "login of agents")["verdict"] == "ok"
            && said(&doctor, "tier full") == "this bubblewrap is too old"
            && said(&doctor, "service").starts_with("version 1 at ");
        answered.then_some(())
    });
}

#[test]
fn what_hangs_is_given_up_and_said_to_have_not_answered() {
    let mut legion = Legion::with(&[("LEGION_AUTH", "login")]);
    let hangs = executable(&legion, "scripts/claude", "#!/bin/sh\nexec sleep 3600\n");
    legion.env.insert("LEGION_CLAUDE".to_owned(), hangs.display().to_string());
    legion.dir.dir("home/.claude");
    // Somebody listens there, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let doctor = legion.run(&["doctor", "--json", "--url", &url]);
    // The bound is the code's, and what it says is what it waited: half a minute would be the patience of another call.
    assert!(said(&doctor, "claude code").contains("did not answer within 2.5s"), "{}", text(&doctor.stdout));
    assert!(said(&doctor, "login of agents").contains("is not known"), "{}", text(&doctor.stdout));
    assert!(said(&doctor, "service").contains("did not answer within 2.5s"), "{}", text(&doctor.stdout));
    // The service of the data directory, which is known by who holds it.
    legion.start();
    let pid = legion.service_pid();
    kill(pid, "STOP");
    let doctor = legion.run(&["doctor", "--json"]);
    kill(pid, "CONT");
    let service = probe(&doctor, "service");
    assert_eq!(service["verdict"], "failed", "{service}");
    assert!(words(&service, "detail").contains("does not answer"), "{service}");
    assert!(words(&service, "fix").contains(&format!("kill {pid}")), "{service}");
}
