"""The tables of the registry. A listing is never deleted once its issuer served: its id and URI stay taken."""

STEPS = (
    """
    CREATE TABLE listings (
        id TEXT PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE, uri TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL, display_name TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted_at INTEGER, purge_at INTEGER,
        was_disabled INTEGER NOT NULL,
        version INTEGER NOT NULL, alarm_at INTEGER NOT NULL, alarm_attempts INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX listings_by_alarm ON listings (alarm_at) WHERE state IN ('active', 'disabled');
    CREATE INDEX listings_by_purge ON listings (purge_at) WHERE state = 'deleted';
    """,
    """
    CREATE TABLE admin_tokens (
        id TEXT PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE, role TEXT NOT NULL, issuers TEXT NOT NULL, display_name TEXT NOT NULL,
        created_at INTEGER NOT NULL, created_by TEXT NOT NULL, expires_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, address TEXT NOT NULL, request_id TEXT NOT NULL,
        subject TEXT, details TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE answers (
        key BLOB PRIMARY KEY, asked BLOB NOT NULL, sealed BLOB NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_time ON answers (expires_at);
    CREATE TABLE domains (
        issuer_id TEXT NOT NULL, id TEXT NOT NULL,
        host TEXT NOT NULL UNIQUE, challenge TEXT NOT NULL,
        created_at INTEGER NOT NULL, checked_at INTEGER, verified_at INTEGER, last_error TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (issuer_id, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE operations (
        id TEXT PRIMARY KEY,
        verb TEXT NOT NULL, issuer_id TEXT NOT NULL, lock TEXT NOT NULL, request BLOB NOT NULL,
        actor TEXT NOT NULL, address TEXT NOT NULL, request_id TEXT NOT NULL, created_at INTEGER NOT NULL,
        progress TEXT NOT NULL, percent INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        cancelled_at INTEGER, ended_at INTEGER, response BLOB, error BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX operations_under_way ON operations (id) WHERE ended_at IS NULL;
    CREATE INDEX operations_by_end ON operations (ended_at) WHERE ended_at IS NOT NULL;
    """,
)
