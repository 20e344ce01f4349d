//! Texts of messages and results: short ones in the log, long ones in files.

use std::sync::Arc;

use legion_model::Body;

use crate::engine::Inner;
use crate::error::EngineError;

pub(crate) async fn store(inner: Arc<Inner>, text: String) -> Result<Body, EngineError> {
    if text.len() <= Body::INLINE_BYTES_MAX {
        return Ok(Body::Text(text));
    }
    let task = tokio::task::spawn_blocking(move || {
        let digest = inner.blobs.put(text.as_bytes())?;
        let head = text.chars().take(Body::HEAD_CHARS).collect();
        Ok(Body::Blob { sha256: digest.to_string(), bytes: text.len() as u64, head })
    });
    task.await.map_err(EngineError::internal)?.map_err(|error: legion_store::BlobError| {
        if error.is_full() { EngineError::DiskFull } else { EngineError::internal(error) }
    })
}

pub(crate) async fn fetch(inner: Arc<Inner>, body: Body) -> Result<String, EngineError> {
    match body {
        Body::Text(text) => Ok(text),
        Body::Blob { sha256, .. } => {
            let digest = sha256.parse().map_err(EngineError::internal)?;
            let bytes =
                tokio::task::spawn_blocking(move || inner.blobs.get(&digest)).await.map_err(EngineError::internal)?;
            Ok(String::from_utf8_lossy(&bytes.map_err(EngineError::internal)?).into_owned())
        }
    }
}
