//! Reading pages of records. Bounded in records, bytes and time.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use legion_runtime::{Clock, SystemClock};
use legion_store::{READ_BYTES_MAX, READ_RECORDS_MAX, Record, StreamHead, StreamId};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, Params, Row};

use crate::append::{signed, unsigned};

/// Longest a reader may hold its view: as long as it does, the write-ahead log cannot start over.
pub const READ_TIME_MAX: Duration = Duration::from_secs(5);

/// When a read has to stop.
pub struct Patience<'a> {
    /// Started with the read.
    clock: SystemClock,
    /// Says whether nobody waits for the answer any more.
    abandoned: &'a dyn Fn() -> bool,
}

/// Why a read stopped.
#[derive(Debug)]
pub enum Stopped {
    TimedOut,
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Patience<'a> {
    pub fn new(abandoned: &'a dyn Fn() -> bool) -> Self {
        Self { clock: SystemClock::new(), abandoned }
    }

    /// Asked before each row. All queries walk an index, so that a row takes a bounded time.
    fn check(&self) -> Result<(), Stopped> {
        let elapsed = Duration::from_millis(self.clock.mono_ms());
        if elapsed >= READ_TIME_MAX || (self.abandoned)() { Err(Stopped::TimedOut) } else { Ok(()) }
    }
}

pub fn stream_page(
    connection: &Connection,
    stream: &StreamId,
    after_version: u64,
    limit: usize,
    patience: &Patience<'_>,
) -> Result<Vec<Record>, Stopped> {
    let statement = connection.prepare_cached(
        "SELECT position, ?1, version, batch, at, kind, schema, body FROM record
         WHERE stream = (SELECT id FROM stream WHERE name = ?1) AND version > ?2 ORDER BY version LIMIT ?3",
    )?;
    records(statement, (stream.as_str(), signed(after_version), records_max(limit)), patience)
}

pub fn all_page(
    connection: &Connection,
    after_position: u64,
    limit: usize,
    patience: &Patience<'_>,
) -> Result<Vec<Record>, Stopped> {
    // CROSS JOIN: records first, by their key, then the name of each one's stream.
    let statement = connection.prepare_cached(
        "SELECT position, name, version, batch, at, kind, schema, body
         FROM record CROSS JOIN stream ON stream.id = record.stream
         WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    records(statement, (signed(after_position), records_max(limit)), patience)
}

pub fn heads(connection: &Connection, patience: &Patience<'_>) -> Result<Vec<StreamHead>, Stopped> {
    let mut statement = connection.prepare_cached(
        "SELECT name, (SELECT max(version) FROM record WHERE record.stream = stream.id) FROM stream ORDER BY name",
    )?;
    let mut rows = statement.query([])?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        patience.check()?;
        heads.push(StreamHead { stream: parsed(row, 0)?, version: unsigned(row.get(1)?) });
    }
    Ok(heads)
}

fn records_max(limit: usize) -> i64 {
    signed(limit.clamp(1, READ_RECORDS_MAX) as u64)
}

fn records(
    mut statement: CachedStatement<'_>,
    params: impl Params,
    patience: &Patience<'_>,
) -> Result<Vec<Record>, Stopped> {
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    let mut bytes = 0;
    while bytes <= READ_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        patience.check()?;
        let record = Record {
            position: unsigned(row.get(0)?),
            stream: parsed(row, 1)?,
            version: unsigned(row.get(2)?),
            batch: unsigned(row.get(3)?),
            at: parsed::<Timestamp>(row, 4)?,
            kind: row.get(5)?,
            schema: row.get(6)?,
            body: row.get(7)?,
        };
        bytes += record.body.len();
        records.push(record);
    }
    Ok(records)
}

/// Reads a text column into what it stands for.
fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let failed = |error: T::Err| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    row.get_ref(column)?.as_str()?.parse().map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::schema::open_writer;

    #[test]
    fn a_read_ends_when_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("log.db")).unwrap();
        connection
            .execute_batch(
                "INSERT INTO stream (name) VALUES ('service');
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                 INSERT INTO record SELECT i, 1, i, 1, '2026-01-01T00:00:00Z', 'k', 1, '{}' FROM n;",
            )
            .unwrap();
        let asked = Cell::new(0);
        let leaves_after_ten = || {
            asked.set(asked.get() + 1);
            asked.get() > 10
        };
        let stopped = all_page(&connection, 0, 100, &Patience::new(&leaves_after_ten)).unwrap_err();
        assert!(matches!(stopped, Stopped::TimedOut), "{stopped:?}");
        assert_eq!(asked.get(), 11, "it read on");
        assert_eq!(all_page(&connection, 0, 100, &Patience::new(&|| false)).unwrap().len(), 100);
    }

    #[test]
    fn a_value_that_we_never_wrote_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("log.db")).unwrap();
        connection
            .execute_batch(
                "INSERT INTO stream (name) VALUES ('service');
                 INSERT INTO record VALUES (1, 1, 1, 1, 'yesterday', 'k', 1, '{}');",
            )
            .unwrap();
        let failed = all_page(&connection, 0, 100, &Patience::new(&|| false)).unwrap_err();
        assert!(matches!(failed, Stopped::Failed(_)), "{failed:?}");
    }
}
