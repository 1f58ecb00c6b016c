"""Who calls the admin API, and what they may: decided from the method and the names in the request, before anything is
looked up, so that a refusal never tells whether a thing exists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from protos.admin.v1 import annotations_pb2 as annotations
from tenants.records import Origin, Role

MAY: dict[Role, frozenset[int]] = {
    "viewer": frozenset({annotations.ACCESS_READ}),
    "issuer-admin": frozenset({annotations.ACCESS_READ, annotations.ACCESS_WRITE}),
    "operator": frozenset({annotations.ACCESS_READ, annotations.ACCESS_WRITE, annotations.ACCESS_PROVISION}),
    "owner": frozenset(
        {annotations.ACCESS_READ, annotations.ACCESS_WRITE, annotations.ACCESS_PROVISION, annotations.ACCESS_OWN}
    ),
}
OF_OTHERS = {
    "google.longrunning.Operations.GetOperation": (annotations.ACCESS_READ, False),
    "google.longrunning.Operations.ListOperations": (annotations.ACCESS_READ, True),
    "google.longrunning.Operations.WaitOperation": (annotations.ACCESS_READ, False),
    "google.longrunning.Operations.CancelOperation": (annotations.ACCESS_WRITE, False),
    "google.longrunning.Operations.DeleteOperation": (annotations.ACCESS_WRITE, False),
}
"""Methods whose protos are not ours to say it in."""
_ISSUER = re.compile(r"issuers/([^/]+)(?:/.*)?", re.DOTALL)
EVERY_ISSUER = "-"


class Forbidden(Exception):
    """The caller's role does not let them do this; the text says what would."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever has proved who they are, in one call."""

    origin: Origin
    role: Role
    issuers: frozenset[str] = field(default_factory=frozenset[str])
    """The ids of those that they are bound to. Empty: all, and what is of none."""

    def sees(self, issuer_id: str) -> bool:
        return not self.issuers or issuer_id in self.issuers

    def admit(self, method: MethodDescriptor, request: Message) -> None:
        """Raises Forbidden unless they may call this with that. A method that does not say who may is for nobody."""
        access, shows_own = access_of(method)
        if access not in MAY[self.role]:
            roles = " or ".join(role for role, may in MAY.items() if access in may)
            raise Forbidden(f"this needs the role {roles or 'of nobody'}")
        if not self.issuers:
            return
        named = set(issuers_named(request))
        if not named <= self.issuers and not (named == {EVERY_ISSUER} and shows_own):
            raise Forbidden("this credential is bound to other issuers")
        if issuer_of(request) is None and not shows_own:
            raise Forbidden("this credential is bound to issuers, and this is of none")


def access_of(method: MethodDescriptor) -> tuple[int, bool]:
    """What it does (annotations.proto), and whether callers who are bound to issuers see their own by it."""
    if method.full_name in OF_OTHERS:
        return OF_OTHERS[method.full_name]
    options: Any = method.GetOptions()
    return options.Extensions[annotations.access], options.Extensions[annotations.shows_own]


def issuers_named(request: Message) -> Iterator[str]:
    """The ids in the resource names of a request: its own fields, and the `name` of the thing that it brings."""
    for described, value in request.ListFields():
        for each in value if described.is_repeated else (value,):
            found = _issuer_in(getattr(each, "name", "") if isinstance(each, Message) else each)
            if found is not None:
                yield found


def issuer_of(request: Message) -> str | None:
    """The id of the issuer that a request is for, by the field that its kind of method says it in: what stands in
    others, such as the name of a thing that is to be made, gives nobody a right."""
    fields = request.DESCRIPTOR.fields_by_name
    if "update_mask" in fields:
        things = [value for _, value in request.ListFields() if isinstance(value, Message)]
        return next((_issuer_in(getattr(thing, "name", "")) for thing in things), None)
    return next((_issuer_in(getattr(request, field)) for field in ("parent", "name") if field in fields), None)


def _issuer_in(text: object) -> str | None:
    found = _ISSUER.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else found[1]
