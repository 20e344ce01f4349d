//! The routes of all dialects.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Dialect;
use super::answer::{Answer, Message, answer, of_step};
use super::read::conversation;
use super::reply;
use super::request::Received;
use super::server::Shared;
use super::write::{self, Frame, Part};

/// The largest request body. Long conversations with files in them reach some megabytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What `count_tokens` answers.
const COUNTED_TOKENS: u64 = 10;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(async || "legion model server"))
        .route("/v1/models", get(models))
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(async || Json(json!({"input_tokens": COUNTED_TOKENS}))))
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/responses", post(responses))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

/// The one model, in the shape of both providers at once.
async fn models() -> Json<Value> {
    let model = json!({
        "type": "model", "object": "model", "id": "scripted", "display_name": "Scripted",
        "created_at": "2026-01-01T00:00:00Z", "created": 1_767_225_600, "owned_by": "legion",
    });
    Json(json!({
        "object": "list", "data": [model], "has_more": false, "first_id": "scripted", "last_id": "scripted",
    }))
}

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    respond(Dialect::Anthropic, &shared, &headers, body).await
}

async fn chat_completions(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    respond(Dialect::Chat, &shared, &headers, body).await
}

async fn responses(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    respond(Dialect::Responses, &shared, &headers, body).await
}

async fn respond(dialect: Dialect, shared: &Arc<Shared>, headers: &HeaderMap, raw: Bytes) -> Response {
    let body: Value = match serde_json::from_slice(&raw) {
        Ok(body @ Value::Object(_)) => body,
        Ok(_) => return reply::error(dialect, 400, None, "the body is not a JSON object"),
        Err(error) => return reply::error(dialect, 400, None, &format!("the body is not JSON: {error}")),
    };
    let conversation = conversation(dialect, &body);
    let received = Received { dialect, headers, raw, body: &body, conversation: &conversation };
    let request = shared.record(received);
    let answer = match shared.rule.step(&request) {
        Some(step) => of_step(&step, &conversation.tools),
        None => answer(&conversation, |step| shared.count(&request, step)),
    };
    let (delay, parts) = match answer {
        Answer::Message(message) => {
            let frame = frame(&body, &message);
            return reply::parts(frame.stream, write::message(dialect, &message, &frame), Arc::clone(&shared.gates));
        }
        Answer::Error { delay, status, retry_after, message } => {
            tokio::time::sleep(delay).await;
            return reply::error(dialect, status, retry_after, &message);
        }
        Answer::Empty { delay } => (delay, Vec::new()),
        Answer::ErrorFrame { delay, status, message } if request.stream => {
            (delay, vec![Part::Send(write::error_frame(dialect, status, &message))])
        }
        Answer::ErrorFrame { delay, status, message } => {
            (delay, vec![Part::Send(write::error_body(dialect, status, &message).to_string().into())])
        }
    };
    tokio::time::sleep(delay).await;
    reply::parts(request.stream, parts, Arc::clone(&shared.gates))
}

fn frame(body: &Value, message: &Message) -> Frame {
    // Agent programs take a tool call's id for its identity, also across sessions: never the same one twice.
    let id = || Uuid::new_v4().simple().to_string();
    Frame {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        include_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
        id: id(),
        call_ids: message.calls.iter().map(|_| id()).collect(),
    }
}
