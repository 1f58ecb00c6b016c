"""The servers that an operator knows by a name, in `$XDG_CONFIG_HOME/tenantry/contexts.toml`.

It says where each is, and where the files lie that open it: a token itself is never kept there.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from server.unreadable import why

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class BadContexts(Exception):
    """The file, or what is to be done with it, is not as it must be. The message is one line."""


@dataclass(frozen=True, slots=True)
class Context:
    address: str
    token_file: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Contexts:
    named: Mapping[str, Context] = field(default_factory=dict[str, Context])
    current: str | None = None

    def get(self, name: str) -> Context:
        if name not in self.named:
            raise BadContexts(f"there is no context {name!r}; see tenantry context list")
        return self.named[name]

    def with_one(self, name: str, context: Context) -> "Contexts":
        """The first one is the current one."""
        if not _NAME.fullmatch(name):
            raise BadContexts("a context's name is 1 to 63 of letters, digits and ._-, beginning with none of ._-")
        return Contexts({**self.named, name: context}, self.current or name)

    def without(self, name: str) -> "Contexts":
        self.get(name)
        rest = {other: context for other, context in self.named.items() if other != name}
        return Contexts(rest, None if self.current == name else self.current)

    def using(self, name: str) -> "Contexts":
        self.get(name)
        return Contexts(self.named, name)


def names(incomplete: str) -> list[str]:
    """Those that begin so, for a shell to complete."""
    try:
        return [name for name in read().named if name.startswith(incomplete)]
    except BadContexts:
        return []


def place() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tenantry" / "contexts.toml"


def read() -> Contexts:
    """None where there is no file. Raises BadContexts."""
    path = place()
    try:
        if not path.exists():
            return Contexts()
        given = tomllib.loads(path.read_text("utf-8"))
        named = cast("dict[str, dict[str, Any]]", given.pop("contexts", {}))
        current = given.pop("current", None)
        contexts = {name: Context(**members) for name, members in named.items()}
        known = all(isinstance(each, str) for one in contexts.values() for each in asdict(one).values() if each)
        if given or not known or not (current is None or current in contexts):
            raise ValueError("it is not as tenantry context writes it")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadContexts(f"{path} cannot be used: {why(error)}") from None
    return Contexts(contexts, current)


def write(contexts: Contexts) -> None:
    """Whole, and for the operator's own eyes. Raises BadContexts."""
    lines = [] if contexts.current is None else [f"current = {json.dumps(contexts.current)}"]
    for name, context in contexts.named.items():
        lines += ["", f"[contexts.{json.dumps(name)}]"]
        said = {each.name: getattr(context, each.name) for each in fields(context)}
        lines += [f"{key} = {_toml(value)}" for key, value in said.items() if value is not None]
    path = place()
    unfinished = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]).lstrip("\n"))
        unfinished.rename(path)
    except OSError as error:
        raise BadContexts(f"{path} cannot be written: {why(error)}") from None


def _toml(text: str) -> str:
    """JSON escapes all that TOML wants escaped in a basic string, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
