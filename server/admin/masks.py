"""Update masks (AIP-134, AIP-161): which fields of a message are to change, and how they change another one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from server.admin.field_rules import behaves
from server.admin.status import Immutable
from tenants.problems import Invalid


@dataclass(frozen=True, slots=True)
class Changeable:
    """The fields that an update of one kind of message may name."""

    whole: tuple[str, ...]
    parts: frozenset[str]
    """Fields of those that are messages, as paths."""
    set_once: frozenset[str]
    output_only: frozenset[str]

    def paths(self, mask: tuple[str, ...], given: Message) -> tuple[str, ...]:
        """Which of them to change: those of the mask, or without one, those that say something. Raises Invalid."""
        if mask == ("*",):
            return self.whole
        if not mask:
            return tuple(said(given, self.whole))
        for path in mask:
            if path in self.set_once:
                raise Immutable("update_mask", f"{path} cannot be changed")
            if path in self.output_only:
                raise Invalid("update_mask", f"{path} is for output only")
            if path not in self.whole and path not in self.parts:
                raise Invalid("update_mask", f"{path[:80]} is no field that can be changed")
        if len(set(mask)) < len(mask):
            raise Invalid("update_mask", "names a field twice")
        return mask


def changeable(kind: type[Message], *, also_set_once: Collection[str] = ()) -> Changeable:
    """As its proto says of each field. `also_set_once` are for output only, and the request that makes it says them."""
    every = cast(Descriptor, kind.DESCRIPTOR).fields
    set_once = {each.name for each in every if behaves(each, "IDENTIFIER") or behaves(each, "IMMUTABLE")}
    set_once.update(also_set_once)
    # an etag that is sent back says which version is meant
    output_only = {each.name for each in every if behaves(each, "OUTPUT_ONLY") or each.name == "etag"} - set_once
    fields = [each for each in every if each.name not in set_once | output_only]
    parts = {
        f"{field.name}.{part.name}"
        for field in fields
        if not field.is_repeated and field.message_type is not None and field.message_type is not Duration.DESCRIPTOR
        for part in field.message_type.fields
    }
    whole = tuple(field.name for field in fields)
    return Changeable(whole, frozenset(parts), frozenset(set_once), frozenset(output_only))


def said(message: Message, whole: Collection[str] | None = None, outer: str = "") -> Iterable[str]:
    """The fields (of `whole`) that say something; of those that have fields themselves, which of these."""
    for field, value in message.ListFields():
        if whole is not None and field.name not in whole:
            continue
        if isinstance(value, Message) and not isinstance(value, Duration):
            yield from said(value, outer=f"{field.name}.")
        else:
            yield f"{outer}{field.name}"


def merge(given: Message, paths: Iterable[str], onto: Message) -> None:
    """Make the named fields of `onto` as they are in `given`."""
    for path in paths:
        source: Any = given
        target: Any = onto
        *outer, name = path.split(".")
        for step in outer:
            source, target = getattr(source, step), getattr(target, step)
        value = getattr(source, name)
        target.ClearField(name)
        if isinstance(value, Message):
            getattr(target, name).CopyFrom(value)
        elif target.DESCRIPTOR.fields_by_name[name].is_repeated:
            getattr(target, name).extend(value)
        else:
            setattr(target, name, value)
