//! What every loop must show at the provider.

use legion_gateway::{Dialect, Usage};
use legion_testkit::model_server::ModelRequest;
use serde_json::Value;

use crate::through::Through;

/// A picture of one point: a file that agents read as an image.
pub const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 6,
    0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xf0,
    0x1f, 0, 5, 0, 1, 0xff, 0x56, 0xc7, 0x2f, 0x0d, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// How images begin in base64.
const PIXEL_BASE64: &str = "iVBORw0KGgo";

/// The loop ended as the script says: results in the order of the calls, the thought's seal came back, every call was counted.
pub async fn check_loop(through: &Through, upstream: Dialect) {
    let requests = through.received();
    let last = requests.last().expect("asked");
    let results = last.tool_results();
    assert!(results[1].contains("hello") && results[2].contains("world"), "{results:?}\n{}", through.server.dump());
    if upstream != Dialect::Chat {
        assert_eq!(signatures(last), ["sealed/+="], "{}", through.server.dump());
    }
    let expected = match upstream {
        Dialect::Anthropic => Usage { input: 100, cache_read: 40, cache_write_5m: 10, output: 20, ..Usage::default() },
        _ => Usage { input: 110, cache_read: 40, output: 15, reasoning: 5, ..Usage::default() },
    };
    for call in through.settled().await {
        assert_eq!((call.usage, call.estimated, call.status), (expected, false, 200), "{call:?}");
    }
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
