"""A server that runs: whether it answers, and whether its issuers and their identity providers can be reached."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import urlsplit

from server.cli.health.finding import Finding, fail, ok, some, warn
from server.cli.server import NotDone, Server

AT_ONCE = 8
MOST_ISSUERS = 50
"""That are looked at."""
WITHIN = 5.0
"""Seconds for one document."""
LARGEST = 1_000_000
_ITSELF, _SOMEBODY = "itself", "somebody else"
_WELL_KNOWN = "/.well-known/oauth-authorization-server"


def admin_api(server: Server) -> Iterator[Finding]:
    """The server, and what is behind it."""
    from protos.admin.v1.issuer_service_pb2 import Issuer, ListIssuersRequest
    from protos.admin.v1.server_service_pb2 import GetServerInfoRequest

    try:
        info = server.ask(GetServerInfoRequest())
        page = server.ask(ListIssuersRequest(page_size=MOST_ISSUERS))
    except NotDone as not_done:
        yield fail("server", not_done.line, "see its log; then try again")
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
        tried = [trouble for found in workers.map(partial(_providers, server), issuers) for trouble in found]
    bad = fail("providers", f"users cannot sign in: {some(tried)}", "see tenantry provider test")
    yield bad if tried else ok("providers", f"users can be sent to all identity providers{only}")


def _of_answers(answers: Mapping[str, str], only: str) -> Iterator[Finding]:
    silent = [f"{uri} ({why})" for uri, why in answers.items() if why not in (_ITSELF, _SOMEBODY)]
    strange = [uri for uri, why in answers.items() if why == _SOMEBODY]
    if silent:
        yield warn("metadata", f"cannot be reached from here: {some(silent)}", "check DNS, proxy and certificates")
    if strange:
        yield fail("metadata", f"somebody else answers at {some(strange)}", "let the proxy pass on the Host header")
    if not silent and not strange:
        yield ok("metadata", f"{len(answers)} issuers answer at their addresses{only}")


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


def _providers(server: Server, issuer: Any) -> list[str]:
    """At which users of an issuer could not sign in, and why."""
    from protos.admin.v1.identity_provider_service_pb2 import (
        ListIdentityProvidersRequest,
        TestIdentityProviderRequest,
        TestIdentityProviderResponse,
    )

    failed = TestIdentityProviderResponse.Check.STATE_FAILED
    troubles: list[str] = []
    try:
        request = ListIdentityProvidersRequest(parent=issuer.name)
        for provider in server.ask_pages(request, "identity_providers"):
            if not provider.disabled:
                tried = server.ask(TestIdentityProviderRequest(name=provider.name))
                why = "; ".join(check.message for check in tried.checks if check.state == failed)
                troubles += [f"{provider.name} ({why})"] if why else []
    except NotDone as not_done:
        troubles.append(f"{issuer.name} ({not_done.line})")
    return troubles
