"""The front of the house: Host -> tenant, path -> endpoint, and one line in the log for each request.

The client's side is answered here, from bytes to bytes; the browser's side is handed to Quart (browser.py).
"""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Protocol

from server.web import cors, replies
from server.web.browser import BROWSER_PATHS
from server.web.client_side import ENDPOINTS, Endpoint
from server.web.hosts import tenant_at
from server.web.replies import Header, Reply
from server.web.request import BodyTooLarge, BodyTooSlow, Receive, Scope, Send, WebRequest, read_body
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem
from tenants.registry import Registry
from tenants.tenant import Tenant

_NOT_FOUND = replies.error(404, "not_found")
_HSTS: Header = (b"strict-transport-security", b"max-age=31536000")


class Account(Protocol):
    """Who is told of each request."""

    def answered(self, route: str, status: int, seconds: float, members: dict[str, Any]) -> None: ...


@dataclass(slots=True)
class Front:
    """The ASGI app of the public address."""

    registry: Registry
    browser_side: Any
    account: Account
    new_request_id: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"not served: {scope['type']}")
        began = perf_counter()
        tenant = tenant_at(self.registry, scope["headers"])
        path: bytes = scope["raw_path"]
        endpoint = ENDPOINTS.get(path)
        request_id: str = self.new_request_id()
        route = "other"
        members: dict[str, Any] = {"request_id": request_id, "method": scope["method"][:10]}
        if tenant is None:
            status = await _send(send, _NOT_FOUND, None, ())
        elif endpoint is not None:
            route = path.decode("ascii")
            members["issuer"] = tenant.listing.id
            reply, cross_origin = await _client_side(tenant, endpoint, scope, receive)
            if reply.error:
                members["error"] = reply.error
                if reply.status >= 500 or cross_origin is None or _debug(tenant):
                    members["detail"] = reply.detail
            status = await _send(send, reply, tenant, cross_origin or ())
        elif path in BROWSER_PATHS:
            route = path.decode("ascii")
            members["issuer"] = tenant.listing.id
            status = await _hand_over(self.browser_side, tenant, request_id, scope, receive, send, members)
        else:
            status = await _send(send, _NOT_FOUND, tenant, ())
        self.account.answered(route, status, perf_counter() - began, members)


async def _client_side(
    tenant: Tenant, endpoint: Endpoint, scope: Scope, receive: Receive
) -> tuple[Reply, tuple[Header, ...] | None]:
    """The reply, and who may read it. Nothing that happens in here ends without an answer."""
    cross_origin: tuple[Header, ...] | None = None
    try:
        request = WebRequest(scope["method"], scope["path"], scope["query_string"], scope["headers"])
        policy = (await tenant.published()).policy
        cross_origin = cors.headers(request, policy)
        if request.method == "OPTIONS":
            return replies.empty(204, cors.preflight(request, policy, endpoint.methods)), ()
        if request.method not in endpoint.methods:
            allow = (b"allow", ", ".join(endpoint.methods).encode("ascii"))
            return replies.error(405, "invalid_request", "this method is not allowed here", (allow,)), cross_origin
        if request.method == "POST":
            request = replace(request, body=await read_body(request.headers, receive))
        return await endpoint.answer(tenant, request), cross_origin
    except Refusal as refused:
        return replies.refusal(refused, tenant.uri), cross_origin
    except Problem as met:
        return replies.problem(met), cross_origin
    except BodyTooLarge:
        return replies.error(
            413, "invalid_request", "the body is too large", ((b"connection", b"close"),)
        ), cross_origin
    except BodyTooSlow:
        return replies.error(
            408, "invalid_request", "the body came too slowly", ((b"connection", b"close"),)
        ), cross_origin
    except ConnectionError:
        return replies.empty(400), cross_origin
    except Exception as met:
        return replies.bug(met), cross_origin


def _debug(tenant: Tenant) -> bool:
    published = tenant.known
    return published is not None and published.policy.debug


async def _send(send: Send, reply: Reply, tenant: Tenant | None, more: tuple[Header, ...]) -> int:
    headers = [*reply.headers, *replies.SECURITY, *more, (b"content-length", b"%d" % len(reply.body))]
    if tenant is not None and tenant.uri.startswith("https:"):
        headers.append(_HSTS)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
    return reply.status


async def _hand_over(
    browser_side: Any,
    tenant: Tenant,
    request_id: str,
    scope: Scope,
    receive: Receive,
    send: Send,
    members: dict[str, Any],
) -> int:
    """Let Quart answer, and see what it answered."""
    answered: list[int] = []

    async def watched(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])
        await send(message)

    within = {**scope, "tenantry.tenant": tenant, "tenantry.request_id": request_id, "tenantry.log": members}
    await browser_side(within, receive, watched)
    return answered[0] if answered else 500
