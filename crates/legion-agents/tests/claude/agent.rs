//! One real Claude Code, started and spoken to by the driver.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use legion_agents::{Access, AgentEvent, Conversation, Driver, Launch, Login, Start, TurnOutcome, Usage};
use legion_model::{DriverKind, PermissionMode, Spec};
use legion_testkit::{ModelServer, TestDir, agent_env};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use uuid::Uuid;

use crate::record::record;

/// Enough for a program that needs a second, on a machine that is busy.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// What outlives a process: the model, the directories, the session.
pub struct Place {
    pub server: ModelServer,
    pub directory: TestDir,
    pub session: Uuid,
    pub spec: Spec,
    version: &'static str,
    program: PathBuf,
}

impl Place {
    pub async fn new(version: &'static str, program: PathBuf) -> Self {
        let directory = TestDir::new();
        let spec = Spec {
            driver: DriverKind::Claude,
            command: None,
            model: Some("claude-sonnet-4-5".to_owned()),
            cwd: directory.dir("work").display().to_string(),
            tools: None,
            permission_mode: PermissionMode::AcceptEdits,
            tier: legion_model::Tier::None,
            permissions: None,
            limits: Default::default(),
            on_restart: Default::default(),
            files: Vec::new(),
        };
        Self { server: ModelServer::start().await, directory, session: Uuid::new_v4(), spec, version, program }
    }

    pub fn launch(&self, prompt: (Uuid, &str)) -> Launch {
        let (home, temporary) = (self.directory.dir("home"), self.directory.dir("tmp"));
        let access = Access {
            url: "http://127.0.0.1:9".to_owned(),
            token: "secret-token".to_owned(),
            service_file: self.directory.path().join("service.json"),
            legion: PathBuf::from("/bin/false"),
        };
        let all = agent_env(&home, &self.server.url());
        let is_login = |name: &str| name.starts_with("ANTHROPIC_") || name.ends_with("_PROXY");
        let (login, base): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(name, _)| is_login(name));
        let base = base.into_iter().filter(|(name, _)| matches!(name.as_str(), "PATH" | "LANG")).collect();
        let start = Start {
            agent: self.session,
            name: "ann",
            parent: "root".to_owned(),
            level: 1,
            project: "test",
            run: Uuid::new_v4(),
            process: Uuid::new_v4(),
            spec: &self.spec,
            home: &home,
            temporary: &temporary,
            task_file: &temporary.join("task"),
            continues: false,
            message: None,
            introduction: "You are ann.",
            budget_dollars: None,
            access: &access,
            login: &Login::Env(login),
            base: &base,
            program: Some(&self.program),
            prompt: Some(prompt),
        };
        legion_agents::driver(DriverKind::Claude).launch(&start).unwrap()
    }

    /// Starts the program with a prompt.
    pub async fn start(&self, prompt: &str) -> Agent {
        self.start_as(Uuid::new_v4(), prompt).await
    }

    pub async fn start_as(&self, injection: Uuid, prompt: &str) -> Agent {
        let launch = self.launch((injection, prompt));
        let mut child = Command::new(&launch.program)
            .args(&launch.args)
            .env_clear()
            .envs(&launch.env)
            .current_dir(&launch.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let driver: &dyn Driver = legion_agents::driver(DriverKind::Claude);
        let home = self.directory.path().join("home");
        let conversation =
            driver.conversation(self.session, Path::new(&self.spec.cwd), &legion_agents::claude::config_dir(&home));
        let mut agent = Agent { child, stdin, lines, conversation, said: Vec::new(), events: Vec::new() };
        agent.write(Some(launch.first_input.unwrap().1)).await;
        agent
    }

    pub fn record(&self, case: &str, agent: &Agent) {
        record(self.version, case, self.directory.path(), &agent.said);
    }

    /// Returns the command that ends when the file `name` is in the working directory.
    pub fn wait_for(&self, name: &str) -> String {
        format!("while ! [ -e {name} ]; do sleep 0.05; done; echo found {name}")
    }
}

pub struct Agent {
    pub child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    pub conversation: Box<dyn Conversation>,
    /// All lines so far.
    said: Vec<String>,
    /// All events so far.
    pub events: Vec<AgentEvent>,
}

/// How a turn ended.
#[derive(Debug, PartialEq)]
pub struct Ended {
    pub outcome: TurnOutcome,
    pub text: String,
    pub error: Option<String>,
    pub usage: Usage,
    pub cost: Option<u64>,
    pub denials: Vec<String>,
}

impl Agent {
    pub async fn write(&mut self, line: Option<Vec<u8>>) {
        let line = line.expect("the driver can do this");
        self.stdin.as_mut().unwrap().write_all(&line).await.unwrap();
    }

    pub async fn say(&mut self, text: &str) -> Uuid {
        let injection = Uuid::new_v4();
        self.write(self.conversation.message(injection, text, false)).await;
        injection
    }

    pub async fn steer(&mut self, text: &str) -> Uuid {
        let injection = Uuid::new_v4();
        self.write(self.conversation.message(injection, text, true)).await;
        injection
    }

    /// Reads until an event that `pick` takes.
    pub async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&AgentEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the program ended; waited for: {what}"));
                let events = self.conversation.stdout_line(line.as_bytes());
                self.said.push(line);
                let found = events.iter().find_map(&mut pick);
                self.events.extend(events);
                if let Some(found) = found {
                    return found;
                }
            }
        };
        match tokio::time::timeout(DEADLINE, found).await {
            Ok(found) => found,
            Err(_) => panic!("waited {DEADLINE:?} for: {what}\n{}", self.said.join("\n")),
        }
    }

    pub async fn turn_ends(&mut self) -> Ended {
        self.until("the end of the turn", |event| match event {
            AgentEvent::TurnEnded { outcome, text, error, usage, cost_total, denials, .. } => Some(Ended {
                outcome: *outcome,
                text: text.clone(),
                error: error.clone(),
                usage: *usage,
                cost: cost_total.map(|cost| cost.0),
                denials: denials.clone(),
            }),
            _ => None,
        })
        .await
    }

    pub async fn sees(&mut self, injection: Uuid) {
        let seen = AgentEvent::InputSeen { injection };
        self.until("the echo of a message", |event| (*event == seen).then_some(())).await;
    }

    pub async fn calls(&mut self, tool: &str) -> String {
        self.until("a tool call", |event| match event {
            AgentEvent::ToolCall { id, name, .. } if name == tool => Some(id.clone()),
            _ => None,
        })
        .await
    }

    pub async fn is_asked(&mut self) -> (String, Value) {
        self.until("a permission request", |event| match event {
            AgentEvent::ApprovalWanted { request, input, .. } => Some((request.clone(), input.clone())),
            _ => None,
        })
        .await
    }

    /// Asks, and waits for the answer: everything written before has then been read.
    pub async fn answers_a_probe(&mut self) {
        let asked = Uuid::new_v4();
        self.write(self.conversation.probe(asked)).await;
        self.is_answered(asked).await;
    }

    pub async fn is_answered(&mut self, asked: Uuid) {
        let ok = self
            .until("the answer to a request", |event| match event {
                AgentEvent::ControlAnswered { request, ok, .. } if *request == asked.to_string() => Some(*ok),
                _ => None,
            })
            .await;
        assert!(ok);
    }

    pub async fn interrupt(&mut self) {
        let asked = Uuid::new_v4();
        self.write(self.conversation.interrupt(asked)).await;
        self.is_answered(asked).await;
    }

    /// Ends the standard input and returns the exit code. What is said meanwhile is read.
    pub async fn end(&mut self) -> Option<i32> {
        drop(self.stdin.take());
        let rest = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.events.extend(self.conversation.stdout_line(line.as_bytes()));
                self.said.push(line);
            }
            self.child.wait().await.unwrap().code()
        };
        tokio::time::timeout(DEADLINE, rest).await.expect("ends when its input does")
    }

    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
