//! What the driver `claude` executes, for each way to start.

use std::collections::BTreeMap;
use std::path::Path;

use legion_agents::{Access, DriverError, Launch, Login, Start};
use legion_model::{DriverKind, MicroUsd, PermissionMode, Spec};
use legion_testkit::TestDir;
use serde_json::Value;
use uuid::Uuid;

const AGENT: Uuid = Uuid::from_u128(7);
const INJECTION: Uuid = Uuid::from_u128(8);

fn spec() -> Spec {
    Spec {
        driver: DriverKind::Claude,
        command: None,
        model: None,
        cwd: "/w".to_owned(),
        tools: None,
        permission_mode: PermissionMode::AcceptEdits,
        tier: legion_model::Tier::None,
        permissions: None,
        limits: Default::default(),
        on_restart: Default::default(),
        files: Vec::new(),
    }
}

fn launch(spec: &Spec, home: &Path, login: &Login, program: Option<&Path>) -> Result<Launch, DriverError> {
    let access = Access {
        url: "http://127.0.0.1:6666".to_owned(),
        token: "secret-token".to_owned(),
        service_file: "/data/service.json".into(),
        legion: "/opt/$HOME/legion".into(),
    };
    let base = BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]);
    legion_agents::driver(DriverKind::Claude).launch(&Start {
        agent: AGENT,
        name: "ann",
        parent: "root".to_owned(),
        level: 1,
        project: "p",
        run: Uuid::nil(),
        process: Uuid::nil(),
        spec,
        home,
        temporary: Path::new("/tmp/t"),
        task_file: Path::new("/tmp/t/task"),
        continues: false,
        message: None,
        introduction: "--you are ann",
        budget_dollars: spec.limits.budget.map(MicroUsd::dollars),
        access: &access,
        login,
        base: &base,
        program,
        prompt: Some((INJECTION, "go")),
    })
}

fn env_login() -> Login {
    Login::Env(BTreeMap::from([("ANTHROPIC_API_KEY".to_owned(), "key".to_owned())]))
}

#[test]
fn a_first_start_has_these_arguments_and_no_secret_in_them() {
    let home = TestDir::new();
    let launch = launch(&spec(), home.path(), &env_login(), Some(Path::new("/bin/claude"))).unwrap();
    assert_eq!(launch.program, "/bin/claude");
    assert!(launch.keep_stdin_open);
    insta::assert_snapshot!(launch.args.join("\n"), @r#"
    -p
    --input-format=stream-json
    --output-format=stream-json
    --verbose
    --replay-user-messages
    --session-id=00000000-0000-0000-0000-000000000007
    --permission-mode=acceptEdits
    --permission-prompt-tool=stdio
    --allowedTools=mcp__legion
    --disallowedTools=AskUserQuestion,CronCreate,CronDelete,CronList,EnterWorktree,ExitWorktree,ListAgents,ScheduleWakeup,SendMessage
    --mcp-config={"mcpServers":{"legion":{"args":["mcp"],"command":"/opt/$HOME/legion","env":{"LEGION_SERVICE_FILE":"${LEGION_SERVICE_FILE}","LEGION_SESSION_ID":"${LEGION_SESSION_ID}","LEGION_TOKEN":"${LEGION_TOKEN}","LEGION_URL":"${LEGION_URL}"},"type":"stdio"}}}
    --strict-mcp-config
    --setting-sources=
    --disable-slash-commands
    --append-system-prompt=--you are ann
    "#);
    assert!(!launch.args.iter().any(|argument| argument.contains("secret") || argument.contains("127.0.0.1")));
    let (injection, line) = launch.first_input.unwrap();
    assert_eq!(injection, INJECTION);
    let line: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!((&line["uuid"], &line["message"]["content"]), (&INJECTION.to_string().into(), &"go".into()));
}

#[test]
fn limits_tools_and_a_session_file_change_the_arguments() {
    let home = TestDir::new();
    home.file(format!(".claude/projects/-w/{AGENT}.jsonl"), "{\"type\":\"user\"}\n");
    let mut spec = spec();
    spec.model = Some("claude-haiku-4-5".to_owned());
    spec.limits.turns = Some(5);
    spec.limits.budget = Some(MicroUsd(1_250_000));
    spec.permission_mode = PermissionMode::Plan;
    let tools = ["Read", "Bash", "Bash(git *)", "AskUserQuestion", "mcp__other__x"];
    spec.tools = Some(tools.into_iter().map(str::to_owned).collect());
    let launch = launch(&spec, home.path(), &env_login(), Some(Path::new("/bin/claude"))).unwrap();
    for expected in [
        format!("--resume={AGENT}"),
        "--model=claude-haiku-4-5".to_owned(),
        "--permission-mode=plan".to_owned(),
        "--tools=Bash,Read".to_owned(),
        "--allowedTools=mcp__legion,Bash(git *),mcp__other__x".to_owned(),
        "--max-turns=5".to_owned(),
        "--max-budget-usd=1.250000".to_owned(),
    ] {
        assert!(launch.args.contains(&expected), "{expected} in {:?}", launch.args);
    }
    assert!(!launch.args.iter().any(|argument| argument.starts_with("--session-id")));
}

#[test]
fn the_environment_is_built_from_nothing_and_from_the_login() {
    let home = TestDir::new();
    let program = Some(Path::new("/bin/claude"));
    let env = launch(&spec(), home.path(), &env_login(), program).unwrap().env;
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    ANTHROPIC_API_KEY
    CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC
    CLAUDE_CODE_MAX_RETRIES
    DISABLE_AUTOUPDATER
    DISABLE_ERROR_REPORTING
    DISABLE_TELEMETRY
    ENABLE_TOOL_SEARCH
    HOME
    LEGION_AGENT_NAME
    LEGION_CONTINUE
    LEGION_LEVEL
    LEGION_PARENT
    LEGION_PROJECT
    LEGION_RUN_ID
    LEGION_SERVICE_FILE
    LEGION_SESSION_ID
    LEGION_TASK_FILE
    LEGION_TOKEN
    LEGION_URL
    MCP_CONNECTION_NONBLOCKING
    PATH
    TMPDIR
    ");
    assert_eq!(env["HOME"], home.path().to_string_lossy());

    let base = ("ANTHROPIC_BASE_URL".to_owned(), "http://127.0.0.1:1".to_owned());
    let person = Login::Person {
        home: "/home/person".into(),
        config_dir: home.path().join("kept"),
        variables: BTreeMap::from([base]),
    };
    let launched = launch(&spec(), home.path(), &person, program).unwrap();
    assert_eq!(launched.env["HOME"], "/home/person");
    assert_eq!(launched.env["ANTHROPIC_BASE_URL"], "http://127.0.0.1:1");
    assert!(!launched.env.contains_key("ANTHROPIC_API_KEY"));
    // Its conversations are looked for where the person's configuration is.
    home.file(format!("kept/projects/-w/{AGENT}.jsonl"), "{\"type\":\"user\"}\n");
    let launched = launch(&spec(), home.path(), &person, program).unwrap();
    assert!(launched.args.contains(&format!("--resume={AGENT}")), "{:?}", launched.args);
}

#[test]
fn a_command_replaces_the_program_and_without_any_there_is_an_error() {
    let home = TestDir::new();
    let mut spec = spec();
    let error = launch(&spec, home.path(), &env_login(), None).unwrap_err();
    assert!(matches!(error, DriverError::NoProgram { driver: "claude" }));
    spec.command = Some(vec!["/bin/wrapper".to_owned(), "claude".to_owned()]);
    let launch = launch(&spec, home.path(), &env_login(), Some(Path::new("/bin/claude"))).unwrap();
    assert_eq!(
        (launch.program.as_str(), launch.args[0].as_str(), launch.args[1].as_str()),
        ("/bin/wrapper", "claude", "-p")
    );
}
