//! Opening a database: is it ours, is it whole, which schema has it, and the settings of a connection.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::error::OpenError;

/// Marks a database as a log of Legion: the bytes `LGN` and 1.
const APPLICATION_ID: i64 = 0x4c47_4e01;

/// What brings a database from schema `index` to `index + 1`.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001-log.sql")];

/// The schema this version writes: what `user_version` says.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// How long to wait for another program that has locked the database (a backup tool, a person's `sqlite3`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Above this size a start does not read the whole database to check it.
const QUICK_CHECK_BYTES_MAX: u64 = 1 << 30;
/// The write-ahead log is cut back to this size when it starts over.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;
/// The writer copies the write-ahead log back between commits; this is for the case that it never comes to it.
const WAL_PAGES_MAX: i64 = 8_000;

/// Opens the one connection that writes, having made, checked and migrated the database.
pub fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    create_file(path).map_err(|source| OpenError::Create { path: path.to_owned(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| open_error(path, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| open_error(path, error))?;
    let version = identify(&connection, path)?;
    set_up_writer(&connection).map_err(|error| open_error(path, error))?;
    let bytes = fs::metadata(path).map_err(|source| OpenError::Create { path: path.to_owned(), source })?.len();
    if let Some(detail) = quick_check(&connection, path, bytes).map_err(|error| open_error(path, error))? {
        return Err(OpenError::Corrupt { path: path.to_owned(), detail });
    }
    migrate(&mut connection, path, version)?;
    Ok(connection)
}

/// Opens a connection that can only read. It never copies the write-ahead log back, not even when it is the last.
pub fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Returns what is wrong with the database, `None` if nothing is. Skipped when reading it all would take too long.
pub fn quick_check(connection: &Connection, path: &Path, bytes: u64) -> rusqlite::Result<Option<String>> {
    if bytes > QUICK_CHECK_BYTES_MAX {
        tracing::warn!(path = %path.display(), bytes, "database too large to be checked at the start");
        return Ok(None);
    }
    let answer: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((answer != "ok").then_some(answer))
}

/// Makes an empty file that only its owner can read; SQLite gives the files beside it the same mode.
fn create_file(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => sync_folder_of(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mode = fs::metadata(path)?.permissions().mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Makes the names in the folder of `path` survive a loss of power.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Returns the schema of the database; refuses one that is not ours or newer than this program.
fn identify(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let (application, version, tables) = read().map_err(|error| open_error(path, error))?;
    let fresh = application == 0 && version == 0 && tables == 0;
    if !fresh && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    if version > SCHEMA_VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, supported: SCHEMA_VERSION });
    }
    Ok(version)
}

fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // Each commit is on the disk before it is answered; `fullfsync` makes that true on macOS as well.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
}

/// Each step is one transaction together with its number: killed half-way, it has not happened.
fn migrate(connection: &mut Connection, path: &Path, from: i64) -> Result<(), OpenError> {
    for (to, sql) in (1..).zip(MIGRATIONS).skip_while(|(to, _)| *to <= from) {
        let mut step = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", to)?;
            transaction.commit()
        };
        step().map_err(|error| OpenError::Migrate { path: path.to_owned(), to, source: Arc::new(error) })?;
        tracing::info!(path = %path.display(), schema = to, "database migrated");
    }
    Ok(())
}

fn open_error(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Corrupt { path, detail: error.to_string() }
        }
        _ => OpenError::Open { path, source: Arc::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_syncs_each_commit_and_holds_foreign_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let connection = open_writer(&path).unwrap();
        let text = |pragma: &str| {
            connection.pragma_query_value(None, pragma, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
        };
        assert_eq!(text("journal_mode"), "wal".to_owned().into());
        assert_eq!(text("synchronous"), 2.into());
        assert_eq!(text("foreign_keys"), 1.into());
        assert_eq!(text("application_id"), APPLICATION_ID.into());
        assert_eq!(text("user_version"), SCHEMA_VERSION.into());
        let tables: Vec<(String, i64)> = connection
            .prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(tables.len(), 3);
        assert!(tables.iter().all(|(_, strict)| *strict == 1), "{tables:?}");
        let reader = open_reader(&path).unwrap();
        assert!(reader.execute("INSERT INTO stream (name) VALUES ('x')", []).is_err());
    }
}
