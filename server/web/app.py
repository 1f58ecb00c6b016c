"""The front of the house: Host and path -> tenant, what remains -> endpoint, and a line in the log for each request.

The client's side is answered here, from bytes to bytes; the browser's side is handed to Quart (browser.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import quote_from_bytes

from server.web import cors, nobody, replies
from server.web.browser import BROWSER_PATHS, NOWHERE
from server.web.client_side import ENDPOINTS, REGISTRATIONS, RESOURCES, Endpoint, endpoint_at
from server.web.hosts import tenant_at
from server.web.peer import certificate_fields, client_address
from server.web.replies import Header, Reply
from server.web.request import BodyTooLarge, BodyTooSlow, Receive, Scope, Send, WebRequest, read_body
from server.web.supply import Supplied, World
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem
from tenants.registry import Registry
from tenants.tenant import Tenant

_CLOSE: Header = (b"connection", b"close")
_LEFT = 499
"""For the log alone: whoever asked has hung up before there was an answer. Servers before us call it so too."""
_IN_TARGETS = "!$%&'()*+,/:;=?@[]"
"""What stays as it came, of a target that is sent again."""
_HSTS: Header = (b"strict-transport-security", b"max-age=31536000")


class Account(Protocol):
    """Who is told of each request."""

    def answered(self, route: str, status: int, seconds: float, log: dict[str, Any]) -> None: ...


@dataclass(slots=True)
class Front:
    """The ASGI app of the public address."""

    registry: Registry
    browser_side: Any
    world: World
    account: Account
    new_request_id: Callable[[], str]
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    certificate_header: bytes | None = None
    """In which a trusted proxy says, in small letters, which certificate was shown to it."""
    development: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"not served: {scope['type']}")
        began = perf_counter()
        log: dict[str, Any] = {
            "request_id": self.new_request_id(),
            "method": scope["method"][:10],
            "client": client_address(scope, self.trusted_proxies),
        }
        tenant, path, further = tenant_at(self.registry, scope["headers"], scope["raw_path"])
        endpoint = endpoint_at(path)
        route = _route(scope, path)
        if tenant is None:
            browsing = _is_browser(scope)
            reply = nobody.to_browsers(development=self.development) if browsing else nobody.TO_PROGRAMS
            status = await _send(send, reply, None, ())
        elif route == "other" and (further or not _is_browser(scope)):  # pages are at the issuer's own host
            status = await _send(send, nobody.TO_PROGRAMS, tenant, ())
        elif endpoint is not None:
            served = Supplied(tenant, self.world, log["client"], log["request_id"])
            shown = certificate_fields(scope, self.certificate_header, self.trusted_proxies)
            request = WebRequest(scope["method"], route, scope["query_string"], scope["headers"], certificates=shown)
            reply, cross_origin = await _client_side(served, endpoint, request, receive)
            told = {"error": reply.error, "description": reply.description, "detail": reply.detail}
            log |= {name: words for name, words in told.items() if words}
            if reply.limit:
                log["limit"] = reply.limit
            status = await _send(send, reply, tenant, cross_origin)
        elif further:
            status = await _send(send, _to_its_own_host(tenant, path, scope["query_string"]), tenant, ())
        else:
            within = scope["path"][len(scope["raw_path"]) - len(path) :] or "/"
            if route == "other":  # what stands there is not to be read in another way once more
                within, path = NOWHERE, NOWHERE.encode("ascii")
            served = Supplied(tenant, self.world, log["client"], log["request_id"])
            given = {**scope, "path": within, "raw_path": path or b"/", "tenantry.tenant": served, "tenantry.log": log}
            status = await _hand_over(self.browser_side, given, receive, send)
        if tenant is not None:
            log["issuer"] = tenant.listing.id
            if status < 500 and "detail" in log and not tenant.debug:
                del log["detail"]
        self.account.answered(route if tenant is not None else "other", status, perf_counter() - began, log)


def _to_its_own_host(tenant: Tenant, path: bytes, query: bytes) -> Reply:
    """The same request, where the pages and their cookies are. The host may be another issuer's tomorrow, so nobody is
    to remember it."""
    asked = quote_from_bytes(path + (b"?" + query if query else b""), _IN_TARGETS)
    return replies.empty(307, ((b"location", (tenant.uri + asked).encode("ascii")),))


async def _client_side(
    tenant: Supplied, endpoint: Endpoint, request: WebRequest, receive: Receive
) -> tuple[Reply, tuple[Header, ...]]:
    """The reply, and who may read it. Nothing that happens in here ends without an answer."""
    cross_origin: tuple[Header, ...] = ()
    try:
        policy = (await tenant.published()).policy
        cross_origin = cors.headers(request, policy)
        if request.method == "OPTIONS":
            return replies.empty(204, cors.preflight(request, policy, endpoint.methods)), ()
        if request.method not in endpoint.methods:
            allow = (b"allow", ", ".join(endpoint.methods).encode("ascii"))
            return replies.error(405, "invalid_request", "this method is not allowed here", (allow,)), cross_origin
        if request.method in ("POST", "PUT"):
            request = replace(request, body=await read_body(request.headers, receive))
        return await endpoint.answer(tenant, request), cross_origin
    except Refusal as refused:
        return replies.refusal(refused, tenant.uri), cross_origin
    except Problem as met:
        return replies.problem(met), cross_origin
    except BodyTooLarge:
        return replies.error(413, "invalid_request", "the body is too large", (_CLOSE,)), cross_origin
    except BodyTooSlow:
        return replies.error(408, "invalid_request", "the body came too slowly", (_CLOSE,)), cross_origin
    except ConnectionError:
        return replies.empty(400), cross_origin
    except Exception as met:
        return replies.bug(met), cross_origin


async def _send(send: Send, reply: Reply, tenant: Tenant | Supplied | None, more: tuple[Header, ...]) -> int:
    headers = [*reply.headers, *replies.SECURITY, *more]
    if reply.status not in (204, 304):  # RFC 9110 §8.6
        headers.append((b"content-length", b"%d" % len(reply.body)))
    if tenant is not None and tenant.uri.startswith("https:"):
        headers.append(_HSTS)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
    return reply.status


async def _hand_over(browser_side: Any, scope: Scope, receive: Receive, send: Send) -> int:
    """Let Quart answer, and see what it answered."""
    status: int | None = None

    async def watched(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    try:
        await browser_side(scope, receive, watched)
    except Exception as met:
        reply = replies.bug(met)
        scope["tenantry.log"].update(error=reply.error, detail=reply.detail)
        if status is None:
            status = await _send(send, reply, scope["tenantry.tenant"], ())
    return status or _LEFT


def _route(scope: Scope, path: bytes) -> str:
    """What is asked for, in one of a few words: metrics must not grow by what strangers ask for."""
    if path in ENDPOINTS or path in BROWSER_PATHS:
        return path.decode("ascii")
    if path in (b"", b"/") and _is_browser(scope):
        return "/"
    for beginning in (b"/callback/", RESOURCES):
        if path.startswith(beginning):
            return beginning.decode("ascii").removesuffix("/")
    return "/register/{client}" if path.startswith(REGISTRATIONS) else "other"


def _is_browser(scope: Scope) -> bool:
    return scope["method"] == "GET" and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )
