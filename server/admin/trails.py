"""Where events are read: in the trail of an issuer, by its id, or in that of the server itself, which is called ''."""

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import event_service_pb2 as pb
from server.admin import filter, names
from server.admin.turns import reachable
from tenants.news import News
from tenants.records import Event
from tenants.registry import Registry

Q = TypeVar("Q")
R = TypeVar("R")

FIELDS: dict[str, filter.Field[Event]] = {
    "type": filter.text(lambda event: event.type),
    "actor": filter.text(lambda event: event.actor),
    "subject": filter.text(lambda event: event.subject),
    "address": filter.text(lambda event: event.address),
    "request_id": filter.text(lambda event: event.request_id),
    "sequence": filter.number(lambda event: event.sequence),
    "event_time": filter.time(lambda event: event.at),
}
"""What a filter of events may speak of."""


class Trails:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @property
    def news(self) -> News:
        return self._registry.news

    def all(self) -> list[str]:
        """Of the issuers."""
        return self._registry.ids()

    async def read(self, trail: str, act: Callable[[Any, Q], R], request: Q) -> R:
        """Give an act its turn there. Raises NoSuchIssuer or IssuerUnavailable."""
        if not trail:
            return await self._registry.perform(act, request)
        return await reachable(self._registry, trail).perform(act, request)


def shown(trail: str, event: Event) -> pb.Event:
    details = Struct()
    details.update(dict(event.details))
    return pb.Event(
        name=names.of_event(trail, event.sequence),
        type=event.type,
        sequence=event.sequence,
        event_time=Timestamp(seconds=event.at),
        actor=event.actor,
        address=event.address,
        request_id=event.request_id,
        subject=event.subject,
        details=details,
        previous_hash=event.previous.hex(),
        hash=event.hash.hex(),
    )
