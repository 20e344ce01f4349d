//! Recorded traffic of each dialect at each: what callers get for it is golden.
//!
//! `tests/cassettes` holds what callers ask (`asked-*.json`), what the scripted model server answered the gateway (`*.jsonl`, as
//! `legion cassette record` writes it) and what callers got (`*.answers`). A strict replay finds a record only where a request is
//! translated as it was, and answers are compared byte for byte.
//!
//! `LEGION_RECORD=1 cargo nextest run -p legion-gateway -E 'test(recorded)'` records all of it anew: the difference is to be read.

use std::path::PathBuf;

use legion_gateway::{
    Agents, Authorization, Betas, CassetteMode, Dialect, KeySource, Matching, Pace, Provider, Route, Settings, Target,
    Who,
};
use legion_testkit::ModelServer;
use serde_json::{Value, json};

use crate::support::{AGENT, Got, Service, anthropic, until};

const RECORD: &str = "LEGION_RECORD";
/// The name that a cassette has in the data directory.
const TAPE: &str = "tape";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
/// Headers of an answer that callers act upon, or read.
const TOLD: [&str; 5] = ["content-type", "legion-route", "legion-gateway-warnings", "retry-after", "x-should-retry"];

const CLIENTS: [Dialect; 3] = [Dialect::Anthropic, Dialect::Chat, Dialect::Responses];

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "messages",
        Dialect::Chat => "chat",
        Dialect::Responses => "responses",
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cassettes").join(name)
}

fn read(name: &str) -> String {
    let path = file(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

/// All calls go to one model of one provider.
fn settings(upstream: Dialect, url: &str, cassette: CassetteMode) -> Settings {
    let (authorization, path, model) = match upstream {
        Dialect::Anthropic => (Authorization::Key(KeySource::Sealed), "", "claude-opus-4-5"),
        Dialect::Chat => (Authorization::Bearer(KeySource::Sealed), "/v1", "gpt-oss-120b"),
        Dialect::Responses => (Authorization::Bearer(KeySource::Sealed), "/v1", "gpt-5.2"),
    };
    let provider = Provider {
        dialect: upstream,
        authorization,
        betas: Betas::Forward,
        ..anthropic("scripted", &format!("{url}{path}"))
    };
    let target = Target { provider: provider.name.clone(), model: Some(model.to_owned()) };
    Settings {
        providers: [(provider.name.clone(), provider)].into(),
        routes: vec![Route { who: Who::Default, agents: Agents::All, asked: None, target, fallbacks: Vec::new() }],
        cassette,
        ..Settings::default()
    }
}

fn replay() -> CassetteMode {
    CassetteMode::Replay { name: TAPE.to_owned(), matching: Matching::Strict, pace: Pace::Full }
}

/// Makes all calls of a caller, one after the other. Gives the names of the calls, and the answers as text.
async fn talk(service: &Service, client: Dialect) -> String {
    let path = match client {
        Dialect::Anthropic => "/gateway/anthropic/v1/messages",
        Dialect::Chat => "/gateway/openai/v1/chat/completions",
        Dialect::Responses => "/gateway/openai/v1/responses",
    };
    let asked: Vec<Value> = serde_json::from_str(&read(&format!("asked-{}.json", word(client)))).expect("JSON");
    let mut answers = String::new();
    for call in &asked {
        let got = service.post(path, &[("x-api-key", AGENT)], call["body"].to_string()).await;
        answers.push_str(&told(call["name"].as_str().expect("a name"), &got));
    }
    answers
}

fn told(name: &str, got: &Got) -> String {
    let mut text = format!("=== {name}: {}{}\n", got.status, if got.cut { ", broke off" } else { "" });
    for header in TOLD {
        if let Some(value) = got.header(header) {
            text.push_str(&format!("{header}: {value}\n"));
        }
    }
    format!("{text}\n{}\n", got.text())
}

/// Plays a cassette to a caller. Gives what it got.
async fn play(client: Dialect, upstream: Dialect, tape: &str) -> String {
    let service = Service::of(settings(upstream, NOWHERE, replay())).await;
    let dir = service.data_dir().join("cassettes");
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join(format!("{TAPE}.jsonl")), tape).expect("written");
    let answers = talk(&service, client).await;
    until("settled calls", || service.books.calls().len() == tape.lines().count()).await;
    assert_eq!(service.books.spent(), 0, "a replay costs nothing");
    answers
}

/// Records a caller's calls at the scripted model server, and what it gets for them.
async fn record(client: Dialect, upstream: Dialect, name: &str) {
    let server = ModelServer::start().await;
    let mode = CassetteMode::Record { name: TAPE.to_owned() };
    let service = Service::of(settings(upstream, &server.url(), mode)).await;
    let live = talk(&service, client).await;
    let all = server.requests().len();
    let taped = || service.gateway.cassettes().list().is_ok_and(|tapes| tapes.iter().any(|tape| tape.calls == all));
    until("all records", taped).await;
    let tape = std::fs::read_to_string(service.data_dir().join(format!("cassettes/{TAPE}.jsonl"))).expect("written");
    let played = play(client, upstream, &tape).await;
    assert_eq!(played, live, "{name}: a replay is what was recorded");
    std::fs::write(file(&format!("{name}.jsonl")), tape).expect("written");
    std::fs::write(file(&format!("{name}.answers")), played).expect("written");
}

async fn at(upstream: Dialect) {
    for client in CLIENTS {
        let name = format!("{}-at-{}", word(client), word(upstream));
        if std::env::var_os(RECORD).is_some_and(|value| value == "1") {
            record(client, upstream, &name).await;
        }
        let (tape, golden) = (read(&format!("{name}.jsonl")), read(&format!("{name}.answers")));
        same(&name, &play(client, upstream, &tape).await, &golden);
        // Where the network cuts it does not matter.
        same(&format!("{name}, cut anew"), &play(client, upstream, &cut_anew(&tape)).await, &golden);
    }
}

/// Names the first line that differs: whole answers are long.
fn same(name: &str, got: &str, golden: &str) {
    let mut call = "";
    for (got, golden) in got.lines().zip(golden.lines()) {
        if golden.starts_with("=== ") {
            call = golden;
        }
        assert_eq!(got, golden, "{name}, {call}");
    }
    assert!(got == golden, "{name}: {} bytes, and {} are golden", got.len(), golden.len());
}

/// The same bytes in pieces of one to seven characters.
fn cut_anew(tape: &str) -> String {
    let mut lines = String::new();
    for line in tape.lines() {
        let mut record: Value = serde_json::from_str(line).expect("JSON");
        let pieces = record["pieces"].as_array().expect("pieces");
        let bytes: String = pieces.iter().map(|piece| piece["bytes"]["text"].as_str().expect("text")).collect();
        let (mut cut, mut rest, mut length) = (Vec::new(), bytes.as_str(), 0);
        while !rest.is_empty() {
            length = length % 7 + 1;
            let end = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
            cut.push(json!({"ms": 0, "bytes": {"text": &rest[..end]}}));
            rest = &rest[end..];
        }
        record["pieces"] = Value::Array(cut);
        lines.push_str(&format!("{record}\n"));
    }
    lines
}

#[tokio::test]
async fn what_a_provider_of_messages_was_recorded_to_say_reaches_every_caller_as_before() {
    at(Dialect::Anthropic).await;
}

#[tokio::test]
async fn what_a_provider_of_chat_was_recorded_to_say_reaches_every_caller_as_before() {
    at(Dialect::Chat).await;
}

#[tokio::test]
async fn what_a_provider_of_responses_was_recorded_to_say_reaches_every_caller_as_before() {
    at(Dialect::Responses).await;
}

#[test]
fn recorded_cassettes_are_small_text_without_secrets() {
    let mut bytes = 0;
    for entry in std::fs::read_dir(file("")).expect("there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()));
        for secret in ["canary", AGENT, "base64\":"] {
            assert!(!text.contains(secret), "`{secret}` in `{}`", path.display());
        }
        bytes += text.len();
    }
    assert!((1..BYTES_MAX).contains(&bytes), "{bytes} bytes");
}

/// All of it together. Whoever clones the repository has it.
const BYTES_MAX: usize = 512 * 1024;
