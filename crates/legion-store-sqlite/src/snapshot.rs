//! Snapshots in the database.

use legion_store::{Snapshot, SnapshotError, StreamId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::append::{signed, unsigned, version};

/// Keeps a snapshot, unless a newer one of the same fold is there or it is ahead of its stream.
pub fn save_in_txn(
    connection: &Connection,
    stream: &StreamId,
    snapshot: &Snapshot,
) -> rusqlite::Result<Result<(), SnapshotError>> {
    let actual = version(connection, stream)?;
    if snapshot.version > actual {
        return Ok(Err(SnapshotError::Ahead { version: snapshot.version, actual }));
    }
    // A stream without records has no row, and then nothing is kept: there is nothing to fold.
    connection
        .prepare_cached(
            "INSERT INTO snapshot (stream, version, fold, body) SELECT id, ?2, ?3, ?4 FROM stream WHERE name = ?1
             ON CONFLICT (stream) DO UPDATE SET version = excluded.version, fold = excluded.fold, body = excluded.body
             WHERE snapshot.fold <> excluded.fold OR snapshot.version <= excluded.version",
        )?
        .execute(params![stream.as_str(), signed(snapshot.version), snapshot.fold, snapshot.body])?;
    Ok(Ok(()))
}

/// Drops the snapshot of a stream unless `fold` can read it.
pub fn drop_foreign_in_txn(connection: &Connection, stream: &StreamId, fold: &str) -> rusqlite::Result<()> {
    let actual = version(connection, stream)?;
    connection
        .prepare_cached(
            "DELETE FROM snapshot WHERE stream = (SELECT id FROM stream WHERE name = ?1)
             AND (fold <> ?2 OR version > ?3)",
        )?
        .execute(params![stream.as_str(), fold, signed(actual)])?;
    Ok(())
}

/// What there is for a stream and a fold.
pub enum Found {
    Nothing,
    Usable(Snapshot),
    /// To be dropped.
    Foreign,
}

pub fn load(connection: &Connection, stream: &StreamId, fold: &str) -> rusqlite::Result<Found> {
    let kept: Option<(i64, String)> = connection
        .prepare_cached("SELECT version, fold FROM snapshot WHERE stream = (SELECT id FROM stream WHERE name = ?1)")?
        .query_row([stream.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((at, made_by)) = kept else { return Ok(Found::Nothing) };
    if made_by != fold || unsigned(at) > version(connection, stream)? {
        return Ok(Found::Foreign);
    }
    // The body only now: another fold's may be large. Between the two the writer may have replaced it, hence the key.
    let body = connection
        .prepare_cached(
            "SELECT body FROM snapshot WHERE stream = (SELECT id FROM stream WHERE name = ?1)
             AND version = ?2 AND fold = ?3",
        )?
        .query_row(params![stream.as_str(), at, fold], |row| row.get(0))
        .optional()?;
    let usable = |body| Found::Usable(Snapshot { version: unsigned(at), fold: made_by, body });
    Ok(body.map_or(Found::Nothing, usable))
}
