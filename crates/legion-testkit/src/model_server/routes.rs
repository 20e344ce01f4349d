//! The routes of the Messages API.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, answer};
use super::reply;
use super::server::Shared;
use super::stream::{self, Ids};

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
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

async fn models() -> Json<Value> {
    let model =
        json!({"type": "model", "id": "scripted", "display_name": "Scripted", "created_at": "2026-01-01T00:00:00Z"});
    Json(json!({"data": [model], "has_more": false, "first_id": "scripted", "last_id": "scripted"}))
}

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = match serde_json::from_slice(&body) {
        Ok(body @ Value::Object(_)) => body,
        Ok(_) => return reply::error(400, None, "the body is not a JSON object"),
        Err(error) => return reply::error(400, None, &format!("the body is not JSON: {error}")),
    };
    let request = shared.record(&headers, &body);
    let answer = answer(&body, |step| shared.count(&request, step));
    let message = match answer {
        Answer::Message(message) => message,
        Answer::Error { delay, status, retry_after, message } => {
            tokio::time::sleep(delay).await;
            return reply::error(status, retry_after, &message).into_response();
        }
    };
    // Agent programs take a tool call's id for its identity, also across sessions: never the same one twice.
    let ids = Ids {
        message: format!("msg_{}", Uuid::new_v4().simple()),
        calls: message.calls.iter().map(|_| format!("toolu_{}", Uuid::new_v4().simple())).collect(),
    };
    if request.stream {
        let parts = stream::streamed(&message, &ids, &request.model);
        reply::parts("text/event-stream", parts, Arc::clone(&shared.gates))
    } else {
        let parts = stream::whole(&message, &ids, &request.model);
        reply::parts("application/json", parts, Arc::clone(&shared.gates))
    }
}
