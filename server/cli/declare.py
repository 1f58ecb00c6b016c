"""`tenantry apply`, `tenantry diff` and `tenantry export`: issuers as files."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import typer

from server.cli import completion
from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.failing import REFUSED, USED_WRONGLY, complain, fail
from server.cli.issuer import named
from server.cli.output import Format
from server.cli.readable import printable, styled
from server.cli.server import NotDone, Server
from server.unreadable import why

if TYPE_CHECKING:
    from server.cli.declared.bring import Outcome, Surplus
    from server.cli.declared.documents import Declared

DRIFT = 4
AT_ONCE = 16
"""Issuers that are brought up to date at the same time, over one connection."""
_MARKS = {"created": ("+", "green"), "updated": ("~", "yellow"), "deleted": ("-", "red")}

Secrets: TypeAlias = dict[str, list[list[str]]]
"""Of the things of each section, in their order: the fields that no server tells."""
T = TypeVar("T")
R = TypeVar("R")

Files = Annotated[
    list[str],
    typer.Option(
        "-f", "--file", metavar="FILE", help="Issuers in YAML or JSON; - is the standard input. May be repeated."
    ),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="Delete what is not in the file, of the kinds that an issuer has there; never an issuer."
    ),
]


@remote
def apply(
    server: Server,
    file: Files,
    prune: Prune = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    secrets_file: Annotated[
        Path | None,
        typer.Option(
            "--secrets-file",
            metavar="FILE",
            show_default=False,
            help="Where to write secrets that the server makes, a line of JSON each. It must not be there yet.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Make issuers as files say.

    What is not there is created, what is different is changed, and what a file does not say stays as it is. See
    docs/declarative.md.
    """
    from server.cli.declared.bring import Bringing, Outcome, Surplus

    declared = _read(file)
    secrets = None if secrets_file is None or dry_run else _new_file(secrets_file)
    told: list[Outcome] = []

    def tell(outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            told.append(outcome)
            _tell(outcome, server.output, secrets, dry_run=dry_run)

    try:
        bringing = Bringing(server, rehearse=dry_run)
        tell(_each(bringing.issuer, declared))
        if prune:
            found = list(_each(bringing.surplus, _sound(declared, told)))
            tell(each for each in found if isinstance(each, Outcome))
            surplus = [each for each in found if isinstance(each, Surplus)]
            _confirm(surplus, yes=yes or dry_run)
            tell(_each(lambda each: [bringing.delete(each)], surplus))
    except NotDone as not_done:
        fail(not_done.code, not_done.line)
    finally:
        if secrets is not None:
            os.close(secrets)
    _sum_up(told, server.output, dry_run=dry_run)
    if any(outcome.verb == "failed" for outcome in told):
        raise typer.Exit(REFUSED)


@remote
def diff(server: Server, file: Files, prune: Prune = False) -> None:
    """Show where issuers are not as files say.

    Ends with 4 if they are not.
    """
    from server.cli.declared.bring import Bringing, Outcome

    bringing = Bringing(server, rehearse=True)
    declared = _read(file)
    try:
        told = list(_each(bringing.issuer, declared))
        if prune:
            found = list(_each(bringing.surplus, _sound(declared, told)))
            told += [each if isinstance(each, Outcome) else bringing.delete(each) for each in found]
    except NotDone as not_done:
        fail(not_done.code, not_done.line)
    different = [outcome for outcome in told if outcome.verb in _MARKS]
    if server.output in (Format.JSON, Format.YAML):
        _print_all([_members(outcome) for outcome in different], server.output)
    for outcome in different:
        if server.output is Format.NAME:
            print(outcome.name)
        elif server.output is Format.TABLE:
            _show_difference(outcome)
    failed = [outcome for outcome in told if outcome.verb == "failed"]
    for outcome in failed:
        complain(outcome.problem)
    if failed or different:
        raise typer.Exit(REFUSED if failed else DRIFT)


@remote
def export(
    server: Server,
    issuers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ISSUER…",
            show_default=False,
            help="Which; all if none is named.",
            autocompletion=completion.issuers,
        ),
    ] = None,
) -> None:
    """Print issuers as files.

    As apply reads them, in YAML, or with -o json in JSON. A comment stands where a secret belongs.
    """
    from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest

    if server.output is Format.NAME:
        fail(USED_WRONGLY, "an export is in yaml or json")
    if issuers:
        names = [named(issuer) for issuer in issuers]
    else:
        names = [issuer.name for issuer in server.pages(ListIssuersRequest(), "issuers")]
    try:
        exported = _each(lambda name: [_exported(server, name)], names)
        if server.output is Format.JSON:
            print(json.dumps([document for document, _ in exported], indent=2, ensure_ascii=False))
            return
        for document, secret in exported:
            print("---")
            print(_commented(document, secret), end="")
    except NotDone as not_done:
        fail(not_done.code, not_done.line)


def _exported(server: Server, name: str) -> tuple[dict[str, Any], Secrets]:
    """An issuer as a file has it, and the secrets that the file will have to find elsewhere."""
    from server.cli.declared import kinds
    from server.cli.declared.bring import listed
    from server.cli.declared.spoken import left_out, spoken

    kind, issuer_id = kinds.issuer(), name.removeprefix("issuers/")
    document = {"kind": kinds.ISSUER, "id": issuer_id, **spoken(server.ask(kind.requests["Get"](name=name)))}
    secret: Secrets = {}
    for section, kind in kinds.sections().items():
        if kind.single:
            said: Any = spoken(server.ask(kind.requests["Get"](name=kind.name(issuer_id, ""))))
        else:
            things = list(listed(server, kind, issuer_id))
            said = [{"id": thing.name.rpartition("/")[2], **spoken(thing)} for thing in things]
            secret[section] = [left_out(thing) for thing in things]
        if said:
            document[section] = said
    return document, secret


def _commented(document: dict[str, Any], secret: Secrets) -> str:
    """In YAML, with a comment where a secret belongs."""
    from server.cli.declared.spoken import WHERE

    parts: list[str] = []
    for name, value in document.items():
        if name not in secret:
            parts.append(_yaml({name: value}))
            continue
        parts.append(f"{name}:\n")
        for thing, of_thing in zip(value, secret[name], strict=True):
            parts += [_yaml([thing]), *(f"  # {field}: {WHERE}\n" for field in of_thing)]
    return "".join(parts)


def _each(work: Callable[[T], Iterable[R]], on: Sequence[T]) -> Iterator[R]:
    """In the order of `on`, whatever ends first. After a problem nothing more is begun."""
    from concurrent.futures import ThreadPoolExecutor

    def wholly(each: T) -> list[R]:
        return list(work(each))

    with ThreadPoolExecutor(AT_ONCE) as workers:
        try:
            for results in workers.map(wholly, on):
                yield from results
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


def _read(files: list[str]) -> "list[Declared]":
    from server.cli.declared import documents

    try:
        return documents.read(files)
    except documents.Unreadable as unreadable:
        for line in unreadable.lines[:-1]:
            complain(line)
        fail(USED_WRONGLY, unreadable.lines[-1])


def _sound(declared: "Sequence[Declared]", told: "Sequence[Outcome]") -> "list[Declared]":
    """Without the issuers that were refused themselves: what the file has of those is no measure of what they have."""
    refused = {outcome.name for outcome in told if outcome.verb == "failed"}
    return [each for each in declared if each.issuer.name not in refused]


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        fail(USED_WRONGLY, f"--secrets-file {path} cannot be made: {why(error)}")


def _confirm(surplus: "Sequence[Surplus]", *, yes: bool) -> None:
    if not surplus or yes:
        return
    print("These are in no file, and would be deleted:", file=sys.stderr)
    for each in surplus:
        print(f"  {printable(each.name)}", file=sys.stderr)
    confirm("how many they are", str(len(surplus)), yes=yes)


def _tell(outcome: "Outcome", how: Format, secrets: int | None, *, dry_run: bool) -> None:
    if outcome.made and secrets is not None:
        os.write(secrets, f"{json.dumps({'name': outcome.name, **outcome.made})}\n".encode())
    if outcome.verb == "failed":
        complain(outcome.problem)
    elif how is Format.NAME and outcome.verb != "unchanged":
        print(outcome.name)
    elif how is Format.TABLE and outcome.verb != "unchanged":
        would = "would be " if dry_run else ""
        changed = f": {', '.join(outcome.after)}" if outcome.verb == "updated" else ""
        print(f"{printable(outcome.name)} {would}{outcome.verb}{changed}")
        if outcome.made and secrets is None:
            made = " and ".join(outcome.made)
            complain(f"the {made} of {outcome.name} was made and is not shown; rotate it, or give --secrets-file")
    sys.stdout.flush()


def _sum_up(told: "Sequence[Outcome]", how: Format, *, dry_run: bool) -> None:
    if how is Format.TABLE:
        counts = Counter(outcome.verb for outcome in told)
        words = ", ".join(f"{counts[verb]} {verb}" for verb in (*_MARKS, "unchanged", "failed") if counts[verb])
        print(f"{'dry run: ' if dry_run else ''}{words or 'nothing declared'}")
    elif how is not Format.NAME:
        _print_all([_members(outcome) for outcome in told], how)


def _members(outcome: "Outcome") -> dict[str, Any]:
    members = {
        "name": outcome.name,
        "result": outcome.verb,
        "before": dict(outcome.before),
        "after": dict(outcome.after),
        "problem": outcome.problem,
    }
    return {name: value for name, value in members.items() if value}


def _show_difference(outcome: "Outcome") -> None:
    mark, colour = _MARKS[outcome.verb]
    print(styled(f"{mark} {printable(outcome.name)}", colour))
    for path in {**outcome.before, **outcome.after}:
        for sign, value, shade in (("-", outcome.before.get(path), "red"), ("+", outcome.after.get(path), "green")):
            if value is not None:
                shown = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
                print(styled(f"  {sign} {path}: {printable(shown)}", shade))


def _print_all(items: list[dict[str, Any]], how: Format) -> None:
    print(json.dumps(items, indent=2, ensure_ascii=False) if how is Format.JSON else _yaml(items).rstrip("\n"))


def _yaml(what: Any) -> str:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):
        """Texts of several lines as they are."""

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(what, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
