//! A real repository with an open session, for tests of tickets.

use http::Method;
use legion_api::paths;
use legion_git::{Git, PersonRepo};
use legion_model::Organisation;
use legion_model::tickets::{Stage, TicketId};
use serde_json::{Value, json};

use crate::support::{Ask, Bench, PATIENCE, SLEEPER, Worker, bench};

/// The person's repository, as the project of a session `s`.
pub struct Repo {
    pub bench: Bench,
    /// Its directory.
    pub dir: String,
    /// The commit that the session began with.
    pub base: String,
}

/// A repository with one file, and a session `s` with one worker on it.
pub async fn repo() -> Repo {
    repo_with(&[]).await
}

/// The same with more files.
pub async fn repo_with(files: &[(&str, &str)]) -> Repo {
    let bench = bench().await;
    bench.directory.file("person/README.md", "hello\n");
    for (path, content) in files {
        bench.directory.file(format!("person/{path}"), content);
    }
    let dir = bench.directory.repo("person").canonicalize().expect("a path").to_str().expect("UTF-8").to_owned();
    let mut repo = Repo { bench, dir, base: String::new() };
    let (commit, bundle) = repo.bundle("HEAD").await;
    let open =
        json!({ "name": "s", "commit": commit, "branch": "main", "bundle": bundle, "settings": { "workers": 1 } });
    let opened = repo.post(paths::SESSIONS, &open).expect(201).await;
    assert_eq!((&opened["tip"], &opened["current"]), (&json!(commit), &json!(true)));
    repo.base = commit;
    repo
}

impl Repo {
    /// The path with the project in its query.
    pub fn at(&self, path: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}project={}", self.dir)
    }

    pub fn get(&self, path: &str) -> Ask {
        self.bench.get(self.at(path))
    }

    pub fn post(&self, path: &str, body: &Value) -> Ask {
        self.bench.post(self.at(path), body)
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask {
        self.bench.ask(method, self.at(path))
    }

    /// A commit of the person's, and a bundle with it where the service takes them from.
    pub async fn bundle(&self, revision: &str) -> (String, String) {
        let opened = self.post(paths::REPOSITORY, &json!({})).expect(200).await;
        assert_eq!(opened["project"], json!(self.dir));
        let git = Git::find("/usr/local/bin:/usr/bin:/bin".as_ref()).await.expect("git is installed");
        let person = PersonRepo::discover(git, self.dir.as_ref()).await.expect("a repository");
        let tip = person.resolve(revision).await.expect("git works").expect("a commit");
        let bundle = format!("{}/{tip}.bundle", opened["import_dir"].as_str().expect("a path"));
        person.bundle(&tip, &[], bundle.as_ref()).await.expect("a bundle");
        (tip.to_string(), bundle)
    }

    /// A ticket whose agent is this shell script.
    pub fn ticket(&self, title: &str, script: &str) -> Value {
        json!({
            "title": title,
            "prompt": format!("do {title}"),
            "criteria": "it is there",
            "gate": "true",
            "command": ["sh", "-c", script],
            "timeout": "5m",
        })
    }

    /// Dispatches one ticket, and gives its number.
    pub async fn dispatch(&self, ticket: &Value) -> u64 {
        let done = self.post(paths::TICKETS, ticket).expect(201).await;
        assert_eq!(done["session"], json!("s"));
        done["tickets"][0].as_u64().expect("a number")
    }

    /// Dispatches a ticket whose agent works until it is ended, and waits until it does: the only worker is busy with it, so that
    /// everything else waits and the log stands still.
    pub async fn busy(&self) -> (u64, Worker) {
        let number = self.dispatch(&self.ticket("busy", SLEEPER)).await;
        (number, self.agent_at_work(number).await)
    }

    /// The agent of a ticket, once it is at work.
    pub async fn agent_at_work(&self, number: u64) -> Worker {
        let id = ticket_id(number);
        let running = move |state: &Organisation| {
            let attempt = state.board.tickets.get(&id)?.attempt()?;
            (attempt.stage == Stage::Running).then_some(attempt.agent?)
        };
        let agent = self.until("its agent to run", running).await;
        self.bench.at_work(&agent.to_string()).await
    }

    /// Waits until a ticket is closed, and gives it as it is then.
    pub async fn closed(&self, number: u64) -> Value {
        let id = ticket_id(number);
        let closed =
            move |state: &Organisation| state.board.tickets.get(&id).filter(|ticket| ticket.is_closed()).map(|_| ());
        self.until("it to be closed", closed).await;
        self.get(&format!("/v1/tickets/{number}")).expect(200).await
    }

    pub async fn until<T: Send + 'static>(
        &self,
        what: &str,
        look: impl FnMut(&Organisation) -> Option<T> + Send + 'static,
    ) -> T {
        let engine = &self.bench.engine;
        let (project, _) =
            engine.projects().into_iter().find(|(_, path)| *path == self.dir).expect("the project is there");
        let found = engine.until(project, PATIENCE, look).await.expect("the engine lives");
        match found {
            Some(found) => found,
            None => panic!("waited for {what}: {:#}", self.get(paths::TICKETS).expect(200).await),
        }
    }

    /// An agent in this project that works until it is ended.
    pub async fn member(&self, name: &str, parent: Option<&str>) -> Worker {
        let mut hire = self.bench.hiring(name, SLEEPER);
        hire["cwd"] = json!(self.dir);
        if let Some(parent) = parent {
            hire["parent"] = json!(parent);
        }
        let hired = self.bench.post(paths::AGENTS, &hire).expect(201).await;
        self.bench.at_work(hired["id"].as_str().expect("an id")).await
    }

    /// Stops all tickets, and ends the engine.
    pub async fn end(self) {
        self.post(paths::TICKETS_STOP, &json!({})).expect(200).await;
        self.bench.end().await;
    }
}

pub fn ticket_id(number: u64) -> TicketId {
    TicketId(u32::try_from(number).expect("a number of a ticket"))
}
