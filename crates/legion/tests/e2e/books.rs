//! The books: what the provider's bill is, what the log settled, and what `legion cost` says in whichever way it is asked, are one
//! figure; also when the service was killed in the middle.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use legion_store::Log as _;
use legion_store_sqlite::SqliteLog;
use legion_testkit::ModelServer;
use serde_json::{Value, json};

use crate::support::Legion;

const MODELS: [&str; 2] = ["claude-sonnet-4-5", "claude-haiku-4-5"];
const AGENTS: [&str; 3] = ["ann", "bob", "cid"];
/// The person, who has no agent.
const PERSON: &str = "(no agent)";
/// What lines are added up for.
const FIELDS: [&str; 5] = ["calls", "cost_nanos", "charged_nanos", "unknown_calls", "unsettled_nanos"];

/// What the test itself expects: calls and nano-dollars, by who called and by model.
#[derive(Default)]
struct Bill {
    by_caller: BTreeMap<String, (u64, u64)>,
    by_model: BTreeMap<String, (u64, u64)>,
    /// Nano-dollars of a token of the prompt and of the answer.
    prices: BTreeMap<String, (u64, u64)>,
}

impl Bill {
    fn add(&mut self, call: &Call) {
        let (input, output) = self.prices[call.model];
        let nanos = call.input * input + call.output * output;
        for (map, key) in [(&mut self.by_caller, call.who.clone()), (&mut self.by_model, format!("p/{}", call.model))] {
            let line = map.entry(key).or_default();
            (line.0, line.1) = (line.0 + 1, line.1 + nanos);
        }
    }

    fn calls(&self) -> u64 {
        self.by_model.values().map(|line| line.0).sum()
    }

    fn nanos(&self) -> u64 {
        self.by_model.values().map(|line| line.1).sum()
    }
}

/// One call of the test.
struct Call {
    who: String,
    model: &'static str,
    input: u64,
    output: u64,
    stream: bool,
    gate: Option<&'static str>,
}

impl Call {
    /// The call of this number: callers, models, tokens and ways in turn, no two of one price.
    fn number(number: u64) -> Self {
        let who = AGENTS.into_iter().chain([PERSON]).nth(number as usize % 4).expect("four");
        Self {
            who: who.to_owned(),
            model: MODELS[(number / 4 % 2) as usize],
            input: 1_000 + 7 * number,
            output: 10 + number,
            stream: number.is_multiple_of(3),
            gate: None,
        }
    }

    fn begin(&self, legion: &Legion) -> Child {
        let urls = match self.who.as_str() {
            PERSON => legion.json(&["gateway", "url"]),
            agent => legion.json(&["gateway", "url", agent]),
        };
        let url = format!("{}/v1/messages", urls["anthropic"].as_str().expect("a url"));
        let usage = json!({"input_tokens": self.input, "output_tokens": self.output,
            "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0});
        let mut step = json!({"text": "said", "usage": usage});
        if let Some(gate) = self.gate {
            step["gate"] = json!(gate);
        }
        let body = json!({"model": self.model, "max_tokens": 64, "stream": self.stream,
            "tools": [{"name": "look", "input_schema": {"type": "object"}}],
            "messages": [{"role": "user", "content": format!("Say it. @@{}@@", json!([step]))}]});
        let arguments = ["-s", "-m", "60", "-w", "%{http_code}", "-H", "content-type: application/json"];
        let mut curl = Command::new("curl");
        curl.args(arguments).args(["--noproxy", "*", "-d", &body.to_string(), &url]);
        curl.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("curl runs")
    }

    /// Calls, and is answered.
    fn make(&self, legion: &Legion) {
        let output = self.begin(legion).wait_with_output().expect("curl ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("said") && said.ends_with("200"), "{}: {said}", self.who);
    }
}

fn number(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_else(|| panic!("no {field} in {line}"))
}

/// Lines add up to the total in every field, and all ways to ask have one total. Returns it.
fn agree(legion: &Legion) -> Value {
    let mut totals = Vec::new();
    for by in ["agent", "ticket", "model", "day"] {
        let cost = legion.json(&["cost", "--by", by]);
        let lines = cost["lines"].as_array().expect("lines");
        for field in FIELDS {
            let sum: u64 = lines.iter().map(|line| number(line, field)).sum();
            assert_eq!(sum, number(&cost["total"], field), "{field} by {by}: {cost}");
        }
        for (name, tokens) in cost["total"]["tokens"].as_object().expect("tokens") {
            let sum: u64 = lines.iter().map(|line| number(&line["tokens"], name)).sum();
            assert_eq!(Some(sum), tokens.as_u64(), "{name} by {by}: {cost}");
        }
        totals.push(cost["total"].clone());
    }
    assert!(totals.windows(2).all(|pair| pair[0] == pair[1]), "{totals:?}");
    totals.remove(0)
}

/// The lines are those of the bill.
fn is_the_bill(legion: &Legion, bill: &Bill) {
    for (by, wanted) in [("agent", &bill.by_caller), ("model", &bill.by_model)] {
        let cost = legion.json(&["cost", "--by", by]);
        let lines = cost["lines"].as_array().expect("lines").iter().map(|line| {
            assert_eq!(number(line, "cost_nanos"), number(line, "charged_nanos"), "{line}");
            let name = line["name"].as_str().expect("a name").to_owned();
            (name, (number(line, "calls"), number(line, "cost_nanos")))
        });
        assert_eq!(&lines.collect::<BTreeMap<_, _>>(), wanted, "by {by}");
    }
}

/// Calls and nano-dollars that the log has settled, and what was reconciled: read from a copy of this name.
async fn settled(legion: &Legion, copy: &str) -> (u64, u64, u64) {
    let copy = legion.dir.path().join(copy);
    legion.ok(&["backup", copy.to_str().expect("UTF-8")]);
    let log = SqliteLog::open(copy).expect("the copy opens");
    let (mut calls, mut nanos, mut reconciled, mut after) = (0, 0, 0, 0);
    loop {
        let page = log.read_all(after, 1_000).await.expect("it reads");
        let Some(last) = page.last() else { return (calls, nanos, reconciled) };
        after = last.position;
        for record in page {
            let body = || serde_json::from_str::<Value>(&record.body).expect("JSON");
            match record.kind.as_str() {
                "calls-settled" => {
                    for line in body()["calls"].as_array().expect("lines") {
                        calls += number(line, "calls");
                        nanos += number(line, "charged");
                    }
                }
                "allowance-reconciled" => reconciled += number(&body(), "spent"),
                _ => {}
            }
        }
    }
}

/// A service whose agents idle, and a provider whose prices are known.
async fn open() -> (Legion, ModelServer, Bill) {
    let model = ModelServer::start().await;
    let legion = Legion::with(&[("LEGION_TIER", "none"), ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"), ("KEY", "k")]);
    legion.start();
    let url = model.url();
    let add = ["provider", "add", "p", "--format", "anthropic", "--url", &url, "--key-env", "KEY"];
    legion.ok(&[&add[..], &["--model", MODELS[0], "--model", MODELS[1]]].concat());
    for agent in AGENTS {
        legion.ok(&["hire", "idle", "--driver", "command", "--command", "sleep 1000", "--name", agent]);
        legion.until("its address", || legion.run(&["gateway", "url", agent]).status.success().then_some(()));
    }
    let list = legion.json(&["models"]);
    let nanos = |line: &Value, field: &str| (line[field].as_f64().expect("a price") * 1_000.0) as u64;
    let prices = list["models"].as_array().expect("models").iter().map(|line| {
        let name = line["model"].as_str().expect("a name").to_owned();
        (name, (nanos(line, "input"), nanos(line, "output")))
    });
    let bill = Bill { prices: prices.collect(), ..Bill::default() };
    assert!(bill.prices.values().all(|(input, output)| *input > 0 && output > input), "{list}");
    (legion, model, bill)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_bill_the_log_and_every_way_to_ask_what_it_cost_are_one_figure() {
    let (legion, model, mut bill) = open().await;
    for call in (0..16).map(Call::number) {
        call.make(&legion);
        bill.add(&call);
    }
    let total = agree(&legion);
    assert_eq!((number(&total, "calls"), number(&total, "cost_nanos")), (bill.calls(), bill.nanos()));
    is_the_bill(&legion, &bill);
    assert_eq!(settled(&legion, "copy.db").await, (bill.calls(), bill.nanos(), 0));
    assert_eq!(model.requests().len() as u64, bill.calls());
    // The same after a restart that was asked for.
    legion.ok(&["down", "--keep"]);
    legion.start();
    assert_eq!(agree(&legion), total);
    is_the_bill(&legion, &bill);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_books_agree_after_a_kill_in_the_middle_and_are_exact_once_reconciled() {
    let (legion, model, mut bill) = open().await;
    let answered = |bill: &mut Bill, numbers: std::ops::Range<u64>| {
        for call in numbers.map(Call::number) {
            call.make(&legion);
            bill.add(&call);
        }
    };
    answered(&mut bill, 0..8);
    // Answers that do not begin, of everybody; the provider never charges for them.
    let cut: Vec<Child> =
        (8..12).map(|number| Call { gate: Some("never"), ..Call::number(number) }.begin(&legion)).collect();
    let asked = bill.calls() + 4;
    legion.until("all of them are under way", || (model.requests().len() as u64 == asked).then_some(()));
    // And some that were answered just now, and may not be settled yet.
    answered(&mut bill, 12..20);
    legion.kill_service();
    for mut call in cut {
        call.wait().expect("curl ends");
    }
    legion.start();

    let after = agree(&legion);
    let (charged, open) = (number(&after, "charged_nanos"), number(&after, "unsettled_nanos"));
    assert!(charged <= bill.nanos(), "something counts twice: {charged} of {}", bill.nanos());
    assert!(charged + open >= bill.nanos(), "something is lost: {charged} and {open} of {}", bill.nanos());
    assert!(open > 0, "calls were under way: {after}");
    let of_log = settled(&legion, "killed.db").await;
    assert_eq!((of_log.0, of_log.1), (number(&after, "calls"), charged));

    // Agents go on as before.
    answered(&mut bill, 20..28);
    let more = agree(&legion);
    assert_eq!(number(&more, "calls"), number(&after, "calls") + 8);
    assert_eq!(number(&more, "unsettled_nanos"), open);

    // The provider's bill says what is missing.
    let missing = bill.nanos() - number(&more, "charged_nanos");
    let dollars = format!("{}.{:09}", missing / 1_000_000_000, missing % 1_000_000_000);
    legion.ok(&["budget", "reconcile", "--spent", &dollars]);
    let exact = agree(&legion);
    assert_eq!((number(&exact, "charged_nanos"), number(&exact, "unsettled_nanos")), (bill.nanos(), 0), "{exact}");
    legion.ok(&["down", "--keep"]);
    legion.start();
    assert_eq!(agree(&legion), exact);
    let of_log = settled(&legion, "reconciled.db").await;
    assert_eq!((of_log.0, of_log.1 + of_log.2), (number(&exact, "calls"), bill.nanos()));
    assert_eq!(of_log.2, missing);
}
