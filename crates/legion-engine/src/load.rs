//! From the log to the state: snapshot, then events.

use std::sync::Arc;

use jiff::Timestamp;
use legion_model::{Bounds, Event, Organisation};
use legion_store::{CodecError, Log, NewRecord, ReadError, Snapshot, StreamId, decode, encode};

/// Events read in one go.
const PAGE: usize = 4_096;

/// Why a project cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("failed to read the log of `{stream}`")]
    Read { stream: StreamId, source: ReadError },
    #[error("event {version} of `{stream}` cannot be understood")]
    Decode { stream: StreamId, version: u64, source: CodecError },
    #[error("failed to append to the log of `{stream}`: {what}")]
    Append { stream: StreamId, what: String },
}

/// Folds a stream. A snapshot that does not fit is dropped, and everything is folded again.
pub(crate) async fn load(log: &Arc<dyn Log>, stream: &StreamId, bounds: &Bounds) -> Result<Organisation, LoadError> {
    let mut state = snapshot(log, stream).await.unwrap_or_default();
    state.bounds = bounds.clone();
    let from = state.version;
    events(log, stream, from, |event, at| state.apply(event, at)).await?;
    Ok(state)
}

/// Reads the events of a stream behind a version, in order.
pub(crate) async fn events(
    log: &Arc<dyn Log>,
    stream: &StreamId,
    mut version: u64,
    mut apply: impl FnMut(&Event, Timestamp) + Send,
) -> Result<(), LoadError> {
    loop {
        let page = log
            .read(stream, version, PAGE)
            .await
            .map_err(|source| LoadError::Read { stream: stream.clone(), source })?;
        let Some(last) = page.last() else { return Ok(()) };
        version = last.version;
        for record in page {
            let event = decode(&record.kind, record.schema, &record.body).map_err(|source| LoadError::Decode {
                stream: stream.clone(),
                version: record.version,
                source,
            })?;
            apply(&event, record.at);
        }
    }
}

async fn snapshot(log: &Arc<dyn Log>, stream: &StreamId) -> Option<Organisation> {
    let snapshot = log.snapshot_load(stream, Organisation::FOLD).await.ok()??;
    let state: Organisation = serde_json::from_slice(&snapshot.body).ok()?;
    (state.version == snapshot.version).then_some(state)
}

/// Saves a snapshot. It is a cache: a failure costs time at the next start and nothing else.
pub(crate) async fn save(log: &Arc<dyn Log>, stream: &StreamId, state: &Organisation) {
    let Ok(body) = serde_json::to_vec(state) else { return };
    let snapshot = Snapshot { version: state.version, fold: Organisation::FOLD.to_owned(), body };
    if let Err(error) = log.snapshot_save(stream, snapshot).await {
        tracing::warn!(%stream, %error, "no snapshot was saved");
    }
}

/// An event as a record.
pub(crate) fn record(event: &Event, at: Timestamp) -> NewRecord {
    let (kind, schema, body) = encode(event);
    NewRecord { at, kind, schema, body }
}
