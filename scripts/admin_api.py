"""Writes docs/admin-api.json and docs/admin-api.md: every call of the admin API, who may make it, what it may answer.

python -m scripts.admin_api IMAGE FOLDER: of a FileDescriptorSet with comments, into a folder.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
from google.api import annotations_pb2 as http_annotations  # pyright: ignore[reportMissingTypeStubs]
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto

from protos.admin.v1 import annotations_pb2 as annotations
from server.admin.caller import MAY, OF_OTHERS
from server.admin.status import REASONS, TABLE

PACKAGE = "tenantry.admin.v1"
CODES = "|".join(code.name for code in grpc.StatusCode)
ERROR = re.compile(rf"(?<![\w.])({CODES})\b(?:(?: \(|[:,] )([^);.]*))?")
"""A code, and what may stand after it in brackets or after a colon."""
ERRORS = re.compile(rf"(?:^|(?<=\. ))(?:{CODES})\b.*")
"""What a comment ends with: sentences that begin with a code."""
REASON = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
SERVICE, METHOD = 6, 2
"""Field numbers in FileDescriptorProto and ServiceDescriptorProto, which make the paths of comments."""
ANY_CALL = frozenset(
    {"UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"}
)


def services(image: FileDescriptorSet) -> Iterator[dict[str, Any]]:
    """Of our protos, and then those of others that we answer too."""
    for ours in (True, False):
        for file in image.file:
            if (file.package == PACKAGE) is ours:
                yield from services_of(file)


def services_of(file: FileDescriptorProto) -> Iterator[dict[str, Any]]:
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    requests = {message.name: {field.name for field in message.field} for message in file.message_type}
    for at, service in enumerate(file.service):
        about = text(comments[SERVICE, at])
        name = f"{file.package}.{service.name}"
        if file.package != PACKAGE and not any(f"{name}.{method.name}" in OF_OTHERS for method in service.method):
            continue
        yield {
            "name": name,
            "description": about,
            "methods": [
                described(name, method, text(comments[SERVICE, at, METHOD, n]), about, requests)
                for n, method in enumerate(service.method)
            ],
        }


def described(
    service: str, method: MethodDescriptorProto, about: str, about_all: str, requests: dict[str, set[str]]
) -> dict[str, Any]:
    options: Any = method.options
    said = options.Extensions[annotations.access], options.Extensions[annotations.shows_own]
    access, shows_own = OF_OTHERS.get(f"{service}.{method.name}", said)
    request = method.input_type.rpartition(".")[2]
    rule = options.Extensions[http_annotations.http]
    verb = rule.WhichOneof("pattern")
    return {
        "name": method.name,
        "path": f"/{service}/{method.name}",
        "description": about,
        "request": method.input_type.removeprefix("."),
        "response": method.output_type.removeprefix("."),
        "streams": method.server_streaming,
        "http": {"method": verb.upper(), "path": getattr(rule, verb), "body": rule.body} if verb else None,
        "access": annotations.Access.Name(access).removeprefix("ACCESS_"),
        "roles": [role for role, may in MAY.items() if access in may],
        "shows_own": shows_own,
        "idempotent": idempotent(method.name, access, requests.get(request, set())),
        "validate_only": "validate_only" in requests.get(request, ()),
        "errors": errors(f"{about_all} {about}"),
    }


def idempotent(name: str, access: int, fields: Iterable[str]) -> str:
    if access == annotations.ACCESS_READ or name.startswith(("Get", "List")):
        return "always"
    return "with request_id" if "request_id" in fields else "no"


def errors(about: str) -> dict[str, list[str]]:
    """The codes that a comment names, and the reasons in brackets after them; those that any call may meet left out."""
    found: dict[str, list[str]] = {"INVALID_ARGUMENT": []}
    for code, more in ERROR.findall(about):
        reasons = found.setdefault(code, [])
        reasons += [reason for reason in REASON.findall(more) if reason not in reasons]
    return {code: found[code] for code in sorted(found) if code not in ANY_CALL}


def text(comment: str) -> str:
    return " ".join(comment.split())


def page(api: dict[str, Any]) -> Iterator[str]:
    yield "# The admin API"
    yield ""
    yield "Made from the protos by `scripts/protos`; `admin-api.json` beside it says the same to programs."
    yield ""
    yield (
        "Roles may more from left to right: "
        + ", ".join(f"`{role}`" for role in MAY)
        + ". What a call may do is said as READ, WRITE, PROVISION or OWN: "
        + "; ".join(
            f"{access} is for {', '.join(f'`{role}`' for role in roles)}" for access, roles in api["access"].items()
        )
        + "."
    )
    yield ""
    yield (
        "*Once* says how a call can be sent again without harm: always; with a `request_id`, under which it is done "
        "once within a day; or not. *Dry* says whether it takes `validate_only`. What any call may meet is in the "
        "last table."
    )
    for service in api["services"]:
        yield from ("", f"## {service['name'].rpartition('.')[2]}", "", service["description"], "")
        yield "| Call | May | Once | Dry | | Errors |"
        yield "|---|---|---|---|---|---|"
        for method in service["methods"]:
            about = method["description"].replace("|", "\\|")
            told = ERRORS.search(about)
            once = {"always": "always", "with request_id": "`request_id`", "no": "no"}[method["idempotent"]]
            answer = method["response"].rpartition(".")[2]
            yield (
                f"| `{method['name']}` → {'stream of ' if method['streams'] else ''}`{answer}` | {method['access']} "
                f"| {once} | {'yes' if method['validate_only'] else ''} | {ERRORS.sub('', about).strip()} "
                f"| {told[0] if told else ''} |"
            )
    yield from ("", "## Errors", "")
    yield (
        "Each bears `google.rpc.ErrorInfo` with the domain `admin.tenantry.dev` and one of these reasons, and the "
        "`request_id` by which the server's log knows the call; INVALID_ARGUMENT bears `google.rpc.BadRequest` with "
        "the paths of all fields that are wrong."
    )
    yield from ("", "| Code | Reason |", "|---|---|")
    for code, reasons in api["errors"].items():
        yield f"| {code} | {', '.join(reasons)} |"


def reasons() -> dict[str, list[str]]:
    found = {"INTERNAL": ["INTERNAL"], "INVALID_ARGUMENT": [*REASONS.values()]}
    for row in TABLE.values():
        of_code = found.setdefault(row.code.name, [])
        if row.reason not in of_code:
            of_code.append(row.reason)
    return {code: sorted(found[code]) for code in sorted(found)}


def main(image: Path, folder: Path) -> None:
    access = {
        name.removeprefix("ACCESS_"): [role for role, may in MAY.items() if number in may]
        for name, number in annotations.Access.items()
        if number
    }
    api = {
        "package": PACKAGE,
        "access": access,
        "services": list(services(FileDescriptorSet.FromString(image.read_bytes()))),
        "errors": reasons(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "admin-api.json").write_text(json.dumps(api, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "admin-api.md").write_text("\n".join(page(api)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
