"""What a file declares, read as a whole before anything is done: a document an issuer, in YAML or JSON."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from server.cli.declared import kinds
from server.cli.declared.kinds import ISSUER, Kind
from server.cli.declared.spoken import heard, paths
from server.cli.file import STDIN, called, contents
from server.cli.words import ID, ID_FORM
from server.unreadable import why

_OF_DOCUMENT = ("kind", "id")


class Unreadable(Exception):
    """The files cannot be used. Each line says where, and what is wrong."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__()
        self.lines = list(lines)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is to be as it is here."""

    kind: Kind
    issuer_id: str
    own_id: str
    """Empty for an issuer, and where an issuer has exactly one."""
    message: Any
    said: tuple[str, ...]
    """The fields that the file says, as an update mask. It says nothing of the others."""
    place: str

    @property
    def name(self) -> str:
        return self.kind.name(self.issuer_id, self.own_id)


@dataclass(frozen=True, slots=True)
class Declared:
    """An issuer, and what is to be of it."""

    issuer: Thing
    things: tuple[Thing, ...]
    sections: tuple[str, ...]
    """Those that the file has, even if one is empty."""


def read(files: Iterable[str]) -> list[Declared]:
    """All that they declare. `-` is the standard input. Raises Unreadable."""
    reader = _Reader()
    for file in files:
        for number, document in enumerate(reader.documents(file), start=1):
            reader.take(document, file, number)
    if reader.wrong:
        raise Unreadable(reader.wrong)
    return reader.found


@dataclass
class _Reader:
    found: list[Declared] = field(default_factory=list[Declared])
    wrong: list[str] = field(default_factory=list[str])
    _places: dict[str, str] = field(default_factory=dict[str, str])
    """Of the issuers so far, by their ids."""

    def documents(self, file: str) -> list[Any]:
        try:
            read = list(_parsed(contents(file)))
        except RecursionError:
            self.wrong.append(f"{called(file)}: cannot be read: it is nested too deeply")
            return []
        except (OSError, ValueError) as error:
            self.wrong.append(f"{called(file)}: cannot be read: {why(error)}")
            return []
        flat: list[Any] = []
        for document in read:  # a list is what `export -o json` prints
            flat += cast("list[Any]", document) if isinstance(document, list) else [document]
        return [document for document in flat if document is not None]

    def take(self, document: Any, file: str, number: int) -> None:
        place = f"{called(file)}, document {number}"
        members = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        if members.get("kind") != ISSUER:
            self.wrong.append(f"{place}: must begin with kind: {ISSUER}")
            return
        issuer_id = self._id(members, place)
        if issuer_id in self._places:
            self.wrong.append(f"{place}: {issuer_id} is declared in {self._places[issuer_id]} already")
        self._places[issuer_id] = place
        sections = {name: value for name, value in members.items() if name in kinds.sections()}
        own = {name: value for name, value in members.items() if name not in sections and name not in _OF_DOCUMENT}
        things: list[Thing] = []
        for name, value in sections.items():
            things += self._section(kinds.sections()[name], value, issuer_id, file, place)
        issuer = self._thing(kinds.issuer(), own, issuer_id, "", file, place)
        self.found.append(Declared(issuer, tuple(things), tuple(sections)))

    def _section(self, kind: Kind, value: Any, issuer_id: str, file: str, place: str) -> Iterator[Thing]:
        if kind.single:
            if isinstance(value, dict):
                members = cast("dict[str, Any]", value)
                yield self._thing(kind, members, issuer_id, "", file, f"{place}, {kind.section}")
            else:
                self.wrong.append(f"{place}, {kind.section}: must have fields of {kind.message.name}")
            return
        if not isinstance(value, list):
            self.wrong.append(f"{place}, {kind.section}: must be a list, each with an id; [] for none")
            return
        ids: set[str] = set()
        for number, item in enumerate(cast("list[Any]", value)):
            here = f"{place}, {kind.section}[{number}]"
            if not isinstance(item, dict):
                self.wrong.append(f"{here}: must have an id, and fields of {kind.message.name}")
                continue
            members = cast("dict[str, Any]", item)
            own_id = self._id(members, here)
            if own_id in ids:
                self.wrong.append(f"{here}: {own_id} is there twice")
            ids.add(own_id)
            rest = {name: each for name, each in members.items() if name != "id"}
            yield self._thing(kind, rest, issuer_id, own_id, file, here)

    def _thing(
        self, kind: Kind, members: Mapping[str, Any], issuer_id: str, own_id: str, file: str, place: str
    ) -> Thing:
        message = kind.new()
        wrong = list(heard(members, message, _secrets_near(file)))
        self.wrong += [f"{place}, {each.path}: {each.why}" for each in wrong]
        said = () if wrong else tuple(paths(members, kind.message))
        thing = Thing(kind, issuer_id, own_id, message, said, place)
        message.name = thing.name
        return thing

    def _id(self, members: Mapping[str, Any], place: str) -> str:
        own_id = members.get("id")
        if isinstance(own_id, str) and ID.fullmatch(own_id):
            return own_id
        self.wrong.append(f"{place}, id: {ID_FORM}")
        return ""


def _parsed(text: str) -> Iterator[Any]:
    """Raises ValueError, with the line."""
    import yaml

    if text.lstrip().startswith(("{", "[")):
        try:
            yield json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError:
            pass  # YAML may begin so too
        else:
            return
    try:
        yield from yaml.load_all(text, _loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ValueError(f"{where}{' '.join(filter(None, (error.context, error.problem)))}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        """Safe, and takes no name twice, nor a time for anything but text."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            _once([(key.value, None) for key, _ in node.value], node.start_mark.line + 1)
            return base.construct_mapping(self, node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return Loader


def _once(pairs: list[tuple[str, Any]], line: int = 0) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is there twice{f', in what begins in line {line}' if line else ''}")
    return dict(pairs)


def _secrets_near(file: str) -> Any:
    """Reads secrets; the paths of files begin where this one lies."""

    def secret(where: Mapping[str, Any]) -> str:
        if list(where) == ["env"]:
            found = os.environ.get(str(where["env"]), "")
            words = f"the environment has no {where['env']}"
        elif list(where) == ["file"]:
            folder = Path() if file == STDIN else Path(file).parent
            try:
                found = (folder / str(where["file"])).read_text("utf-8").removesuffix("\n").removesuffix("\r")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"{where['file']} cannot be read: {why(error)}") from None
            words = f"{where['file']} is empty"
        else:
            raise ValueError("must be {env: NAME} or {file: PATH}")
        if not found:
            raise ValueError(words)
        return found

    return secret
