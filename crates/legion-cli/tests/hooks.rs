//! The program from its arguments to its exit code, as far as it needs no service.

use std::{
    cell::RefCell,
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{ExitCode, Output},
    time::Duration,
};

use legion_cli::{Environment, Hooks, Listen, Look, Probe, ServeArgs, StartedService, Verdict};

/// Writes down what it is asked to do, and does none of it.
#[derive(Default)]
struct Notes {
    served: RefCell<Vec<ServeArgs>>,
    started: RefCell<Vec<ServeArgs>>,
    shims: RefCell<Vec<Vec<OsString>>>,
    healthy: bool,
}

impl Hooks for Notes {
    fn serve(&self, args: &ServeArgs) -> ExitCode {
        self.served.borrow_mut().push(args.clone());
        ExitCode::from(3)
    }
    fn start_detached(&self, args: &ServeArgs) -> Result<Box<dyn StartedService>, String> {
        self.started.borrow_mut().push(args.clone());
        Err("this test starts nothing".to_owned())
    }
    fn shim(&self, arguments: &[OsString]) -> ExitCode {
        self.shims.borrow_mut().push(arguments.to_vec());
        ExitCode::from(9)
    }
    fn openapi(&self) -> String {
        "{}".to_owned()
    }
    fn doctor<'a>(&'a self, data_dir: &'a Path) -> Look<'a> {
        let detail = data_dir.display().to_string();
        let probe = Probe { name: "data directory".to_owned(), verdict: Verdict::of(self.healthy), detail, fix: None };
        Box::pin(async { vec![probe] })
    }
    fn claude(&self) -> Vec<Probe> {
        let detail = "there is no program `claude` on PATH".to_owned();
        vec![Probe { name: "claude code".to_owned(), verdict: Verdict::Note, detail, fix: None }]
    }
    fn run(&self, _: &OsStr, _: &[&OsStr], _: &Path, _: Duration) -> io::Result<Output> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn legion(hooks: &Notes, line: &str, data_dir: &Path) -> ExitCode {
    let variables = [("LEGION_DATA_DIR".into(), data_dir.into())];
    let words = std::iter::once("legion").chain(line.split_whitespace()).map(OsString::from);
    legion_cli::main(hooks, words, &Environment::new(variables, "/somewhere".into()))
}

#[test]
fn serve_is_handed_to_the_binary_with_its_exit_code() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(legion(&hooks, "serve", folder.path()), ExitCode::from(3));
    assert_eq!(legion(&hooks, "serve --port 7000 --data-dir d", folder.path()), ExitCode::from(3));
    legion(&hooks, "serve --listen 127.0.0.1:1 --listen [::1]:2", folder.path());
    let served = hooks.served.into_inner();
    assert_eq!(served[0], ServeArgs { listen: Listen::Default, data_dir: folder.path().to_owned(), tier: None });
    let port = Listen::At(vec!["127.0.0.1:7000".parse().unwrap()]);
    assert_eq!(served[1], ServeArgs { listen: port, data_dir: "/somewhere/d".into(), tier: None });
    let both = Listen::At(vec!["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]);
    assert_eq!(served[2].listen, both);
}

#[test]
fn a_command_starts_the_service_when_none_runs() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    for line in ["status", "tree --json", "hire x", "wait a", "watch", "logs a"] {
        assert_eq!(legion(&hooks, line, folder.path()), ExitCode::from(4), "{line}");
    }
    let started = hooks.started.into_inner();
    assert_eq!(started.len(), 6);
    assert_eq!(started[0], ServeArgs { listen: Listen::Default, data_dir: folder.path().to_owned(), tier: None });
}

#[test]
fn a_stale_service_file_does_not_keep_the_service_from_being_started() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    // Port 1 of the loopback address: nothing listens there.
    let stale =
        r#"{"pid":1,"url":"http://127.0.0.1:1","version":"0","started_at":"2026-01-01T00:00:00Z","data_dir":"/"}"#;
    std::fs::write(folder.path().join("service.json"), stale).unwrap();
    assert_eq!(legion(&hooks, "status", folder.path()), ExitCode::from(4));
    assert_eq!(hooks.started.borrow().len(), 1);
}

#[test]
fn down_and_doctor_start_nothing() {
    let hooks = Notes { healthy: true, ..Notes::default() };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(legion(&hooks, "down", folder.path()), ExitCode::SUCCESS);
    assert_eq!(legion(&hooks, "doctor", folder.path()), ExitCode::SUCCESS);
    assert_eq!(legion(&Notes::default(), "doctor --json", folder.path()), ExitCode::from(1));
    assert!(hooks.started.borrow().is_empty());
}

#[test]
fn what_the_binary_does_alone_is_handed_on() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(legion(&hooks, "openapi", folder.path()), ExitCode::SUCCESS);
    assert_eq!(legion(&hooks, "shim --run x -- y", folder.path()), ExitCode::from(9));
    assert_eq!(hooks.shims.into_inner(), [["--run", "x", "--", "y"].map(OsString::from).to_vec()]);
}

#[test]
fn wrong_usage_is_exit_code_two_and_help_is_success() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    for line in ["", "nonsense", "hire", "tree --level top --json", "help nonsense"] {
        assert_eq!(legion(&hooks, line, folder.path()), ExitCode::from(2), "{line}");
    }
    for command in ["fire", "wait", "logs", "status", "interrupt", "approve", "deny"] {
        let words = ["legion", command, ""].map(OsString::from);
        let environment = Environment::new([("LEGION_DATA_DIR".into(), folder.path().into())], "/somewhere".into());
        assert_eq!(legion_cli::main(&hooks, words, &environment), ExitCode::from(2), "{command} nobody");
    }
    assert!(hooks.started.borrow().is_empty());
    for line in ["--help", "--version", "hire --help", "help", "help hire", "help sessions new"] {
        assert_eq!(legion(&hooks, line, folder.path()), ExitCode::SUCCESS, "{line}");
    }
}

#[test]
fn the_demo_with_real_agents_says_what_it_needs() {
    let hooks = Notes::default();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(legion(&hooks, "demo --driver claude", folder.path()), ExitCode::from(18));
    assert!(hooks.started.borrow().is_empty());
}
