//! Which headers go on. Credentials never do by themselves: the key is put in at the last hop.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Of one connection, or made anew.
const OF_CONNECTION: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Who somebody is, for whomever they were meant.
const CREDENTIALS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "cookie2",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-goog-api-key",
];
/// Of the way to us.
const OF_THE_WAY: &[&str] =
    &["forwarded", "origin", "referer", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];
/// What goes on to a provider that speaks another dialect than the caller.
const ACROSS: &[&str] = &["accept", "content-type", "user-agent"];
/// Of an answer, what is said to us and not to the caller.
const OF_ANSWER: &[&str] = &["alt-svc", "strict-transport-security", "nel", "report-to", "server"];
const OURS: &str = "legion-";

/// The headers for a provider. `across`: it speaks another dialect.
pub(crate) fn request_headers(from: &HeaderMap, across: bool) -> HeaderMap {
    let named = connection_names(from);
    let mut to = HeaderMap::with_capacity(from.len() + 2);
    for (name, value) in from {
        let text = name.as_str();
        let goes = if across {
            ACROSS.contains(&text)
        } else {
            !stays(text) && !OF_THE_WAY.contains(&text) && !named.contains(&text)
        };
        if goes {
            to.append(name.clone(), value.clone());
        }
    }
    // Compressed answers could not be read on their way.
    to.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    to
}

/// The headers for the caller. `rewritten`: the body is no longer the provider's.
pub(crate) fn answer_headers(from: &HeaderMap, rewritten: bool) -> HeaderMap {
    let named = connection_names(from);
    let mut to = HeaderMap::with_capacity(from.len() + 4);
    for (name, value) in from {
        let text = name.as_str();
        let is_length = name == header::CONTENT_LENGTH;
        let of_body =
            is_length || matches!(text, "content-type" | "content-encoding" | "content-md5" | "digest" | "etag");
        let goes = (is_length || !stays(text)) && !OF_ANSWER.contains(&text) && !named.contains(&text);
        if goes && !(rewritten && of_body) {
            to.append(name.clone(), value.clone());
        }
    }
    to
}

fn stays(name: &str) -> bool {
    OF_CONNECTION.contains(&name) || CREDENTIALS.contains(&name) || name.starts_with(OURS)
}

/// The headers that the connection header names are of the connection, too.
fn connection_names(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The body is a stream of events.
pub(crate) fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}

/// Puts text in a header, without what a header cannot hold.
pub(crate) fn put(headers: &mut HeaderMap, name: &'static str, text: &str) {
    const TEXT_MAX: usize = 1_024;
    let plain: String = text.chars().filter(|c| (' '..='~').contains(c)).take(TEXT_MAX).collect();
    if let Ok(value) = HeaderValue::try_from(plain) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn credentials_and_what_is_of_the_connection_stay_and_the_rest_goes() {
        let from = headers(&[
            ("authorization", "Bearer canary"),
            ("x-api-key", "canary"),
            ("cookie", "canary"),
            ("connection", "x-hop, keep-alive"),
            ("x-hop", "1"),
            ("legion-secret", "1"),
            ("accept-encoding", "gzip"),
            ("anthropic-beta", "a,b"),
            ("x-stainless-os", "Linux"),
        ]);
        let to = request_headers(&from, false);
        assert_eq!(
            to,
            headers(&[("anthropic-beta", "a,b"), ("x-stainless-os", "Linux"), ("accept-encoding", "identity")])
        );
        assert_eq!(request_headers(&from, true), headers(&[("accept-encoding", "identity")]));
    }

    #[test]
    fn a_rewritten_answer_has_neither_length_nor_type_of_the_old_one() {
        let from =
            headers(&[("content-length", "5"), ("content-type", "a/b"), ("set-cookie", "c"), ("request-id", "r")]);
        assert_eq!(answer_headers(&from, true), headers(&[("request-id", "r")]));
        assert_eq!(
            answer_headers(&from, false),
            headers(&[("content-length", "5"), ("content-type", "a/b"), ("request-id", "r")])
        );
    }
}
