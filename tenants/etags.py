"""Validators of what is shown (AIP-154): a version, or where a record has none a digest of all that it says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol, cast

from tenants.problems import EtagMismatch


class Versioned(Protocol):
    @property
    def created_at(self) -> int: ...
    @property
    def version(self) -> int: ...


def versioned(record: Versioned) -> str:
    """Of a record whose version rises with every change: one that comes after it by the same id has another birth."""
    return f"{record.created_at:x}.{record.version}"


def expect(seen: str, current: str) -> None:
    """Raises EtagMismatch where the caller saw another one, and says which they saw."""
    if seen and seen != current:
        raise EtagMismatch(current)


def of(record: Any) -> str:
    """The same for what is equal, whichever store it comes from, and tells nothing of what stands in it. What is not to
    count, whoever asks has made the same in all of them.
    """
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    return {field.name: getattr(value, field.name) for field in fields(value)}
