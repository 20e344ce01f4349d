//! Errors: classes, statuses, the wait that a provider asks for, and the first frame.

use legion_dialects::error::{self, classify, scrub};
use legion_dialects::first_frame::{Peek, Verdict};
use legion_dialects::{Class, Dialect};
use serde_json::Value;
use std::time::Duration;

/// Status, headers, body, and the class that they mean.
type Answer<'a> = (u16, &'a [(&'a str, &'a str)], String, Class);

fn class(dialect: Dialect, status: u16, headers: &[(&str, &str)], body: &str) -> Class {
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    classify(dialect, status, &header, body.as_bytes()).class
}

#[test]
fn rule_13_classes_of_errors() {
    let limited = |seconds: u64| Class::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
    let none = Class::RateLimited { retry_after: None };
    let anthropic = |kind: &str| format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"m"}}}}"#);
    let openai = |code: &str| format!(r#"{{"error":{{"message":"m","type":"x","code":"{code}"}}}}"#);
    let cases: &[Answer<'_>] = &[
        (429, &[("retry-after", "7")], anthropic("rate_limit_error"), limited(7)),
        (429, &[], anthropic("rate_limit_error"), none),
        (429, &[("retry-after-ms", "1500")], openai("rate_limit_exceeded"), Class::RateLimited { retry_after: Some(Duration::from_millis(1500)) }),
        (429, &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")], String::new(), limited(10)),
        (429, &[("anthropic-ratelimit-unified-reset", "784111837"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")], anthropic("rate_limit_error"), limited(60)),
        (429, &[("retry-after", "nonsense")], String::new(), none),
        (429, &[("retry-after", "7")], openai("insufficient_quota"), Class::SpendLimit),
        (429, &[], openai("enforced_spend_limit_reached"), Class::SpendLimit),
        (400, &[], r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API"}}"#.into(), Class::SpendLimit),
        (402, &[], String::new(), Class::SpendLimit),
        (529, &[], anthropic("overloaded_error"), Class::Overloaded),
        (503, &[], "<html>busy</html>".into(), Class::Overloaded),
        (500, &[], anthropic("overloaded_error"), Class::Overloaded),
        (500, &[], anthropic("api_error"), Class::Server),
        (502, &[], String::new(), Class::Server),
        (401, &[], anthropic("authentication_error"), Class::Authentication),
        (403, &[], anthropic("permission_error"), Class::Permission),
        (404, &[], openai("model_not_found"), Class::NotFound),
        (413, &[], anthropic("request_too_large"), Class::TooLarge),
        (400, &[], openai("context_length_exceeded"), Class::TooLarge),
        (400, &[], anthropic("invalid_request_error"), Class::InvalidRequest),
        (501, &[], String::new(), Class::NotSupported),
        (418, &[], String::new(), Class::InvalidRequest),
    ];
    for (status, headers, body, expected) in cases {
        assert_eq!(class(Dialect::Anthropic, *status, headers, body), *expected, "{status} {body}");
    }
}

#[test]
fn rule_13_each_dialect_has_its_envelope() {
    let contract = [
        (Class::InvalidRequest, 400, "invalid_request_error"),
        (Class::Authentication, 401, "authentication_error"),
        (Class::Permission, 403, "permission_error"),
        (Class::NotFound, 404, "not_found_error"),
        (Class::TooLarge, 413, "request_too_large"),
        (Class::RateLimited { retry_after: None }, 429, "rate_limit_error"),
        (Class::SpendLimit, 429, "rate_limit_error"),
        (Class::NotSupported, 501, "not_supported"),
        (Class::Overloaded, 529, "overloaded_error"),
        (Class::Server, 500, "api_error"),
        (Class::Unknown, 500, "api_error"),
    ];
    for (class, status, kind) in contract {
        let (sent, body) = error::body(Dialect::Anthropic, class, "it \"failed\"");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((sent, body["type"].as_str(), body["error"]["type"].as_str()), (status, Some("error"), Some(kind)));
        assert_eq!(body["error"]["message"], "it \"failed\"");
        for dialect in [Dialect::Chat, Dialect::Responses] {
            let (sent, body) = error::body(dialect, class, "it failed");
            let read = error::parse(&body).unwrap();
            let header = |_: &str| None;
            // What is written is understood again.
            let again = classify(dialect, sent, &header, &body).class;
            assert_eq!(again, if class == Class::Unknown { Class::Server } else { class }, "{read:?}");
        }
    }
}

#[test]
fn rule_13_account_ids_and_keys_are_scrubbed_the_type_is_kept() {
    let message = "Rate limit reached for gpt-5 in organization org-AbCdEf123456 on key sk-proj-abcdefghijk (me@example.com, 123e4567-e89b-12d3-a456-426614174000). Try again in 2s.";
    let scrubbed = scrub(message);
    for secret in ["org-AbC", "sk-proj", "example.com", "123e4567"] {
        assert!(!scrubbed.contains(secret), "{scrubbed}");
    }
    assert!(scrubbed.starts_with("Rate limit reached for gpt-5 in organization [redacted]"), "{scrubbed}");
    assert!(scrubbed.ends_with("Try again in 2s."), "{scrubbed}");
    let body = format!(r#"{{"error":{{"message":"{message}","type":"rate_limit_error"}}}}"#);
    let read = error::parse(body.as_bytes()).unwrap();
    assert_eq!(read.code.as_deref(), Some("rate_limit_error"));
    assert!(!read.message.contains("org-"));
}

fn verdict(dialect: Dialect, pieces: &[&str]) -> Verdict {
    let mut peek = Peek::new(dialect);
    for piece in pieces {
        peek.push(piece.as_bytes());
    }
    peek.finish()
}

#[test]
fn rule_14_the_first_frame_decides() {
    let mut peek = Peek::new(Dialect::Anthropic);
    assert_eq!(peek.push(b": keep-alive\n\n"), Verdict::Waiting);
    assert_eq!(peek.push(b"event: ping\ndata: {\"type\": \"ping\"}\n\n"), Verdict::Waiting);
    assert_eq!(
        peek.push(b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n"),
        Verdict::Waiting
    );
    assert_eq!(peek.push(b"\n"), Verdict::Content);
    assert_eq!(peek.push(b"event: error\ndata: {\"error\":{}}\n\n"), Verdict::Content, "a verdict stays");

    for (dialect, frame) in [
        (
            Dialect::Anthropic,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        ),
        (Dialect::Chat, "data: {\"error\":{\"message\":\"Overloaded\",\"code\":529}}\n\n"),
        (Dialect::Chat, "{\"error\":{\"message\":\"Overloaded\",\"code\":529}}"),
        (
            Dialect::Anthropic,
            "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
        ),
    ] {
        let Verdict::Failed(error) = verdict(dialect, &[frame]) else { panic!("{frame}") };
        assert_eq!(error.class, Class::Overloaded, "{frame}");
    }
    assert_eq!(verdict(Dialect::Chat, &["data: [DONE]\n\n"]), Verdict::Empty);
    assert_eq!(verdict(Dialect::Chat, &[": hm\n\n"]), Verdict::Empty);
    assert_eq!(verdict(Dialect::Chat, &[]), Verdict::Empty);
    assert_eq!(verdict(Dialect::Chat, &["data: {\"choices\"", ":[]}\n", "\n"]), Verdict::Content);
    assert!(matches!(verdict(Dialect::Chat, &["data: upstream busy\n\n"]), Verdict::Failed(_)));
}
