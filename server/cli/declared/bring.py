"""Brings one issuer to what a file declares: creates what is not there, and changes what is said to be otherwise.

Every change is rehearsed by the server before it is made: so what it writes in another way than the file does is no
difference, and a secret that it has already is not set again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from server.cli.declared import kinds
from server.cli.declared.documents import Declared, Thing
from server.cli.declared.kinds import Kind
from server.cli.declared.spoken import WHERE, at, is_secret, secrets, spoken
from server.cli.failing import UNREACHABLE
from server.cli.output import shown_once
from server.cli.server import NotDone, Server

Verb = Literal["created", "updated", "unchanged", "deleted", "failed"]
SECRET = "(a secret)"
WHICH = "issuer_uri"
"""What makes an issuer the one that it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a thing, or would become."""

    verb: Verb
    name: str
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What changed, by paths, as people write it."""
    made: Mapping[str, str] = field(default_factory=dict[str, str])
    """Secrets that the server made, and never shows again."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Surplus:
    """Something that the file does not have, in a section that it has."""

    kind: Kind
    thing: Any

    @property
    def name(self) -> str:
        return self.thing.name


@dataclass(frozen=True, slots=True)
class Bringing:
    server: Server
    rehearse: bool
    """Only say what would be done."""

    def issuer(self, declared: Declared) -> Iterator[Outcome]:
        """Nothing where the file is about another issuer. Raises NotDone if the server cannot be reached."""
        there = self._got(declared.issuer)
        if there is not None and not isinstance(there, Outcome) and _differs(declared.issuer, there, WHICH):
            yield _failed(declared.issuer, _another(declared.issuer, there))
            return
        outcome = there if isinstance(there, Outcome) else self._brought(declared.issuer, there)
        yield outcome
        if outcome.verb == "failed" and (there is None or there is outcome):
            yield from (_failed(thing, "its issuer is not there") for thing in declared.things)
        elif there is None and self.rehearse:
            yield from (_at_a_new_issuer(thing) for thing in declared.things)
        else:
            yield from self._in_turn(declared.things)

    def _in_turn(self, things: tuple[Thing, ...]) -> Iterator[Outcome]:
        """What fails is tried again after the rest, as long as that gets on: one may need another to be there."""
        left = things
        while left:
            tried = [(thing, self._seen_and_brought(thing)) for thing in left]
            failed = tuple(thing for thing, outcome in tried if outcome.verb == "failed")
            at_an_end = self.rehearse or len(failed) == len(left)
            yield from (outcome for _, outcome in tried if at_an_end or outcome.verb != "failed")
            left = () if at_an_end else failed

    def surplus(self, declared: Declared) -> Iterator[Surplus | Outcome]:
        """Of the sections that the file has."""
        for section in declared.sections:
            kind = kinds.sections()[section]
            if kind.single or "Delete" not in kind.requests:
                continue
            kept = {thing.name for thing in declared.things if thing.kind is kind}
            try:
                for thing in listed(self.server, kind, declared.issuer.issuer_id):
                    if thing.name not in kept:
                        yield Surplus(kind, thing)
            except NotDone as not_done:
                if _is_missing(not_done):
                    return  # an issuer that is not there has nothing
                yield _problem(declared.issuer.name, not_done, declared.issuer.place)

    def delete(self, surplus: Surplus) -> Outcome:
        request = surplus.kind.requests["Delete"](name=surplus.name)
        if "etag" in request.DESCRIPTOR.fields_by_name:
            request.etag = surplus.thing.etag
        request.validate_only = self.rehearse
        try:
            self.server.ask(request)
        except NotDone as not_done:
            return _problem(surplus.name, not_done, "--prune")
        return Outcome("deleted", surplus.name, before=spoken(surplus.thing))

    def _got(self, thing: Thing) -> Any:
        """As it is, None if it is not there, or the outcome if that cannot be said."""
        try:
            return self.server.ask(thing.kind.requests["Get"](name=thing.name))
        except NotDone as not_done:
            return None if _is_missing(not_done) else _problem(thing.name, not_done, thing.place)

    def _seen_and_brought(self, thing: Thing) -> Outcome:
        there = self._got(thing)
        return there if isinstance(there, Outcome) else self._brought(thing, there)

    def _brought(self, thing: Thing, there: Any) -> Outcome:
        try:
            return self._create(thing) if there is None else self._update(thing, there)
        except NotDone as not_done:
            return _problem(thing.name, not_done, thing.place, _what_to_say(thing, not_done.line))

    def _create(self, thing: Thing) -> Outcome:
        kind = thing.kind
        request = kind.requests["Create"](validate_only=self.rehearse, **{f"{kind.field}_id": thing.own_id})
        if "parent" in request.DESCRIPTOR.fields_by_name:
            request.parent = f"issuers/{thing.issuer_id}"
        else:
            setattr(request, f"{kind.field}_id", thing.issuer_id)
        brought = getattr(request, kind.field)
        brought.CopyFrom(thing.message)
        brought.ClearField("name")
        made = self.server.ask(request)
        return _created(thing, {} if self.rehearse else _made(made))

    def _update(self, thing: Thing, there: Any) -> Outcome:
        mask = [path for path in thing.said if _differs(thing, there, path)]
        if not mask:
            return Outcome("unchanged", thing.name)
        rehearsed = self._ask_update(thing, there, mask, rehearse=True)
        changed = [path for path in mask if at(rehearsed, path) != at(there, path)]
        if rehearsed.etag != there.etag:  # which tells whether a secret is another one
            changed += [path for path in mask if is_secret(thing.kind.message, path)]
        if not changed:
            return Outcome("unchanged", thing.name)
        made = {} if self.rehearse else _made(self._ask_update(thing, there, mask, rehearse=False))
        before, after = ({path: at(seen, path) for path in changed} for seen in (there, rehearsed))
        after |= {path: SECRET for path in changed if is_secret(thing.kind.message, path)}
        return Outcome("updated", thing.name, before=before, after=after, made=made)

    def _ask_update(self, thing: Thing, there: Any, mask: list[str], *, rehearse: bool) -> Any:
        request = thing.kind.requests["Update"](validate_only=rehearse)
        request.update_mask.paths.extend(mask)
        brought = getattr(request, thing.kind.field)
        brought.CopyFrom(thing.message)
        brought.etag = there.etag
        return self.server.ask(request)


def listed(server: Server, kind: Kind, issuer_id: str) -> Iterator[Any]:
    """All of a kind that the operator made. Raises NotDone."""
    return server.ask_pages(kind.listing(issuer_id), kind.section)


def _differs(thing: Thing, there: Any, path: str) -> bool:
    """Whether the file says something else than what is there, or may do so."""
    said = path in thing.said
    return said and (is_secret(thing.kind.message, path) or at(thing.message, path) != at(there, path))


def _another(issuer: Thing, there: Any) -> str:
    said, found = at(issuer.message, WHICH), at(there, WHICH)
    return f"is about another issuer: {issuer.issuer_id} is {found} at this server, not {said}; nothing of it is done"


def _created(thing: Thing, made: Mapping[str, str] | None = None) -> Outcome:
    message = thing.kind.message
    after = {path: SECRET if is_secret(message, path) else at(thing.message, path) for path in thing.said}
    return Outcome("created", thing.name, after=after, made=made or {})


def _at_a_new_issuer(thing: Thing) -> Outcome:
    """It is not there yet; of what an issuer has exactly one, that is there with it."""
    created = _created(thing)
    if not thing.kind.single:
        return created
    changed = any(_differs(thing, thing.kind.new(), path) for path in thing.said)
    return replace(created, verb="updated") if changed else Outcome("unchanged", thing.name)


def _problem(name: str, not_done: NotDone, place: str, more: str = "") -> Outcome:
    """Raises it again if there is no server to go on with."""
    if not_done.code == UNREACHABLE:
        raise not_done
    return Outcome("failed", name, problem=f"{place}: {not_done.line}{more}")


def _what_to_say(thing: Thing, refused: str) -> str:
    """Of a secret that the server misses: an export leaves it out."""
    missed = [name for name in secrets(thing.kind.message) if name not in thing.said and f"{name}: " in refused]
    return "".join(f"; say where it lies: {name}: {WHERE}" for name in missed)


def _failed(thing: Thing, why: str) -> Outcome:
    return Outcome("failed", thing.name, problem=f"{thing.place}: {why}")


def _is_missing(not_done: NotDone) -> bool:
    return not_done.status == "NOT_FOUND"


def _made(message: Any) -> dict[str, str]:
    """The secrets that it tells."""
    return {name: secret for name in shown_once(message) if (secret := getattr(message, name))}
