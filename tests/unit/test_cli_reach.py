"""The command reaches all of the API, and knows which kinds of things a file may declare from the protos alone."""

import inspect
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from typer.main import get_command

from server.cli.app import app
from server.cli.declared import kinds
from tests.support.admin import METHODS
from tests.support.requirement import requirement


def names_in(code: CodeType) -> Iterator[str]:
    """All that a function, and those inside it, may refer to."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
        elif isinstance(constant, tuple):
            yield from (each for each in constant if isinstance(each, str))


def names_behind(function: Any, seen: set[Any]) -> Iterator[str]:
    """The same of a function, and of those of our own that it calls."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None or function in seen or not str(function.__module__).startswith("server.cli"):
        return
    seen.add(function)
    module = vars(sys.modules[function.__module__])
    for name in names_in(code):
        yield name
        called = module.get(name)
        if inspect.isclass(called):
            for member in vars(called).values():
                yield from names_behind(member, seen)
        elif called is not None:
            yield from names_behind(called, seen)


def commands(group: Any) -> Iterator[Any]:
    """What each command calls, of a group and those below."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from commands(command)
        else:
            yield command.callback


@requirement("house:every-call-has-a-command")
def test_every_method_of_the_api_has_a_command() -> None:
    named = {name for callback in commands(get_command(app)) for name in names_behind(callback, set())}
    assert [method.full_name for method in METHODS if method.input_type.name not in named] == []


def test_what_has_an_id_and_can_be_changed_can_be_declared() -> None:
    """And nothing has to be said of a new kind: the sections of a file are found in the protos."""
    takes = {
        message.name.removeprefix("Create").removesuffix("Request")
        for message in (method.input_type for method in METHODS)
        if message.name.startswith("Create") and "parent" in message.fields_by_name
    }
    changed = {method.name.removeprefix("Update") for method in METHODS if method.name.startswith("Update")}
    declared = {kind.message.name for kind in kinds.sections().values()}
    assert (takes & changed) - {"User"} <= declared
    assert {"clients", "identity_providers", "resources", "webhook", "workload_issuers"} <= kinds.sections().keys()
    issuer = kinds.issuer()
    assert not {field.name for field in issuer.message.fields} & {"kind", "id", *kinds.sections()}
    for kind in kinds.sections().values():
        assert "id" not in {field.name for field in kind.message.fields}
        assert {"Get", "Update"} <= kind.requests.keys()
        assert kind.single or {"Create", "List", "Delete"} <= kind.requests.keys()
