//! A request that changes something: its body, and the key under which it is done at most once.

use axum::Json;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use legion_api::paths::IDEMPOTENCY_KEY;
use legion_model::{Answer, Key, Order, ProjectId, Refusal, RefusalKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::fault::{Fault, Result};
use crate::guard::{Caller, bytes_max};

/// Characters of an idempotency key.
const KEY_CHARS_MAX: usize = 128;

/// The body and the key of a request.
pub(crate) struct Change<T> {
    pub(crate) key: Option<Key>,
    pub(crate) body: T,
}

/// The body of a request that needs none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Change<T> {
    type Rejection = Fault;
    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let key = key(&parts.headers)?;
        // The guard has read it: nothing is waited for here.
        let bytes = axum::body::to_bytes(body, bytes_max(parts.uri.path())).await.map_err(Fault::internal)?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        let body = parse(&bytes)?;
        let key = key.map(|key| {
            let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
            Key { key, fingerprint: fingerprint(parts.method.as_str(), target, &bytes) }
        });
        Ok(Self { key, body })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let formed = (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !formed || values.next().is_some() {
        return Err(Fault::invalid("the header `Idempotency-Key` is not valid")
            .hint(format!("one key of 1 to {KEY_CHARS_MAX} visible ASCII characters, such as a UUID")));
    }
    Ok(Some(text.to_owned()))
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Result<T> {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(Fault::invalid(format!("the body is not valid: no UTF-8 at byte {}", error.valid_up_to())));
    }
    let Json(body) = Json::from_bytes(bytes).map_err(|error| {
        let text = error.body_text();
        let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
        Fault::invalid(format!("the body is not valid: {why}"))
    })?;
    // A list with the values of the fields would do for the parser; it is no request that anybody meant.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Fault::invalid("the body is not valid: expected an object"));
    }
    Ok(body)
}

/// The same request has the same fingerprint, however its JSON is laid out.
fn fingerprint(method: &str, target: &str, body: &[u8]) -> String {
    let mut text = format!("{method} {target}\n");
    // What is no JSON was refused before.
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    canonical(&value, &mut text);
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            text.push('{');
            for name in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(&fields[name], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

impl Context {
    /// What a key was answered with before, and where.
    ///
    /// Asked before the request is looked into: what it names may be gone by now, and because of it.
    pub(crate) async fn replayed(&self, caller: Caller, key: Option<&Key>) -> Result<Option<(ProjectId, Answer)>> {
        let Some(key) = key else { return Ok(None) };
        for (project, _) in self.projects(caller, None).await? {
            let (by, wanted) = (caller.party(), key.key.clone());
            let known = self.engine.read(project, move |state| state.keys.get(&(by, wanted)).cloned()).await?;
            match known {
                None => {}
                Some((fingerprint, answer)) if fingerprint == key.fingerprint => return Ok(Some((project, answer))),
                Some(_) => {
                    let what = format!("the idempotency key `{}` was used for another request", key.key);
                    let hint = "use a new key for a new request";
                    return Err(Refusal::new(RefusalKind::KeyReused, what).hint(hint).into());
                }
            }
        }
        Ok(None)
    }

    /// Gives an order about one project, or finds what it was answered with before.
    pub(crate) async fn ordered(
        &self,
        caller: Caller,
        wanted: Option<&str>,
        key: Option<Key>,
        order: Order,
    ) -> Result<(ProjectId, Answer)> {
        if let Some(known) = self.replayed(caller, key.as_ref()).await? {
            return Ok(known);
        }
        let (project, _) = self.project(caller, wanted).await?;
        Ok((project, self.engine.command(project, caller.party(), key, order).await?))
    }
}

/// An answer of a kind that the order cannot have.
pub(crate) fn unexpected(answer: &Answer) -> Fault {
    Fault::internal(format!("an order was answered with {answer:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_does_not_see_the_layout_and_sees_everything_else() {
        let first = fingerprint("POST", "/a", br#"{"a":1,"b":{"c":[1,2],"d":null}}"#);
        assert_eq!(first, fingerprint("POST", "/a", b"{ \"b\": {\"d\": null, \"c\": [1, 2]}, \"a\": 1 }"));
        for (method, target, body) in [
            ("POST", "/a", r#"{"a":1,"b":{"c":[2,1],"d":null}}"#),
            ("POST", "/a", r#"{"a":"1","b":{"c":[1,2],"d":null}}"#),
            ("POST", "/b", r#"{"a":1,"b":{"c":[1,2],"d":null}}"#),
            ("DELETE", "/a", r#"{"a":1,"b":{"c":[1,2],"d":null}}"#),
        ] {
            assert_ne!(first, fingerprint(method, target, body.as_bytes()));
        }
        assert_eq!(first.len(), 64);
    }
}
