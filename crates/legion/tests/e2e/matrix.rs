//! Routes and budgets of real agents, whose programs call the gateway as it was told to them: whose call goes where, who pays for it,
//! and what stops it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use legion_testkit::ModelServer;
use serde_json::{Value, json};

use crate::small;
use crate::support::Legion;

const MODEL: &str = "claude-haiku-4-5";
/// A program that calls whenever it is asked to, by what Legion put into its environment, until it is told to stop.
const CALLER: &str = r#"
# Money that is used up ends the run: its program writes down what it was told before it goes.
trap '' INT TERM
desk=$1; number=0
echo "$LEGION_AGENT_NAME" > "$desk/name.new"; mv "$desk/name.new" "$desk/name"
while [ ! -e "$desk/stop" ]; do
    if [ -e "$desk/ask-$number" ]; then
        case $(cat "$desk/dialect-$number") in
        anthropic) curl -s -m 60 --noproxy '*' -w '\n%{http_code}' -K "$desk/ask-$number" \
            -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" "$ANTHROPIC_BASE_URL/v1/messages" ;;
        openai) curl -s -m 60 --noproxy '*' -w '\n%{http_code}' -K "$desk/ask-$number" \
            -H "authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/chat/completions" ;;
        esac > "$desk/said.new"
        mv "$desk/said.new" "$desk/said-$number"; number=$((number + 1))
    fi
    sleep 0.05
done
echo done > done.txt
"#;

/// An agent whose program calls when it is asked to.
struct Desk {
    dir: PathBuf,
    asked: usize,
}

/// What a call was answered.
struct Said {
    status: u16,
    body: String,
}

impl Desk {
    /// The desk, and the command line of the program at it.
    fn new(legion: &Legion, name: &str) -> (Self, String) {
        let dir = legion.dir.path().join("scripts").join(name);
        fs::create_dir(&dir).expect("a directory");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).expect("it is ours");
        let command = format!("{} {}", small::program(legion, "caller", CALLER), dir.display());
        (Self { dir, asked: 0 }, command)
    }

    /// What its agent is called. It is there once the program works.
    fn name(&self, legion: &Legion) -> String {
        legion.until("an agent at its desk", || fs::read_to_string(self.dir.join("name")).ok()).trim().to_owned()
    }

    fn call(&mut self, legion: &Legion, dialect: &str, headers: &[&str]) -> Said {
        let number = self.asked;
        self.asked += 1;
        let body = json!({"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "Say it."}]});
        let data = self.dir.join(format!("body-{number}"));
        fs::write(&data, body.to_string()).expect("a file");
        fs::write(self.dir.join(format!("dialect-{number}")), dialect).expect("a file");
        let mut config = format!("header = \"content-type: application/json\"\ndata = \"@{}\"\n", data.display());
        for header in headers {
            config.push_str(&format!("header = \"{header}\"\n"));
        }
        fs::write(self.dir.join("ask.new"), config).expect("a file");
        fs::rename(self.dir.join("ask.new"), self.dir.join(format!("ask-{number}"))).expect("renamed");
        let said = self.dir.join(format!("said-{number}"));
        let said = legion.until("an answer", || fs::read_to_string(&said).ok());
        let (body, status) = said.rsplit_once('\n').expect("a status");
        Said { status: status.parse().unwrap_or_else(|_| panic!("{said}")), body: body.to_owned() }
    }

    fn stop(&self) {
        fs::write(self.dir.join("stop"), "").expect("a file");
    }
}

/// A project, a service, and a provider.
async fn open() -> (Legion, ModelServer) {
    let model = ModelServer::start().await;
    let legion = Legion::with(&[("LEGION_TIER", "none"), ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"), ("KEY", "k")]);
    small::make(&legion.work(), &[("a.txt", "a\n")]);
    legion.start();
    let url = model.url();
    legion.ok(&["provider", "add", "p", "--format", "anthropic", "--url", &url, "--key-env", "KEY", "--model", MODEL]);
    (legion, model)
}

/// Dispatches a ticket for a desk, and gives its number.
fn dispatch(legion: &Legion, command: &str) -> String {
    let args = ["dispatch", "-k", "x", "--gate", "true", "--max-attempts", "1", "--command", command, "work"];
    legion.ok(&args).trim().trim_start_matches('#').to_owned()
}

fn closed(legion: &Legion, number: &str) -> Value {
    legion.until_long("the ticket is closed", || {
        let checked = legion.json(&["check"]);
        let tickets = checked["tickets"].as_array().expect("tickets").clone();
        let of = |ticket: &&Value| ticket["id"].to_string().trim_matches('"').trim_start_matches('#') == number;
        tickets.iter().find(of).filter(|ticket| small::is_closed(ticket)).cloned()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_row_of_the_matrix_is_effective_with_the_next_call_of_a_tickets_agent() {
    let (legion, model) = open().await;
    let (mut desk, command) = Desk::new(&legion, "ticket");
    let ticket = dispatch(&legion, &command);
    let agent = desk.name(&legion);
    let (mut other, command) = Desk::new(&legion, "hired");
    legion.ok(&["hire", "call", "--driver", "command", "--command", &command, "--name", "hired"]);
    assert_eq!(other.name(&legion), "hired");
    let role = legion.json(&["status", &agent])["agent"]["role"].as_str().expect("a ticket's agent has one").to_owned();

    let explore: &[&str] = &["x-claude-code-agent-id: a1", "x-claude-code-agent-type: Explore"];
    let sub: &[&str] = &["x-claude-code-agent-id: a1"];
    let main: &[&str] = &[];
    // Each is narrower than the one before. Its model answers whoever calls with these headers, and the hired agent gets what is
    // named last.
    let rows: Vec<(Vec<&str>, &[&str], &str)> = vec![
        (vec!["--default"], main, "row-0"),
        (vec!["--worker", "command"], main, "row-1"),
        (vec!["--role", &role], main, "row-1"),
        (vec!["--session", "main"], main, "row-1"),
        (vec!["--ticket", &ticket], main, "row-1"),
        (vec![&agent], main, "row-1"),
        (vec![&agent, "--asked", "claude-haiku*"], main, "row-1"),
        (vec![&agent, "--sub-agents", "--asked", "claude-haiku*"], sub, "row-1"),
        (vec![&agent, "--sub-agent", "Explore", "--asked", "claude-haiku*"], explore, "row-1"),
        (vec!["hired"], main, "row-9"),
    ];
    let asked = |calls: usize| {
        let requests = model.requests();
        assert_eq!(requests.len(), calls, "{}", model.dump());
        requests.last().expect("a call").model.clone()
    };
    let mut calls = 0;
    for (number, (who, headers, of_other)) in rows.iter().enumerate() {
        let target = format!("p/row-{number}");
        legion.ok(&[&["route", "set"], &who[..], &[&target]].concat());
        let expected = if *who == ["hired"] { "row-6".to_owned() } else { format!("row-{number}") };
        for (desk, headers, expected) in [(&mut desk, *headers, expected.as_str()), (&mut other, main, *of_other)] {
            let said = desk.call(&legion, "anthropic", headers);
            calls += 1;
            assert_eq!(said.status, 200, "{who:?}: {}", said.body);
            assert_eq!(asked(calls), expected, "{who:?}");
        }
    }
    let listed = legion.json(&["route", "list"]);
    assert_eq!(listed["routes"].as_array().map(Vec::len), Some(rows.len()), "{listed}");
    // OpenAI's dialect leads to the same row: programs of it find the gateway, too.
    assert_eq!(desk.call(&legion, "openai", main).status, 200);
    assert_eq!(asked(calls + 1), "row-6");
    calls += 1;
    // Taken away from the narrowest on, each call goes to the next.
    let left = [("row-7", explore), ("row-6", sub), ("row-5", main), ("row-4", main), ("row-3", main), ("row-2", main)];
    let removed = rows[2..rows.len() - 1].iter().rev().zip(left.into_iter().chain([("row-1", main)]));
    for ((who, ..), (expected, headers)) in removed {
        legion.ok(&[&["route", "remove"], &who[..]].concat());
        assert_eq!(desk.call(&legion, "anthropic", headers).status, 200);
        calls += 1;
        assert_eq!(asked(calls), expected, "without {who:?}");
    }

    // What it cost is the ticket's, and the hired agent's is nobody's.
    let cost = legion.json(&["cost", "--by", "ticket"]);
    let lines = cost["lines"].as_array().expect("lines");
    let calls_of = |name: &str| {
        let line = lines.iter().find(|line| line["name"].as_str().is_some_and(|n| n.trim_start_matches('#') == name));
        line.unwrap_or_else(|| panic!("no line of {name}: {cost}"))["calls"].as_u64().expect("calls")
    };
    let by_other = rows.len() as u64;
    assert_eq!((calls_of(&ticket), calls_of("(no ticket)")), (calls as u64 - by_other, by_other), "{cost}");
    desk.stop();
    other.stop();
    assert_eq!(closed(&legion, &ticket)["status"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_budget_stops_a_tickets_agent_and_says_whose_it_is() {
    let (legion, model) = open().await;
    // Less than any call costs: one is sent, and the next refused.
    const LITTLE: &str = "0.000000001";
    for scope in ["call", "run", "agent", "subtree", "ticket", "session", "day"] {
        let (mut desk, command) = Desk::new(&legion, scope);
        legion.ok(&["budget", "set", scope, LITTLE]);
        let ticket = dispatch(&legion, &command);
        let agent = desk.name(&legion);
        let before = model.requests().len();
        let mut said = desk.call(&legion, "anthropic", &[]);
        // What earlier tickets spent counts for the session and for the day, too; a call's budget lets none through.
        let is_spent = ["call", "session", "day"].contains(&scope);
        if !is_spent {
            assert_eq!(said.status, 200, "{scope}: {}", said.body);
            said = desk.call(&legion, "anthropic", &[]);
        }
        assert_eq!(said.status, 429, "{scope}: {}", said.body);
        assert_eq!(model.requests().len(), before + usize::from(!is_spent), "{scope}: nobody was asked");
        let whose = match scope {
            "call" => "a single call may cost".to_owned(),
            "run" => "the budget of this run is used up".to_owned(),
            "agent" => format!("the budget of agent {agent} is used up"),
            "subtree" => format!("the budget of agent {agent} and everybody below it is used up"),
            "ticket" => format!("the budget of ticket #{ticket} is used up"),
            "session" => "the budget of session main is used up".to_owned(),
            _ => "the budget of the day 20".to_owned(),
        };
        let words: Value = serde_json::from_str(&said.body).expect("an error in the caller's dialect");
        let words = words["error"]["message"].as_str().expect("words");
        assert!(words.starts_with("over budget: ") && words.contains(&whose), "{scope}: {words}");
        legion.ok(&["budget", "remove", scope]);
        desk.stop();
        // A call that is too large ends nobody; money that is used up ends the attempt.
        let ticket = closed(&legion, &ticket);
        assert_eq!(ticket["status"], if scope == "call" { "done" } else { "error" }, "{scope}: {ticket}");
    }
    let cost = legion.json(&["cost", "--by", "ticket"]);
    let of_tickets = cost["lines"].as_array().expect("lines").iter().filter(|line| line["calls"] == 1).count();
    assert_eq!(of_tickets, 4, "{cost}");
}
