"""The client's side: what MCP clients and resource servers call. Each endpoint is a function of a parsed request.

These are served without Quart, which keeps the browser's side: a token exchange costs less than a framework's routing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from server.web import forms, replies
from server.web.replies import Reply
from server.web.request import WebRequest
from server.web.supply import Supplied
from tenants.acts import device, first_party
from tenants.acts.introspect import introspect
from tenants.acts.par import push
from tenants.acts.possession import with_nonce
from tenants.acts.register import Newcomer, register
from tenants.acts.registration import Shown, Update, end_registration, read_registration, update_registration
from tenants.acts.revocations import revocations
from tenants.acts.revoke import revoke
from tenants.acts.token import exchange
from tenants.acts.userinfo import userinfo
from tenants.oauth import certificate, dpop, parameters, requests
from tenants.oauth.certificate import Certificate
from tenants.oauth.dpop import Proof
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ShownToken

METADATA_SECONDS = 60
KEYS_SECONDS = 300
_TOKENS, _PUSH, _USERINFO = with_nonce(exchange), with_nonce(push), with_nonce(userinfo)
_EXCHANGE = with_nonce(first_party.redeem)


async def _authorization_server(tenant: Supplied, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).authorization_server, METADATA_SECONDS)


async def _protected_resource(tenant: Supplied, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).protected_resource, METADATA_SECONDS)


async def _resource(resource_id: str, tenant: Supplied, _: WebRequest) -> Reply:
    document = (await tenant.published()).resources.get(resource_id)
    return replies.error(404, "not_found") if document is None else replies.document(document, METADATA_SECONDS)


async def _jwks(tenant: Supplied, _: WebRequest) -> Reply:
    return replies.document((await tenant.published()).jwks, KEYS_SECONDS)


async def _token(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.token_request(
        forms.form(request), request.all(b"authorization"), _proof(tenant, request), _certificate(request)
    )
    try:
        return replies.tokens(*await tenant.run_for(asked.credentials, _TOKENS, asked, gives_tokens=True))
    except Refusal as refused:
        if refused.code == "access_denied":
            return replies.denied(refused)
        raise


async def _device_authorization(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.device_authorization_request(
        forms.form(request), request.all(b"authorization"), _certificate(request)
    )
    if asked.credentials.method == "none":
        (await tenant.caller()).register()
    return replies.json(await tenant.run_for(asked.credentials, device.begin, asked))


async def _par(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.push_request(
        forms.form(request), request.all(b"authorization"), _proof(tenant, request), _certificate(request)
    )
    return replies.pushed(*await tenant.run_for(asked.credentials, _PUSH, asked))


async def _exchange(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.exchange_request(
        forms.form_or_json(request), request.all(b"authorization"), _proof(tenant, request), _certificate(request)
    )
    return replies.exchanged(*await tenant.run_for(asked.credentials, _EXCHANGE, asked, gives_tokens=True))


async def _register(tenant: Supplied, request: WebRequest) -> Reply:
    token, given = forms.bearer(request), forms.json(request, "invalid_client_metadata")
    if (await tenant.published()).policy.registration == "token":
        return replies.json(await tenant.run_with_token(register, Newcomer(given, token)), 201)
    (await tenant.caller()).register()
    return replies.json(await tenant.run(register, Newcomer(given)), 201)


async def _registration(client_id: str, tenant: Supplied, request: WebRequest) -> Reply:
    token = forms.bearer(request)
    if token is None:
        return replies.empty(401, ((b"www-authenticate", b"Bearer"),))
    shown = Shown(client_id, token)
    if request.method == "GET":
        return replies.json(await tenant.run_with_token(read_registration, shown))
    if request.method == "DELETE":
        await tenant.run_with_token(end_registration, shown)
        return replies.empty(204)
    given = forms.json(request, "invalid_client_metadata")
    (await tenant.caller()).register()
    return replies.json(await tenant.run_with_token(update_registration, Update(shown, given)))


async def _revoke(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.revocation_request(forms.form(request), request.all(b"authorization"), _certificate(request))
    await tenant.run_for(asked.credentials, revoke, asked)
    return replies.empty(200)


async def _introspect(tenant: Supplied, request: WebRequest) -> Reply:
    asked = requests.introspection_request(forms.form(request), request.all(b"authorization"), _certificate(request))
    return replies.json(await tenant.run_for(asked.credentials, introspect, asked))


async def _revocations(tenant: Supplied, request: WebRequest) -> Reply:
    if request.method == "POST":
        asked = forms.form(request)
    else:  # credentials never stand in a URI
        given = parameters.parse(request.query)
        asked = Parameters({"since": given.values["since"]} if "since" in given.values else {})
    wanted = requests.revocations_request(asked, request.all(b"authorization"), _certificate(request))
    told = await tenant.run_for(wanted.credentials, revocations, wanted)
    return replies.unless_known(told, request.all(b"if-none-match"))


async def _userinfo(tenant: Supplied, request: WebRequest) -> Reply:
    shown = request.all(b"authorization")
    if len(shown) > 1 or (shown and b"access_token=" in request.body):
        raise Refusal("invalid_request", "one token, in one Authorization header")  # RFC 6750 §2
    scheme, _, token = (shown[0] if shown else "").partition(" ")
    scheme, token = scheme.lower(), token.strip(" ")
    if scheme not in ("bearer", "dpop") or not token:
        # nothing was shown, so nothing was wrong with it (RFC 6750 §3.1)
        return replies.empty(401, (replies.challenge(),))
    try:
        proof = _proof(tenant, request) if scheme == "dpop" else None
        if scheme == "dpop" and proof is None:
            raise dpop.invalid("no DPoP header")
        return replies.claims(*await tenant.run_with_token(_USERINFO, ShownToken(token, proof, _certificate(request))))
    except Refusal as refused:
        return replies.token_refused(refused, scheme)


def _proof(tenant: Supplied, request: WebRequest) -> Proof | None:
    """Of possession of a key, for this request as the issuer's own metadata calls it: no header says who we are."""
    return dpop.read(request.all(b"dpop"), method=request.method, target=tenant.uri + request.path)


def _certificate(request: WebRequest) -> Certificate | None:
    """That the client has shown in TLS, if anybody is trusted to say so."""
    return certificate.read(request.certificates)


@dataclass(frozen=True, slots=True)
class Endpoint:
    answer: Callable[[Supplied, WebRequest], Awaitable[Reply]]
    methods: tuple[str, ...]


_READ = ("GET", "HEAD")
ENDPOINTS: dict[bytes, Endpoint] = {
    b"/token": Endpoint(_token, ("POST",)),
    b"/par": Endpoint(_par, ("POST",)),
    b"/device_authorization": Endpoint(_device_authorization, ("POST",)),
    b"/exchange": Endpoint(_exchange, ("POST",)),
    b"/introspect": Endpoint(_introspect, ("POST",)),
    b"/revoke": Endpoint(_revoke, ("POST",)),
    b"/revocations": Endpoint(_revocations, ("GET", "POST")),
    b"/register": Endpoint(_register, ("POST",)),
    b"/userinfo": Endpoint(_userinfo, ("GET", "POST")),
    b"/.well-known/oauth-authorization-server": Endpoint(_authorization_server, _READ),
    b"/.well-known/openid-configuration": Endpoint(_authorization_server, _READ),
    b"/.well-known/oauth-protected-resource": Endpoint(_protected_resource, _READ),
    b"/.well-known/jwks.json": Endpoint(_jwks, _READ),
}
RESOURCES = b"/.well-known/oauth-protected-resource/"
REGISTRATIONS = b"/register/"


def endpoint_at(path: bytes) -> Endpoint | None:
    """What answers at this path of an issuer; the documents of its resources, and the registrations of its clients, lie
    below one path each, by id.
    """
    if path.startswith(RESOURCES):
        return Endpoint(partial(_resource, path.removeprefix(RESOURCES).decode("latin-1")), _READ)
    if path.startswith(REGISTRATIONS):
        client_id = path.removeprefix(REGISTRATIONS).decode("latin-1")
        return Endpoint(partial(_registration, client_id), ("GET", "PUT", "DELETE"))
    return ENDPOINTS.get(path)
