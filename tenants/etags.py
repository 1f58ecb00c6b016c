"""Validators for what has no version of its own (AIP-154): a digest of all that a record says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast


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
