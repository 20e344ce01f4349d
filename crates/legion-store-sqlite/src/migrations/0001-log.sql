-- Streams get a small number, so that a record does not repeat the name.
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The truth. Never updated, never deleted from.
CREATE TABLE record (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES stream (id),
    version INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    -- RFC 3339 with nanoseconds, in UTC.
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    schema INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- A cache: one folded state per stream.
CREATE TABLE snapshot (
    stream INTEGER PRIMARY KEY REFERENCES stream (id),
    version INTEGER NOT NULL,
    fold TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
