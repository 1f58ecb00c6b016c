"""Things as files write them, and back: every kind and every field that the protos have."""

from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from server.cli.declared import kinds
from server.cli.declared.kinds import Kind, behaviours, settable
from server.cli.declared.spoken import at, heard, paths, spoken

KINDS = (kinds.issuer(), *kinds.sections().values())
ALTERNATIVES = 8
"""At least so many kinds of identity providers."""


def value_of(field: FieldDescriptor, seed: int) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values[1 + seed % (len(field.enum_type.values) - 1)].number
    if field.cpp_type == field.CPPTYPE_BOOL:
        return True
    return f"{field.name} {seed} é" if field.cpp_type == field.CPPTYPE_STRING else 1 + seed


def fill(message: Any, seed: int) -> None:
    """With something in every field that a file may set; of fields that exclude each other, in one."""
    for field in settable(message.DESCRIPTOR).values():
        one_of = field.containing_oneof
        if one_of is not None and one_of.fields[seed % len(one_of.fields)].number != field.number:
            continue
        target = getattr(message, field.name)
        if isinstance(target, Duration):
            target.seconds = 90 * seed + 60
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            target["a"], target["b"] = "x", str(seed)
        elif field.message_type is not None and field.is_repeated:
            for number in range(2):
                fill(target.add(), seed + number)
        elif field.message_type is not None:
            target.SetInParent()
            fill(target, seed)
        elif field.is_repeated:
            target.extend(value_of(field, seed + number) for number in range(2))
        else:
            setattr(message, field.name, value_of(field, seed))


def no_secret(where: Mapping[str, Any]) -> str:
    raise AssertionError(where)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.message.name)
@pytest.mark.parametrize("seed", range(ALTERNATIVES))
def test_every_field_of_every_kind_is_written_and_read_again(kind: Kind, seed: int) -> None:
    thing = kind.new()
    fill(thing, seed)
    for name, field in settable(kind.message).items():
        if "INPUT_ONLY" in behaviours(field):
            assert getattr(thing, name)
            thing.ClearField(name)
    written = spoken(thing)
    again = kind.new()
    assert list(heard(written, again, no_secret)) == []
    assert again == thing
    for path in paths(written, kind.message):
        assert at(again, path) == at(thing, path) is not None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.message.name)
def test_what_the_server_says_of_a_thing_is_nowhere_in_a_file(kind: Kind) -> None:
    thing = kind.new()
    assert spoken(thing) == {}
    for field in kind.message.fields:
        if (
            field.cpp_type == field.CPPTYPE_STRING
            and not field.is_repeated
            and field.name not in settable(kind.message)
        ):
            setattr(thing, field.name, "by the server")
    assert thing.name == "by the server"
    assert spoken(thing) == {}


def test_a_secret_is_read_by_whoever_knows_where_it_lies_and_never_written() -> None:
    kind = kinds.sections()["identity_providers"]
    thing = kind.new()
    assert list(heard({"client_secret": {"env": "A"}}, thing, lambda where: f"of {where['env']}")) == []
    assert thing.client_secret == "of A"
    assert spoken(thing) == {}
    assert at(thing, "client_secret") is None
