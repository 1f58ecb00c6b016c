"""Nothing is changed without an event that says who, from where and in which request; and no event holds a secret."""

import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from protos.admin.v1 import annotations_pb2 as annotations
from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest, DeleteAdminTokenRequest
from protos.admin.v1.client_service_pb2 import (
    Client,
    CreateClientRequest,
    DeleteClientRequest,
    DisableClientRequest,
    EnableClientRequest,
    RotateClientSecretRequest,
    UpdateClientRequest,
)
from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, DeleteDomainRequest, Domain
from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    DeleteIdentityProviderRequest,
    IdentityProvider,
    UpdateIdentityProviderRequest,
)
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DeleteIssuerRequest,
    DisableIssuerRequest,
    EnableIssuerRequest,
    Issuer,
    UndeleteIssuerRequest,
    UpdateIssuerRequest,
)
from protos.admin.v1.key_service_pb2 import CreateSigningKeyRequest, RevokeSigningKeyRequest, RollSigningKeysRequest
from protos.admin.v1.registration_token_service_pb2 import (
    CreateRegistrationTokenRequest,
    DeleteRegistrationTokenRequest,
)
from protos.admin.v1.resource_service_pb2 import (
    CreateResourceRequest,
    DeleteResourceRequest,
    Resource,
    UpdateResourceRequest,
)
from protos.admin.v1.user_service_pb2 import (
    CreateUserRequest,
    DeleteUserRequest,
    DisableUserRequest,
    EnableUserRequest,
    UpdateUserRequest,
    User,
)
from protos.admin.v1.webhook_service_pb2 import RotateWebhookSecretRequest, UpdateWebhookRequest, Webhook
from protos.admin.v1.workload_issuer_service_pb2 import (
    CreateWorkloadIssuerRequest,
    DeleteWorkloadIssuerRequest,
    UpdateWorkloadIssuerRequest,
    WorkloadIssuer,
)
from tenants.acts.events import Look, look
from tenants.records import Event
from tests.flow.town import Town
from tests.support.admin import METHODS, Desk, admin_desk
from tests.support.browser import Browser
from tests.support.clients import RG, TK, changed
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")
A = "issuers/a"
NOTHING_CHANGES = {"GetAdminToken", "ListAdminTokens", "TestIdentityProvider", "TestWebhook"}
ELSEWHERE = {
    "ApproveClient",
    "DeleteSession",
    "RefreshClientDocument",
    "RevokeGrant",
    "RevokeGrants",
    "SignOutUser",
    "VerifyDomain",
}
"""They need somebody who signed in, or is outside; the tests of their own services see their events."""
GOOGLE: dict[str, Any] = {"client_id": "ours", "client_secret": "GOCSPX-a-secret-of-google", "google": {}}
PRIVATE = Signer("ES256").key.as_dict(private=True)
Replies = Mapping[str, Any]

STEPS: tuple[Callable[[Replies], Message], ...] = (
    lambda _: CreateIssuerRequest(issuer_id="a", issuer=Issuer(issuer_uri="https://a.test")),
    lambda _: UpdateIssuerRequest(
        issuer=Issuer(name=A, display_name="A", policy={"par_required": True}),
        update_mask=FieldMask(paths=["display_name", "policy.par_required"]),
    ),
    lambda _: DisableIssuerRequest(name=A),
    lambda _: EnableIssuerRequest(name=A),
    lambda _: DeleteIssuerRequest(name=A),
    lambda _: UndeleteIssuerRequest(name=A),
    lambda _: CreateDomainRequest(parent=A, domain_id="d", domain=Domain(host="d.test")),
    lambda _: DeleteDomainRequest(name=f"{A}/domains/d"),
    lambda _: CreateSigningKeyRequest(parent=A),
    lambda _: CreateSigningKeyRequest(parent=A, signing_key={"private_jwk": json.dumps(PRIVATE)}),
    lambda _: RollSigningKeysRequest(parent=A),
    lambda replies: RevokeSigningKeyRequest(name=replies["CreateSigningKey"].name, reason="lost"),
    lambda _: CreateClientRequest(parent=A, client_id="c", client=Client(redirect_uris=["https://app.test/cb"])),
    lambda _: RotateClientSecretRequest(name=f"{A}/clients/c"),
    lambda _: UpdateClientRequest(
        client=Client(name=f"{A}/clients/c", display_name="C"), update_mask=FieldMask(paths=["display_name"])
    ),
    lambda _: DisableClientRequest(name=f"{A}/clients/c"),
    lambda _: EnableClientRequest(name=f"{A}/clients/c"),
    lambda _: DeleteClientRequest(name=f"{A}/clients/c"),
    lambda _: CreateIdentityProviderRequest(
        parent=A, identity_provider_id="p", identity_provider=IdentityProvider(**GOOGLE)
    ),
    lambda _: UpdateIdentityProviderRequest(
        identity_provider=IdentityProvider(name=f"{A}/identityProviders/p", client_secret="another-secret-of-google"),
        update_mask=FieldMask(paths=["client_secret"]),
    ),
    lambda _: CreateUserRequest(parent=A, user_id="u_1", user=User(identities=[{"provider": "p", "subject": "1"}])),
    lambda _: UpdateUserRequest(
        user=User(name=f"{A}/users/u_1", display_name="U"), update_mask=FieldMask(paths=["display_name"])
    ),
    lambda _: DisableUserRequest(name=f"{A}/users/u_1"),
    lambda _: EnableUserRequest(name=f"{A}/users/u_1"),
    lambda _: DeleteUserRequest(name=f"{A}/users/u_1"),
    lambda _: DeleteIdentityProviderRequest(name=f"{A}/identityProviders/p"),
    lambda _: CreateRegistrationTokenRequest(parent=A),
    lambda replies: DeleteRegistrationTokenRequest(name=replies["CreateRegistrationToken"].name),
    lambda _: CreateResourceRequest(parent=A, resource_id="r", resource=Resource(uri="https://r.test/mcp")),
    lambda _: UpdateResourceRequest(
        resource=Resource(name=f"{A}/resources/r", display_name="R"), update_mask=FieldMask(paths=["display_name"])
    ),
    lambda _: DeleteResourceRequest(name=f"{A}/resources/r"),
    lambda _: UpdateWebhookRequest(
        webhook=Webhook(name=f"{A}/webhook", uri="https://hooks.test/T0/B0/of-the-receiver")
    ),
    lambda _: RotateWebhookSecretRequest(name=f"{A}/webhook"),
    lambda _: CreateWorkloadIssuerRequest(
        parent=A, workload_issuer_id="w", workload_issuer=WorkloadIssuer(issuer_uri="https://w.test")
    ),
    lambda _: UpdateWorkloadIssuerRequest(
        workload_issuer=WorkloadIssuer(name=f"{A}/workloadIssuers/w", display_name="W"),
        update_mask=FieldMask(paths=["display_name"]),
    ),
    lambda _: DeleteWorkloadIssuerRequest(name=f"{A}/workloadIssuers/w"),
    lambda _: CreateAdminTokenRequest(admin_token_id="t", admin_token=AdminToken(role=AdminToken.ROLE_VIEWER)),
    lambda _: DeleteAdminTokenRequest(name="adminTokens/t"),
)
"""One of each kind of change, each on what those before it left."""


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path / "house") as desk:
        yield desk


async def trail(desk: Desk, issuer_id: str) -> list[Event]:
    """Those of the issuer, or of the server."""
    wanted = Look(0, 1_000)
    if not issuer_id:
        return list((await desk.house.registry.perform(look, wanted)).events)
    return list((await desk.house.registry.tenant(issuer_id).perform(look, wanted)).events)


async def everything(desk: Desk) -> dict[tuple[str, int], Event]:
    """All events that there are, by their trails and numbers."""
    trails = ("", *desk.house.registry.ids())
    return {(name, event.sequence): event for name in trails for event in await trail(desk, name)}


def changing() -> set[str]:
    """The methods that change something, by what their protos say."""

    def access(method: Any) -> int:
        return method.GetOptions().Extensions[annotations.access]

    ours = [method for method in METHODS if method.full_name.startswith("tenantry.")]
    return {method.name for method in ours if access(method) != annotations.ACCESS_READ} - NOTHING_CHANGES


@requirement("house:no-change-without-its-event")
async def test_every_change_has_an_event_with_who_from_where_and_in_which_request(desk: Desk) -> None:
    owner = AdminToken(role=AdminToken.ROLE_OWNER)
    made = await desk.ask(CreateAdminTokenRequest(admin_token_id="auditor", admin_token=owner))
    replies: dict[str, Any] = {}
    for step in STEPS:
        before, request = await everything(desk), step(replies)
        method = type(request).__name__.removesuffix("Request")
        replies[method] = await desk.ask(request, token=made.token)
        new = [event for place, event in (await everything(desk)).items() if place not in before]
        assert new, f"{method} left no event"
        assert {(event.actor, event.address) for event in new} == {("adminTokens/auditor", "127.0.0.1")}, method
        [request_id] = {event.request_id for event in new}
        [line] = [line for line in map(json.loads, desk.logged().splitlines()) if line.get("request_id") == request_id]
        assert line["method"].endswith(f"/{method}")
    missing = changing() - ELSEWHERE - replies.keys()
    assert not missing, f"STEPS has no example of {', '.join(sorted(missing))}"


@requirement("house:no-event-holds-a-secret")
async def test_no_event_holds_a_secret(desk: Desk) -> None:
    replies: dict[str, Any] = {}
    for step in STEPS:
        request = step(replies)
        replies[type(request).__name__.removesuffix("Request")] = await desk.ask(request)
    secrets = [
        replies["RotateClientSecret"].client_secret,
        replies["CreateClient"].client_secret,
        replies["CreateRegistrationToken"].token,
        replies["RotateWebhookSecret"].secret.removeprefix("whsec_"),
        replies["UpdateWebhook"].secret.removeprefix("whsec_"),
        replies["CreateAdminToken"].token,
        PRIVATE["d"],
        GOOGLE["client_secret"],
        "another-secret-of-google",
        "of-the-receiver",
    ]
    told = json.dumps([(event.subject, event.details) for event in (await everything(desk)).values()])
    for secret in secrets:
        assert len(secret) > 10
        for form in (secret, *forms(secret.encode("ascii"))):
            assert form not in told
    assert "(secret)" in told


@requirement("house:no-event-holds-a-secret")
async def test_what_strangers_and_users_do_is_told_with_where_and_in_which_request_and_without_what_opens_anything(
    fresh: Town,
) -> None:
    town, seen = fresh, len(await events(fresh))
    confidential = {**RG, "token_endpoint_auth_method": "client_secret_basic"}
    registered = (await town.ask("POST", "/register", json=confidential, peer="127.0.0.9")).json()
    user = Browser(town.house, 1)
    code = await user.code()
    first = (await town.token(changed(TK, code=code))).json()
    assert (await town.token(changed(TK, code=code), peer="127.0.0.8")).status_code == 400
    new = (await events(town))[seen:]
    kinds = {event.type: event for event in new}
    assert {"client.registered", "user.created", "session.started", "consent.given", "code.reused"} <= kinds.keys()
    assert kinds["client.registered"].address == "127.0.0.9"
    assert kinds["code.reused"].address == "127.0.0.8"
    lines = [json.loads(line) for line in town.house.logged().splitlines()]
    logged = {line["request_id"]: line["client"] for line in lines if "request_id" in line}
    assert all(logged[event.request_id] == event.address for event in new)
    told = json.dumps([(event.actor, event.subject, event.details) for event in new])
    secrets = [registered["client_secret"], registered["registration_access_token"], code, *first.values()]
    secrets = [secret for secret in secrets if isinstance(secret, str) and len(secret) > 20]
    assert len(secrets) == 5
    for secret in secrets:
        assert not any(form in told for form in (secret, *forms(secret.encode("ascii"))))


async def events(town: Town) -> list[Event]:
    """Of issuer A."""
    return list((await town.house.registry.tenant("a").perform(look, Look(0, 1_000))).events)


def forms(secret: bytes) -> set[str]:
    """As it could stand in JSON: itself and its digest, in base64 and hexadecimal."""
    each = (secret, hashlib.sha256(secret).digest())
    return {form for one in each for form in (one.hex(), base64.b64encode(one).decode("ascii").rstrip("="))}
