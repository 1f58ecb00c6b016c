"""The client's side: what MCP clients and resource servers call. Each endpoint is a function of a parsed request.

These are served without Quart, which keeps the browser's side: a token exchange costs less than a framework's routing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.web import forms, replies
from server.web.replies import Reply
from server.web.request import WebRequest
from tenants.acts.introspect import introspect
from tenants.acts.register import register
from tenants.acts.revoke import revoke
from tenants.acts.token import exchange
from tenants.acts.userinfo import userinfo
from tenants.oauth import requests
from tenants.oauth.refusal import Refusal
from tenants.tenant import Tenant

METADATA_SECONDS = 60
KEYS_SECONDS = 300


async def _authorization_server(tenant: Tenant, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).authorization_server, METADATA_SECONDS)


async def _openid_configuration(tenant: Tenant, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).openid_configuration, METADATA_SECONDS)


async def _protected_resource(tenant: Tenant, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).protected_resource, METADATA_SECONDS)


async def _jwks(tenant: Tenant, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).jwks, KEYS_SECONDS)


async def _token(tenant: Tenant, request: WebRequest) -> Reply:
    asked = requests.token_request(forms.form(request), request.all(b"authorization"))
    return replies.tokens(await tenant.run(exchange, asked))


async def _register(tenant: Tenant, request: WebRequest) -> Reply:
    return replies.json(await tenant.run(register, forms.json(request, "invalid_client_metadata")), 201)


async def _revoke(tenant: Tenant, request: WebRequest) -> Reply:
    await tenant.run(revoke, requests.revocation_request(forms.form(request), request.all(b"authorization")))
    return replies.empty(200)


async def _introspect(tenant: Tenant, request: WebRequest) -> Reply:
    asked = requests.introspection_request(forms.form(request), request.all(b"authorization"))
    return replies.json(await tenant.run(introspect, asked))


async def _userinfo(tenant: Tenant, request: WebRequest) -> Reply:
    shown = request.all(b"authorization")
    if len(shown) > 1 or (shown and b"access_token=" in request.body):
        raise Refusal("invalid_request", "one token, in one Authorization header")  # RFC 6750 §2
    scheme, _, token = (shown[0] if shown else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        # nothing was shown, so nothing was wrong with it (RFC 6750 §3.1)
        return replies.empty(401, ((b"www-authenticate", b"Bearer"),))
    return replies.json(await tenant.run(userinfo, token.strip(" ")))


@dataclass(frozen=True, slots=True)
class Endpoint:
    answer: Callable[[Tenant, WebRequest], Awaitable[Reply]]
    methods: tuple[str, ...]


_READ = ("GET", "HEAD")
ENDPOINTS: dict[bytes, Endpoint] = {
    b"/token": Endpoint(_token, ("POST",)),
    b"/introspect": Endpoint(_introspect, ("POST",)),
    b"/revoke": Endpoint(_revoke, ("POST",)),
    b"/register": Endpoint(_register, ("POST",)),
    b"/userinfo": Endpoint(_userinfo, ("GET", "POST")),
    b"/.well-known/oauth-authorization-server": Endpoint(_authorization_server, _READ),
    b"/.well-known/openid-configuration": Endpoint(_openid_configuration, _READ),
    b"/.well-known/oauth-protected-resource": Endpoint(_protected_resource, _READ),
    b"/.well-known/jwks.json": Endpoint(_jwks, _READ),
}
