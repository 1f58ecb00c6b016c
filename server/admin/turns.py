"""A turn of an issuer's tenant, for the services whose things lie in it: to read, or to change something, as every
change can be asked for: with a name of its own, so that it is done once, or to be tried out only."""

import hashlib
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NoReturn, TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from protos.admin.v1 import annotations_pb2 as annotations
from server.admin.caller import Caller
from tenants.acts.once import Name, Named, once
from tenants.problems import AlreadyThere, Invalid, IssuerUnavailable, NoSuchThing
from tenants.registry import SERVED, Registry
from tenants.tenant import Tenant
from tenants.turn import Turn, asked_by

Perform = Callable[[Callable[[Any, Any], Any], Any], Awaitable[Any]]
"""Gives an act its turn."""
Q = TypeVar("Q")
R = TypeVar("R")
M = TypeVar("M", bound=Message)
_OF_REQUESTS = frozenset({"parent", "name", "etag", "update_mask", "request_id", "overlap", "filter"})
"""Fields of requests, as against those of the thing that they bring."""


class Turns:
    """For one kind of thing."""

    def __init__(self, registry: Registry, name: Callable[[str, str], str], field: str) -> None:
        """`name` makes a thing's whole name of the issuer's id and its own; `field` is what brings it in requests."""
        self._registry = registry
        self._name = name
        self._field = field

    async def read(self, issuer_id: str, act: Callable[[Turn, Q], R], request: Q) -> R:
        """Of a tenant that may be disabled, but not deleted. Problems tell the whole names of what they mean."""
        with self.told_in_full(issuer_id):
            return await reachable(self._registry, issuer_id).perform(act, request)

    async def change(
        self,
        caller: Caller,
        asked: Message,
        issuer_id: str,
        act: Callable[[Turn, Q], R],
        request: Q,
        shown: Callable[[R], M],
    ) -> M:
        """What the act replied, as it is `shown`. `asked` may bear a `request_id`, and `validate_only`."""
        tenant = reachable(self._registry, issuer_id)
        with self.told_in_full(issuer_id):
            return await done(tenant.perform, caller, asked, act, request, shown)

    def told_in_full(self, issuer_id: str) -> AbstractContextManager[None]:
        return told_in_full(partial(self._name, issuer_id), self._field)


@contextmanager
def told_in_full(name: Callable[[str], str], field: str) -> Generator[None]:
    """Problems leave with the names and the fields as the caller knows them: `name` makes a thing's whole name of its
    own id; `field` is what brings it in requests."""
    try:
        yield
    except (NoSuchThing, AlreadyThere) as problem:
        raise type(problem)(name(str(problem))) from None
    except Invalid as invalid:
        if invalid.field in {*_OF_REQUESTS, f"{field}_id"} or invalid.field.partition(".")[0] == field:
            raise
        raise Invalid(f"{field}.{invalid.field}", invalid.description) from None


async def done(
    perform: Perform,
    caller: Caller,
    asked: Message,
    act: Callable[[Any, Q], R],
    request: Q,
    shown: Callable[[R], M],
) -> M:
    """The same in any turn that `perform` gives: a tenant's, or the registry's."""
    if getattr(asked, "validate_only", False):
        return await rehearsed(perform, act, request, shown)
    if not getattr(asked, "request_id", ""):
        return shown(await perform(asked_by(caller.origin, act), request))
    named = Named(name_of(caller, asked), act, request, lambda reply: packed(shown(reply)))
    return _unpacked(await perform(asked_by(caller.origin, once), named))


def reachable(registry: Registry, issuer_id: str) -> Tenant:
    """The tenant of an issuer that is not deleted. Raises NoSuchIssuer or IssuerUnavailable."""
    tenant = registry.tenant(issuer_id)
    if tenant.listing.state not in SERVED:
        raise IssuerUnavailable(f"{issuer_id} is {tenant.listing.state}")
    return tenant


class _Rehearsed(Exception):
    """Carries the reply out of a turn; being raised, it undoes what the turn did."""

    def __init__(self, reply: Any) -> None:
        super().__init__()
        self.reply = reply


async def rehearsed(
    perform: Perform,
    act: Callable[[Any, Q], R],
    request: Q,
    shown: Callable[[R], M],
) -> M:
    def rehearse(turn: Any, request: Q) -> NoReturn:
        raise _Rehearsed(act(turn, request))

    try:
        await perform(rehearse, request)
    except _Rehearsed as rehearsed:
        message = shown(rehearsed.reply)
        for field in message.DESCRIPTOR.fields:
            options: Any = field.GetOptions()
            if options.Extensions[annotations.shown_once]:
                message.ClearField(field.name)  # it opens nothing
        return message
    raise AssertionError("a rehearsal raises")


def name_of(caller: Caller, asked: Message) -> Name:
    request_id: str = getattr(asked, "request_id", "")
    kind = asked.DESCRIPTOR.full_name
    key = hashlib.sha256("\0".join((caller.origin.actor, kind, request_id.lower())).encode("utf-8")).digest()
    return Name(key, hashlib.sha256(asked.SerializeToString(deterministic=True)).digest())


def packed(message: Message) -> bytes:
    """With the name of its kind."""
    told = AnyMessage()
    told.Pack(message)
    return told.SerializeToString()


def _unpacked(told: bytes) -> Any:
    told_of = AnyMessage.FromString(told)
    kind = descriptor_pool.Default().FindMessageTypeByName(told_of.TypeName())
    return message_factory.GetMessageClass(kind).FromString(told_of.value)
