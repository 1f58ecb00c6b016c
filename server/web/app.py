"""The front of the house: Host and path -> tenant, what remains -> endpoint, and a line in the log for each request.

The client's side is answered here, from bytes to bytes; the browser's side is handed to Quart (browser.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from time import perf_counter
from typing import Any, Protocol

from server.web import cors, replies
from server.web.browser import BROWSER_PATHS
from server.web.client_side import ENDPOINTS, REGISTRATIONS, RESOURCES, Endpoint, endpoint_at
from server.web.hosts import tenant_at
from server.web.peer import client_address
from server.web.replies import Header, Reply
from server.web.request import BodyTooLarge, BodyTooSlow, Receive, Scope, Send, WebRequest, read_body
from server.web.supply import Supplied, World
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem
from tenants.registry import Registry
from tenants.tenant import Tenant

_NOT_FOUND = replies.error(404, "not_found")
_CLOSE: Header = (b"connection", b"close")
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"not served: {scope['type']}")
        began = perf_counter()
        log: dict[str, Any] = {
            "request_id": self.new_request_id(),
            "method": scope["method"][:10],
            "client": client_address(scope, self.trusted_proxies),
        }
        tenant, path = tenant_at(self.registry, scope["headers"], scope["raw_path"])
        endpoint = endpoint_at(path)
        route = path.decode("ascii") if path in ENDPOINTS or path in BROWSER_PATHS else _other(path)
        if tenant is None:
            status = await _send(send, _NOT_FOUND, None, ())
        elif route == "other":
            status = await _send(send, _NOT_FOUND, tenant, ())
        elif endpoint is not None:
            served = Supplied(tenant, self.world, log["client"])
            reply, cross_origin = await _client_side(served, endpoint, route, scope, receive)
            if reply.error:
                log |= {"error": reply.error, "detail": reply.detail}
            if reply.limit:
                log["limit"] = reply.limit
            status = await _send(send, reply, tenant, cross_origin)
        else:
            within = scope["path"][len(scope["raw_path"]) - len(path) :]
            served = Supplied(tenant, self.world, log["client"])
            given = {**scope, "path": within, "raw_path": path, "tenantry.tenant": served, "tenantry.log": log}
            status = await _hand_over(self.browser_side, given, receive, send)
        if tenant is not None:
            log["issuer"] = tenant.listing.id
            if status < 500 and "detail" in log and not tenant.debug:
                del log["detail"]
        self.account.answered(route if tenant is not None else "other", status, perf_counter() - began, log)


async def _client_side(
    tenant: Supplied, endpoint: Endpoint, path: str, scope: Scope, receive: Receive
) -> tuple[Reply, tuple[Header, ...]]:
    """The reply, and who may read it. Nothing that happens in here ends without an answer."""
    cross_origin: tuple[Header, ...] = ()
    try:
        request = WebRequest(scope["method"], path, scope["query_string"], scope["headers"])
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
    return status or 500


def _other(path: bytes) -> str:
    """A path that is not one of a few, in one word: metrics must not grow by what strangers ask for."""
    for beginning in (b"/callback/", RESOURCES):
        if path.startswith(beginning):
            return beginning.decode("ascii").removesuffix("/")
    return "/register/{client}" if path.startswith(REGISTRATIONS) else "other"
