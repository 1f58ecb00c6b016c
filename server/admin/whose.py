"""Users and clients in filters: by their ids, or by their whole names, which are of the issuer that the list is of: a
filter that named another one's would hold of whoever has the same id here."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import unquote

from server.admin import filter
from server.admin.filter import Field, Filter

T = TypeVar("T")


def text(of: Callable[[T], str | None], beginning: str) -> Field[T]:
    """Of which there is at most one. Their names have this `beginning`."""
    return replace(filter.text(of), read=partial(_id, beginning))


def several(of: Callable[[T], Collection[str]], beginning: str) -> Field[T]:
    return replace(filter.several(of), read=partial(_id, beginning))


def only(holds: Filter[T], name: str) -> str | None:
    """The one value that a field must have, if the filter says."""
    said = (each.value for each in holds.conditions if each.name == name and each.operator == "=")
    return next((value for value in said if not value.endswith("*")), None)


def _id(beginning: str, said: str) -> str:
    if not said.startswith("issuers/"):
        return said
    own_id = said.removeprefix(beginning)
    if own_id == said or "/" in own_id:
        raise ValueError(f"an id, or a name such as {beginning}…")
    return unquote(own_id)
