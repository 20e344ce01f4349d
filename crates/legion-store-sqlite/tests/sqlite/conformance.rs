//! The log in SQLite passes the suite of every store.

use legion_store::conformance::Fixture;
use legion_store_sqlite::SqliteLog;

fn fresh() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db")).unwrap();
    Fixture::new(log, folder)
}

legion_store::conformance_tests!(fresh);
