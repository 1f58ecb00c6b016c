"""Schema by numbered steps, applied when a file is opened: step N brings `user_version` from N-1 to N."""

import sqlite3
from collections.abc import Sequence

from tenants.problems import Broken, NewerSchema

APPLICATION_ID = 0x746E7279
"""`tnry` in the file's header: this file is one of ours."""


def check_version(connection: sqlite3.Connection, steps: Sequence[str]) -> int:
    """The file's schema version. Reads only. Raises NewerSchema, or Broken if it is not one of our files."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID and (version or application):
        raise Broken("not a file of Tenantry")
    if version > len(steps):
        raise NewerSchema(f"schema {version} is newer than {len(steps)}, the newest that this version knows")
    return version


def bring_up(connection: sqlite3.Connection, version: int, steps: Sequence[str]) -> None:
    """Apply the steps that a file at `version` is missing."""
    for number in range(version + 1, len(steps) + 1):
        script = f"BEGIN IMMEDIATE; {steps[number - 1]}; PRAGMA user_version={number};"
        connection.executescript(f"{script} PRAGMA application_id={APPLICATION_ID}; COMMIT;")
