"""What the message of a call must hold, as its proto says: looked at whole, so that all that is wrong is told at once.

Read once for each kind of message. What is for output only is not looked at, whoever sends it back (AIP-203); an update
mask is for masks.py to read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from protos.admin.v1 import annotations_pb2 as annotations
from server.admin.field_rules import KEY, Wrong, behaves, option, wrong_of

MOST_ITEMS = 1_000
"""Where no rule says otherwise."""


@dataclass(frozen=True, slots=True)
class Violation:
    field: str
    """The path of the field, such as `issuer.policy.scopes[3]`."""
    description: str


class Violations(Exception):
    """The message breaks rules of its proto: these."""

    def __init__(self, found: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in found[:3]))
        self.found = found


@dataclass(frozen=True, slots=True)
class _Field:
    wrong: Wrong | None
    """Of its value, or of each of its items; None for messages, which have fields themselves."""
    many: bool
    keyed: bool
    most: int


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of messages."""

    required: tuple[str, ...]
    update: bool
    """Of a request that says in a mask which fields count: what its thing needs, that has already."""
    fields: dict[int, _Field]
    """By their numbers, those that are looked at."""


class Rules:
    def __init__(self, kinds: Iterable[Descriptor]) -> None:
        """For requests of these `kinds`. Raises re.error where a pattern is none."""
        self._kinds: dict[Descriptor, _Kind] = {}
        for kind in kinds:
            self._learn(kind)

    def check(self, request: Message) -> None:
        """Raises Violations."""
        found = tuple(self._violations(request, "", partial=False))
        if found:
            raise Violations(found)

    def _learn(self, described: Descriptor) -> None:
        if described in self._kinds:
            return
        looked_at = [each for each in described.fields if not behaves(each, "OUTPUT_ONLY") and not _is_mask(each)]
        required = tuple(each.name for each in looked_at if behaves(each, "REQUIRED"))
        fields = {each.number: _field(each) for each in looked_at}
        self._kinds[described] = _Kind(required, "update_mask" in described.fields_by_name, fields)
        for each in looked_at:
            within = _item(each).message_type
            if within is not None and fields[each.number].wrong is None:
                self._learn(within)

    def _violations(self, message: Message, path: str, *, partial: bool) -> Iterator[Violation]:
        kind, said = self._kinds[cast(Descriptor, message.DESCRIPTOR)], message.ListFields()
        if kind.required and not partial:
            names = {each.name for each, _ in said}
            for name in kind.required:
                if name not in names:
                    yield Violation(f"{path}{name}", "is required")
        for each, value in said:
            looked_at = kind.fields.get(each.number)
            if looked_at is not None and looked_at.many:
                yield from self._of_many(looked_at, value, f"{path}{each.name}")
            elif looked_at is not None:
                yield from self._of_one(looked_at, value, f"{path}{each.name}", partial=partial or kind.update)

    def _of_one(self, looked_at: _Field, value: Any, at: str, *, partial: bool) -> Iterator[Violation]:
        if looked_at.wrong is None:
            yield from self._violations(value, f"{at}.", partial=partial)
        elif what := looked_at.wrong(value):
            yield Violation(at, what)

    def _of_many(self, looked_at: _Field, values: Any, at: str) -> Iterator[Violation]:
        """Of the items of a list, or of a map: whoever sends one sends it whole, in an update too."""
        if len(values) > looked_at.most:
            yield Violation(at, f"must have at most {looked_at.most} items")
            return
        for key, value in values.items() if looked_at.keyed else enumerate(values):
            place = f"{at}[{str(key)[:80]}]"
            if looked_at.keyed and (what := KEY(key)):
                yield Violation(place, f"the key {what}")
            yield from self._of_one(looked_at, value, place, partial=False)


def _field(described: FieldDescriptor) -> _Field:
    rules = option(described, annotations.rules)
    keyed = _item(described) is not described
    return _Field(wrong_of(_item(described), rules), described.is_repeated, keyed, rules.max_items or MOST_ITEMS)


def _item(described: FieldDescriptor) -> FieldDescriptor:
    """The field itself, or that of the values of a map."""
    within = described.message_type
    return within.fields_by_name["value"] if within is not None and within.GetOptions().map_entry else described


def _is_mask(described: FieldDescriptor) -> bool:
    return described.message_type is not None and described.message_type.full_name == "google.protobuf.FieldMask"
