"""What was said of a thing by the options of a command, and what of it a change is to reach."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from server.cli.failing import USED_WRONGLY, fail

if TYPE_CHECKING:
    from google.protobuf.field_mask_pb2 import FieldMask


def said_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without the options that were left out."""
    return {name: value for name, value in given.items() if value is not None and value != []}


def mask_of(paths: Sequence[str], noun: str) -> "FieldMask":
    """The fields that an update changes. The command ends if there is none."""
    from google.protobuf.field_mask_pb2 import FieldMask

    if not paths:
        fail(USED_WRONGLY, f"nothing to change: give at least one option; see tenantry {noun} update --help")
    return FieldMask(paths=paths)
