"""Users and clients in filters: by their ids, or by their whole names."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar
from urllib.parse import unquote

from server.admin import filter
from server.admin.filter import Field, Filter

T = TypeVar("T")


def text(of: Callable[[T], str | None]) -> Field[T]:
    """Of which there is at most one."""
    return replace(filter.text(of), read=_id)


def several(of: Callable[[T], Collection[str]]) -> Field[T]:
    return replace(filter.several(of), read=_id)


def only(holds: Filter[T], name: str) -> str | None:
    """The one value that a field must have, if the filter says."""
    said = (each.value for each in holds.conditions if each.name == name and each.operator == "=")
    return next((value for value in said if not value.endswith("*")), None)


def _id(said: str) -> str:
    return unquote(said.rpartition("/")[2]) if said.startswith("issuers/") else said
