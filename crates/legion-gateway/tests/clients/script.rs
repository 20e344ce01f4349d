//! What every loop must show at the provider.

use std::time::{Duration, Instant};

use legion_gateway::{Call, Dialect, Usage};
use legion_testkit::model_server::ModelRequest;
use serde_json::Value;
use tokio::process::Child;

use crate::through::Through;

/// A PNG of eight by eight red points: a file that agents read as an image.
pub const PIXEL: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0, 75, 109, 41,
    220, 0, 0, 0, 17, 73, 68, 65, 84, 120, 156, 99, 56, 33, 39, 135, 21, 49, 12, 45, 9, 0, 144, 191, 65, 1, 178, 159,
    62, 34, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

/// How long a provider may go on for a program that is gone.
const CUT_WITHIN: Duration = Duration::from_secs(1);

/// How images begin in base64.
const PIXEL_BASE64: &str = "iVBORw0KGgo";

/// The loop ended as the script says: results in the order of the calls, the thoughts' seals came back, every call was counted.
pub async fn check_loop(through: &Through, upstream: Dialect, seals: &[&str]) {
    let requests = through.received();
    let last = requests.last().expect("asked");
    let results = last.tool_results();
    assert!(results[1].contains("hello") && results[2].contains("world"), "{results:?}\n{}", through.server.dump());
    let calls = through.settled().await;
    if upstream != Dialect::Chat {
        let lost: Vec<&String> = calls.iter().flat_map(|call| &call.warnings).collect();
        assert_eq!(signatures(last), seals, "{lost:?}\n{}", through.server.dump());
    }
    let expected = match upstream {
        Dialect::Anthropic => Usage { input: 100, cache_read: 40, cache_write_5m: 10, output: 20, ..Usage::default() },
        _ => Usage { input: 110, cache_read: 40, output: 15, reasoning: 5, ..Usage::default() },
    };
    for call in calls {
        assert_eq!((call.usage, call.estimated, call.status), (expected, false, 200), "{call:?}");
    }
}

/// A program is killed in the middle of an answer: the provider's end of it is cut within a second, and it is counted as an estimate.
pub async fn check_interruption(through: &Through, child: &mut Child) {
    child.start_kill().expect("is there");
    let killed = Instant::now();
    let settled = through.settled().await;
    // It is settled when the provider's answer is let go of.
    assert!(killed.elapsed() < CUT_WITHIN, "{:?}", killed.elapsed());
    child.wait().await.expect("is waited for");
    let (cut, whole): (Vec<&Call>, Vec<&Call>) = settled.iter().partition(|call| call.estimated);
    assert_eq!(cut.len(), 1, "{settled:?}");
    assert!(cut[0].outcome == "hang-up" && cut[0].usage.prompt() > 0 && cut[0].charged_nanos > 0, "{:?}", cut[0]);
    assert!(!whole.is_empty() && whole.iter().all(|call| call.outcome == "done"), "{whole:?}");
}

/// An image came to the provider as an image, not as text.
pub fn check_image(through: &Through) {
    let requests = through.received();
    let body = String::from_utf8_lossy(&requests.last().expect("asked").raw).into_owned();
    assert!(body.contains(PIXEL_BASE64), "no image: {}", through.server.dump());
    for text in requests.last().expect("asked").tool_results() {
        assert!(!text.contains(PIXEL_BASE64), "an image as text: {text}");
    }
}

fn signatures(request: &ModelRequest) -> Vec<String> {
    let blocks = request.messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let thoughts = blocks.filter(|block| block["type"] == "thinking").map(|block| &block["signature"]);
    thoughts.filter_map(Value::as_str).map(str::to_owned).collect()
}
