"""Which kinds of things a file may declare: those of the protos that have an id of the operator's choice, and can be
created and updated; and those of which an issuer has exactly one. All by the names that the API's guidelines prescribe.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

ISSUER = "Issuer"
_OF_PEOPLE = frozenset({"User"})
"""What comes to be by use is no setting, although an operator may make it too."""
_BY_OPERATOR = "ORIGIN_ADMIN"
"""Of things that tell their `origin`: who else made one looks after it."""


@dataclass(frozen=True, slots=True)
class Kind:
    message: "Descriptor"
    pattern: str
    """Of names, such as `issuers/{issuer}/resources/{resource}`."""
    field: str
    """What brings one in a request, such as `identity_provider`."""
    section: str
    """Where a file has them: `identity_providers`, or `webhook`, of which there is one; nothing for the issuer."""
    requests: Mapping[str, Any]
    """The classes of the requests, by `Create`, `Get`, `List`, `Update` and `Delete`."""

    @property
    def single(self) -> bool:
        return "Create" not in self.requests

    def name(self, issuer_id: str, own_id: str) -> str:
        """The whole name. An id that is a URL is one segment of it."""
        return self.pattern.replace("{issuer}", issuer_id).replace(f"{{{self.field}}}", quote(own_id, safe=""))

    def new(self) -> Any:
        from google.protobuf.message_factory import GetMessageClass

        return GetMessageClass(self.message)()

    def listing(self, issuer_id: str) -> Any:
        """The request for all of an issuer that the operator made, who alone can say in a file what they are like."""
        request = self.requests["List"](parent=f"issuers/{issuer_id}")
        if "origin" in self.message.fields_by_name:
            request.filter = f"origin = {_BY_OPERATOR}"
        return request


def settable(message: "Descriptor") -> "dict[str, FieldDescriptor]":
    """The fields that a file may set."""
    unset = {"IDENTIFIER", "OUTPUT_ONLY"}
    return {field.name: field for field in message.fields if field.name != "etag" and not behaviours(field) & unset}


def behaviours(field: "FieldDescriptor") -> set[str]:
    from google.api import field_behavior_pb2  # pyright: ignore[reportMissingTypeStubs]

    options: Any = field.GetOptions()
    known: Any = field_behavior_pb2
    return {known.FieldBehavior.Name(number) for number in options.Extensions[known.field_behavior]}


@cache
def issuer() -> Kind:
    return next(kind for kind in _kinds() if kind.message.name == ISSUER)


@cache
def sections() -> Mapping[str, Kind]:
    """All but the issuer, by where a file has them."""
    return {kind.section: kind for kind in _kinds() if kind.section}


@cache
def _kinds() -> tuple[Kind, ...]:
    found = (_kind(message) for file in files() for message in file.message_types_by_name.values())
    return tuple(kind for kind in found if kind is not None)


@cache
def files() -> "tuple[FileDescriptor, ...]":
    """All services of the API."""
    import protos.admin.v1

    names = sorted(each.name for each in pkgutil.iter_modules(protos.admin.v1.__path__))
    return tuple(
        importlib.import_module(f"protos.admin.v1.{name}").DESCRIPTOR for name in names if name.endswith("_service_pb2")
    )


def _kind(message: "Descriptor") -> Kind | None:
    from google.api import resource_pb2  # pyright: ignore[reportMissingTypeStubs]
    from google.protobuf.message_factory import GetMessageClass

    options: Any = message.GetOptions()
    known: Any = resource_pb2
    resource = options.Extensions[known.resource]
    if not resource.pattern or not resource.pattern[0].startswith("issuers/") or message.name in _OF_PEOPLE:
        return None
    named = {verb: f"{verb}{message.name}Request" for verb in ("Create", "Get", "Update", "Delete")}
    named["List"] = f"List{resource.plural[:1].upper()}{resource.plural[1:]}Request"
    there = {verb: name for verb, name in named.items() if name in message.file.message_types_by_name}
    requests = {verb: GetMessageClass(message.file.message_types_by_name[name]) for verb, name in there.items()}
    pattern, field = resource.pattern[0], _snake(resource.singular)
    created = "Create" in requests and f"{field}_id" in requests["Create"].DESCRIPTOR.fields_by_name
    if "Update" not in requests or not (created or pattern.endswith(f"/{resource.singular}")):
        return None
    section = "" if message.name == ISSUER else _snake(resource.plural if created else resource.singular)
    return Kind(message, pattern, field, section, requests)


def _snake(camel: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in camel)
