"""The one table of the registry. A row is never deleted once its issuer served: its id and URI stay taken."""

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
)
