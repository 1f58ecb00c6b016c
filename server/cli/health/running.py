"""A server that runs: whether it answers, and whether its issuers and their identity providers can be reached."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import urlsplit

from server.cli.health.finding import Finding, counted, fail, ok, some, warn
from server.cli.readable import own_id
from server.cli.server import NotDone, Server

AT_ONCE = 8
MOST_ISSUERS = 50
"""That are looked at."""
WITHIN = 5.0
"""Seconds for one document."""
LARGEST = 1_000_000
_ITSELF, _SOMEBODY = "itself", "somebody else"
_WELL_KNOWN = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True)
class Tried:
    """The identity providers of an issuer that are switched on: how many, and what is wrong with which."""

    count: int
    troubles: list[str]


def admin_api(server: Server) -> Iterator[Finding]:
    """The server, and what is behind it."""
    from protos.admin.v1.issuer_service_pb2 import Issuer, ListIssuersRequest
    from protos.admin.v1.server_service_pb2 import GetServerInfoRequest

    try:
        info = server.ask(GetServerInfoRequest())
        page = server.ask(ListIssuersRequest(page_size=MOST_ISSUERS))
    except NotDone as not_done:
        yield fail("server", not_done.line, "see its log, then try again")
        return
    mine = version("tenantry")
    if info.version == mine:
        yield ok("server", f"{server.address} answers, version {info.version}")
    else:
        yield warn("server", f"it is version {info.version}, this command {mine}", "use the same version of both")
    issuers = [issuer for issuer in page.issuers if issuer.state == Issuer.STATE_ACTIVE]
    only = f" (only the first {MOST_ISSUERS} were looked at)" if page.next_page_token else ""
    with ThreadPoolExecutor(AT_ONCE) as workers:
        answers = dict(zip([issuer.issuer_uri for issuer in issuers], workers.map(_answer, issuers), strict=True))
        yield from _of_answers(answers, only)
        tried = list(workers.map(partial(_providers, server), issuers))
    yield from _of_providers(dict(zip([issuer.name for issuer in issuers], tried, strict=True)), info, only)


def _of_providers(tried: Mapping[str, Tried], info: Any, only: str) -> Iterator[Finding]:
    wrong = [trouble for each in tried.values() for trouble in each.troubles]
    built_in = "development" in info.capabilities  # one for every issuer, which is not listed
    none = [own_id(name) for name, each in tried.items() if not (each.count or each.troubles or built_in)]
    if wrong:
        yield fail("providers", f"users cannot sign in: {some(wrong)}", "see tenantry provider test")
    if none:
        why = f"nobody can sign in, for want of an identity provider: {some(none)}"
        yield warn("providers", why, "see tenantry provider create, if users are to")
    if not wrong and not none:
        count = sum(each.count for each in tried.values())
        said = (
            f"users can be sent to {counted(count, 'identity provider')}"
            if count
            else "none is set up, none is missing"
        )
        yield ok("providers", f"{said}{only}")


def _of_answers(answers: Mapping[str, str], only: str) -> Iterator[Finding]:
    silent = [f"{uri} ({why})" for uri, why in answers.items() if why not in (_ITSELF, _SOMEBODY)]
    strange = [uri for uri, why in answers.items() if why == _SOMEBODY]
    if silent:
        yield warn("metadata", f"cannot be reached from here: {some(silent)}", "check DNS, proxy and certificates")
    if strange:
        yield fail("metadata", f"somebody else answers at {some(strange)}", "let the proxy pass on the Host header")
    if not silent and not strange:
        yield ok("metadata", f"{_answering(len(answers))}{only}")


def _answering(issuers: int) -> str:
    return "1 issuer answers at its address" if issuers == 1 else f"{issuers} issuers answer at their addresses"


def _answer(issuer: Any) -> str:
    """Who answers at its URI, as seen from here, or why nobody does."""
    import httpx

    place, headers = _where(issuer.issuer_uri)
    try:
        with httpx.stream("GET", place, headers=headers, timeout=WITHIN) as answer:
            told = _issuer_in(b"".join(_bounded(answer.iter_bytes())))
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    return _ITSELF if told == issuer.issuer_uri else _SOMEBODY


def _where(uri: str) -> tuple[str, dict[str, str]]:
    """What to call. Names below localhost are this machine, whatever the resolver makes of them."""
    parts = urlsplit(uri)
    port = "" if parts.port is None else f":{parts.port}"
    if parts.hostname == "localhost" or str(parts.hostname).endswith(".localhost"):
        return f"{parts.scheme}://127.0.0.1{port}{_WELL_KNOWN}{parts.path}", {"Host": parts.netloc}
    return f"{parts.scheme}://{parts.netloc}{_WELL_KNOWN}{parts.path}", {}


def _issuer_in(document: bytes) -> Any:
    try:
        told = json.loads(document)
    except ValueError:
        return None
    return cast("dict[str, Any]", told).get("issuer") if isinstance(told, dict) else None


def _bounded(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The beginning, which is not what was asked for if it is not all."""
    size = 0
    for part in parts:
        yield part[: LARGEST - size]
        size += len(part)
        if size >= LARGEST:
            return


def _providers(server: Server, issuer: Any) -> Tried:
    """Those of an issuer, and at which of them users could not sign in."""
    from protos.admin.v1.identity_provider_service_pb2 import (
        ListIdentityProvidersRequest,
        TestIdentityProviderRequest,
        TestIdentityProviderResponse,
    )

    failed = TestIdentityProviderResponse.Check.STATE_FAILED
    troubles: list[str] = []
    count = 0
    try:
        request = ListIdentityProvidersRequest(parent=issuer.name)
        for provider in server.ask_pages(request, "identity_providers"):
            if not provider.disabled:
                count += 1
                tried = server.ask(TestIdentityProviderRequest(name=provider.name))
                why = "; ".join(check.message for check in tried.checks if check.state == failed)
                troubles += [f"{provider.name} ({why})"] if why else []
    except NotDone as not_done:
        troubles.append(f"{issuer.name} ({not_done.line})")
    return Tried(count, troubles)
