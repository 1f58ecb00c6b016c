"""How values that are no column of their own are written into one: JSON, and words with a space between."""

import json
import sqlite3
from collections.abc import Sequence

to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def words(values: Sequence[str] | None) -> str | None:
    return None if values is None else " ".join(values)


def from_words(text: str) -> tuple[str, ...]:
    return tuple(text.split(" ")) if text else ()


def changed(cursor: sqlite3.Cursor) -> bool:
    """Whether the one row that the statement was about was there, and met its condition."""
    return cursor.rowcount == 1
