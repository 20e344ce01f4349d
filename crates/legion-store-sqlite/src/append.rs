//! Appending one batch inside a transaction.

use legion_store::{AppendError, Appended, NewRecord, StreamId};
use rusqlite::{Connection, OptionalExtension, params};

/// Returns the newest position.
pub fn last_position(connection: &Connection) -> rusqlite::Result<u64> {
    let position: Option<i64> =
        connection.prepare_cached("SELECT max(position) FROM record")?.query_row([], |row| row.get(0))?;
    Ok(position.map_or(0, unsigned))
}

/// Returns the version of a stream; 0 if it does not exist.
pub fn version(connection: &Connection, stream: &StreamId) -> rusqlite::Result<u64> {
    let version: Option<i64> = connection
        .prepare_cached("SELECT max(version) FROM record WHERE stream = (SELECT id FROM stream WHERE name = ?1)")?
        .query_row([stream.as_str()], |row| row.get(0))?;
    Ok(version.map_or(0, unsigned))
}

/// Writes `records` after position `last`, or refuses without having written anything.
///
/// The version is read in the same transaction, from the database and not from memory: another process that writes to
/// it, which the lock of the data directory should prevent, cannot be overwritten.
pub fn append_in_txn(
    connection: &Connection,
    last: u64,
    stream: &StreamId,
    expected: u64,
    records: &[NewRecord],
) -> rusqlite::Result<Result<Appended, AppendError>> {
    let actual = version(connection, stream)?;
    if actual != expected {
        return Ok(Err(AppendError::Conflict { expected, actual }));
    }
    let stream = stream_id_in_txn(connection, stream)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO record (position, stream, version, batch, at, kind, schema, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let first = last + 1;
    let (mut position, mut version) = (last, expected);
    for record in records {
        (position, version) = (position + 1, version + 1);
        let at = record.at.to_string();
        insert.execute(params![
            signed(position),
            stream,
            signed(version),
            signed(first),
            at,
            record.kind,
            record.schema,
            record.body
        ])?;
    }
    Ok(Ok(Appended { first_position: first, last_position: position, version }))
}

/// Returns the number of a stream, made if it is new.
fn stream_id_in_txn(connection: &Connection, stream: &StreamId) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached("SELECT id FROM stream WHERE name = ?1")?;
    if let Some(id) = select.query_row([stream.as_str()], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO stream (name) VALUES (?1)")?.execute([stream.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// SQLite's integers are signed. A log does not come near the difference; a caller's number may.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A negative number is in no column of ours unless someone else wrote it; 0 then makes the next write fail.
pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
