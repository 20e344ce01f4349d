//! Keys of five shapes, looked for in four encodings in everything that is written down or told while calls fail in each way in which
//! they can. A provider that quotes its key quotes it in all four.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use legion_gateway::{Authorization, CassetteMode, Dialect, KeySource, Provider};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;

use crate::support::{AGENT, Log, Service, Upstream, anthropic, events, request, until};

/// Anthropic's, OpenAI's, Google's, a token of three parts, and one without any shape.
const KEYS: [&str; 5] = [
    "sk-ant-api03-Canary_AbCdEf-0123456789AA",
    "sk-proj-Canary0123456789abcdefABCDEF",
    "AIzaCanary0123456789abcdefABCDEF01234567",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDYW5hcnkifQ.c2lnbmF0dXJlLW9m-Canary_00",
    "Canary/AbC+dEf=0123?&\"ghI'jk{}~%41",
];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Unauthorized,
    ServerError,
    FirstEvent,
    MiddleOfStream,
    InPieces,
    WrongCertificate,
    Redirection,
    NobodyThere,
}

const FAILURES: [Failure; 8] = [
    Failure::Unauthorized,
    Failure::ServerError,
    Failure::FirstEvent,
    Failure::MiddleOfStream,
    Failure::InPieces,
    Failure::WrongCertificate,
    Failure::Redirection,
    Failure::NobodyThere,
];

/// The four encodings: plain, hexadecimal, percent, base64 (which has three forms of a text, by where it stands). And plain in JSON.
fn encodings(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let percent: String = secret
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let json = serde_json::Value::from(secret).to_string();
    let mut all = vec![secret.to_owned(), hex, percent, json[1..json.len() - 1].to_owned()];
    for shift in 0..3 {
        let coded = STANDARD.encode(format!("{}{secret}", &"xx"[..shift]));
        let (from, to) = (if shift == 0 { 0 } else { 4 }, coded.len() - 4);
        all.push(coded[from..to].to_owned());
    }
    all
}

/// Everything that a careless provider may quote.
fn echo(secret: &str) -> String {
    let shifted = |before: &str| STANDARD.encode(format!("{before}{secret}"));
    let mut all = encodings(secret);
    all.truncate(4);
    all.extend(["", "x", "xy", "Bearer ", "key "].map(shifted));
    format!("you sent {}", all.join(" and "))
}

fn finds(content: &[u8], key: &str) -> Option<String> {
    let holds = |form: &str| content.windows(form.len()).any(|window| window == form.as_bytes());
    encodings(key).into_iter().find(|form| holds(form))
}

async fn upstream(failure: Failure, key: &'static str, elsewhere: &str) -> Upstream {
    let error =
        |kind: &str| serde_json::json!({"type": "error", "error": {"type": kind, "message": echo(key)}}).to_string();
    let event = format!("event: error\ndata: {}\n\n", error("api_error"));
    let percent = encodings(key)[2].clone();
    let location = format!("{elsewhere}/?key={percent}");
    let (status, body) = match failure {
        Failure::Unauthorized => (401, error("authentication_error")),
        Failure::Redirection => (302, String::new()),
        _ => (500, error("api_error")),
    };
    let script = move |_, mut conn: crate::support::Conn| {
        let (event, location, body, percent) = (event.clone(), location.clone(), body.clone(), percent.clone());
        async move {
            match failure {
                Failure::FirstEvent | Failure::MiddleOfStream | Failure::InPieces => {
                    conn.open().await;
                    if failure != Failure::FirstEvent {
                        conn.send(events()[..3].concat()).await;
                    }
                    // A piece for each byte cuts every quote somewhere.
                    let length = if failure == Failure::InPieces { 1 } else { event.len() };
                    for piece in event.as_bytes().chunks(length) {
                        conn.send(String::from_utf8(piece.to_vec()).expect("ASCII")).await;
                    }
                    conn.end().await;
                }
                _ => conn.answer(status, &[("location", &location), ("request-id", &percent)], body.as_bytes()).await,
            }
        }
    };
    if failure != Failure::WrongCertificate {
        return Upstream::start(script).await;
    }
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["other.example".to_owned()]).expect("one");
    let signing = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], signing)
        .expect("a server");
    Upstream::start_tls(config, script).await
}

/// One call that fails, and where its key was found.
async fn call(failure: Failure, key: &'static str, dialect: Dialect) -> Vec<String> {
    let elsewhere = Upstream::fixed(200, &[], "{}").await;
    let upstream = upstream(failure, key, &elsewhere.url).await;
    let url = if failure == Failure::NobodyThere { "http://127.0.0.1:9" } else { &upstream.url };
    let provider = Provider { authorization: Authorization::Key(KeySource::Sealed), ..anthropic("one", url) };
    let service = Service::with(vec![provider.clone()]).await;
    service.keep_key("one", key);
    service.books.change(|settings| settings.cassette = CassetteMode::Record { name: "tape".to_owned() });
    let stream = matches!(failure, Failure::FirstEvent | Failure::MiddleOfStream | Failure::InPieces);
    let (path, header, body) = match dialect {
        Dialect::Anthropic => ("/gateway/anthropic/v1/messages", ("x-api-key", AGENT.to_owned()), request("m", stream)),
        _ => {
            let body =
                serde_json::json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]});
            ("/gateway/openai/v1/chat/completions", ("authorization", format!("Bearer {AGENT}")), body.to_string())
        }
    };
    // A caller may have come by the key, too.
    let said = serde_json::Value::from(format!("hi {key}")).to_string();
    let body = body.replace("\"hi", said.trim_end_matches('"'));
    let got = service.post(path, &[(header.0, &header.1)], body).await;
    let is_error = got.status >= 400 || got.text().contains("error");
    assert!(is_error, "{failure:?} is none: {} {}", got.status, got.text());
    assert_eq!(elsewhere.count(), 0, "a redirection was followed");
    let was_asked = !matches!(failure, Failure::WrongCertificate | Failure::NobodyThere);
    assert_eq!(upstream.count() > 0, was_asked, "{failure:?}");
    if was_asked {
        // So that the look below is known to see.
        let sent = &upstream.requests()[0].headers["x-api-key"];
        assert!(finds(sent.as_bytes(), key).is_some(), "{sent}");
        let tape = service.data_dir().join("cassettes/tape.jsonl");
        until("a record", || tape.exists()).await;
    }
    let tested = service.gateway.test(&provider).await;
    let mut places = vec![
        ("the answer".to_owned(), format!("{:?} {}", got.headers, got.text()).into_bytes()),
        ("the test".to_owned(), format!("{tested:?}").into_bytes()),
        ("the calls".to_owned(), format!("{:?}", service.books.calls()).into_bytes()),
        (
            "the lanes".to_owned(),
            format!("{:?} {:?}", service.gateway.lanes(), service.books.lock().lanes).into_bytes(),
        ),
    ];
    files(service.path(), &mut places);
    let kept = |place: &str| place.ends_with("/keys.json");
    assert!(places.iter().any(|(place, content)| kept(place) && finds(content, key).is_some()), "the key is kept");
    let hits = places.iter().filter(|(place, _)| !kept(place));
    hits.filter_map(|(place, content)| Some(format!("{failure:?}, {dialect:?}: `{}` in {place}", finds(content, key)?)))
        .collect()
}

fn files(dir: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, places);
        } else if path.is_file() {
            places.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
}

#[tokio::test]
async fn keys_of_every_shape_are_in_no_sink_whatever_goes_wrong() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // The runtime of this test has one thread: all of its tasks log here.
    let _log = tracing::subscriber::set_default(subscriber);
    let cases = KEYS.iter().flat_map(|key| FAILURES.map(|failure| (*key, failure)));
    let calls = cases.flat_map(|(key, failure)| [Dialect::Anthropic, Dialect::Chat].map(|of| call(failure, key, of)));
    let hits: Vec<String> = futures_util::future::join_all(calls).await.concat();
    assert!(hits.is_empty(), "{}", hits.join("\n"));
    let log = log.bytes();
    let text = String::from_utf8_lossy(&log);
    for said in ["a provider did not answer a call", "a provider could not be asked"] {
        assert!(text.contains(said), "the log is not the gateway's: {} bytes", text.len());
    }
    for key in KEYS {
        assert_eq!(finds(&log, key), None, "in the log");
    }
}
