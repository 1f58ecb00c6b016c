"""ClientService over gRPC: the operator changes clients, shuts them out, lets them in and has their documents read; and
what comes of that for whoever uses them."""

import itertools
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.client_service_pb2 import (
    ApproveClientRequest,
    Client,
    CreateClientRequest,
    DeleteClientRequest,
    DisableClientRequest,
    EnableClientRequest,
    GetClientRequest,
    ListClientsRequest,
    RefreshClientDocumentRequest,
    RotateClientSecretRequest,
    UpdateClientRequest,
)
from server.outbound.documents import COOL_DOWN
from tenants.oauth.client_document import UNSAID
from tenants.oauth.requests import DEVICE_CODE, TOKEN_EXCHANGE
from tenants.records import DAY
from tests.flow.town import POLICY, Town, settle, sweep
from tests.support.admin import Desk, admin_desk, refused
from tests.support.browser import Browser, form_of
from tests.support.client_host import ClientHost
from tests.support.clients import AZ, CALLBACK, PUBLIC, RESOURCE, RG, TK, authorize, changed, claims, is_page
from tests.support.clients import refused as told
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVALID, GONE, STALE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ABORTED
KEYS = json.dumps(Signer("ES256").jwks, separators=(",", ":"))
NUMBERS = itertools.count(1)
WAITS = "The operator of this issuer has not approved this client yet."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncGenerator[ClientHost]:
    async with ClientHost().serving() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, host: ClientHost) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house"), to_clients=host.fetcher) as desk:
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(desk: Desk) -> Town:
    return await settle(desk.house)


@pytest_asyncio.fixture(loop_scope="module")
async def asking_first(town: Town) -> AsyncGenerator[None]:
    """The operator wants to see who comes by themselves."""
    await town.house.set_policy("a", replace(POLICY, approval_required=True))
    yield
    await town.house.set_policy("a", POLICY)


def update(client_id: str, *paths: str, etag: str = "", validate_only: bool = False, **members: Any) -> Any:
    client = Client(name=client_id if client_id.startswith("issuers/") else named(client_id), etag=etag, **members)
    return UpdateClientRequest(client=client, update_mask=FieldMask(paths=paths), validate_only=validate_only)


def named(client_id: str) -> str:
    return f"issuers/a/clients/{client_id.replace(':', '%3A').replace('/', '%2F')}"


async def registered(town: Town, **more: Any) -> dict[str, Any]:
    answer = await town.ask("POST", "/register", json={**RG, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def looks_after_itself(town: Town, given: dict[str, Any], **members: Any) -> None:
    metadata = {**RG, "client_id": given["client_id"], **members}
    shown = [("Authorization", f"Bearer {given['registration_access_token']}")]
    answer = await town.ask("PUT", f"/register/{given['client_id']}", json=metadata, headers=shown)
    assert answer.status_code == 200, answer.text


def described(host: ClientHost, path: str, **members: Any) -> str:
    """The id of a client that says this of itself."""
    url = host.url(path)
    return host.show(path, {"client_id": url, "client_name": "App", "redirect_uris": [CALLBACK], **members})


async def tokens(town: Town, client_id: str, **changes: str | None) -> dict[str, Any]:
    code = await town.user.code(changed(AZ, client_id=client_id, **changes))
    answer = await town.token(changed(TK, client_id=client_id, code=code))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refreshed(town: Town, client_id: str, token: str) -> httpx.Response:
    return await town.refresh(token, client_id=client_id)


async def is_asked_again(town: Town, client_id: str) -> bool:
    answer = await town.user.get(authorize(changed(AZ, client_id=client_id)))
    return answer.status_code == 200 and form_of(answer)[0] == "/consent"


async def counts(town: Town, token: str) -> bool:
    """Whether the resource server is told that the token is good."""
    answer = await town.ask("POST", "/introspect", form={"token": token}, basic=town.basic("R"))
    return answer.json()["active"]


async def events(desk: Desk, client_id: str) -> list[tuple[str, str]]:
    found = await desk.house.registry.tenant("a").actor.run(lambda turn, _: turn.tx.events.page(0, 10_000), None)
    for event in found:
        assert event.actor != "root" or (event.address and event.request_id.startswith("call-")), event
    return [(event.type, event.actor) for event in found if event.subject == client_id]


# --- changing clients that the operator made


FORMER: dict[str, Any] = {
    "display_name": "Former",
    "redirect_uris": ["https://app.test/former"],
    "grant_types": ["authorization_code"],
    "token_endpoint_auth_method": "client_secret_basic",
}
LATER: dict[str, Any] = {
    "display_name": "Later",
    "redirect_uris": ["https://app.test/later", "https://app.test/other"],
    "grant_types": ["authorization_code", TOKEN_EXCHANGE],
    "token_endpoint_auth_method": "private_key_jwt",
    "scope": "mcp openid",
    "application_type": "web",
    "resources": ["https://mcp.test/mcp"],
    "target_resources": ["https://mcp.test/other"],
    "jwks": KEYS,
    "token_endpoint_auth_signing_alg": "ES256",
    "dpop_bound_access_tokens": True,
    "require_pushed_authorization_requests": True,
    "post_logout_redirect_uris": ["https://app.test/left"],
    "backchannel_logout_uri": "https://app.test/told",
    "backchannel_logout_session_required": True,
    "userinfo_signed_response_alg": "ES256",
}
OTHERWISE = {"jwks_uri", "scope_limit", "tls_client_certificate_bound_access_tokens"}
"""What goes with none of these, or needs another house."""


def as_sent(client: Client) -> dict[str, Any]:
    known: dict[str, Any] = {name: getattr(client, name) for name in LATER}
    return {name: value if isinstance(value, str | bool) else list(value) for name, value in known.items()}


async def test_all_that_a_client_is_made_with_can_be_changed_and_changed_back(desk: Desk, town: Town) -> None:
    names = [field.name for field in Client.DESCRIPTOR.fields]
    made = await desk.client("a", "whole", **FORMER)
    kept = {*("name", "client_id", "origin", "state", "create_time", "last_use_time", "etag", "software_statement")}
    kept |= {"client_secret", "client_secret_set", "secrets", "document_read_time", "document_expire_time"}
    certificates = {name for name in names if name.startswith("tls_client_auth_")}
    assert set(names) - kept - certificates - OTHERWISE == LATER.keys()
    changed_ = await desk.ask(update("whole", "*", etag=made.etag, **LATER))
    assert as_sent(changed_) == LATER
    assert (changed_.client_secret_set, list(changed_.secrets)) == (False, [])
    assert await desk.ask(GetClientRequest(name=made.name)) == changed_
    back = await desk.ask(update("whole", *LATER, etag=changed_.etag, **FORMER))
    assert as_sent(back) == as_sent(made)
    assert (await events(desk, "whole"))[1:] == [("client.changed", "root")] * 2


async def test_what_the_mask_does_not_name_stays_and_without_a_mask_what_is_not_said(desk: Desk, town: Town) -> None:
    await desk.client("a", "partly", **LATER)
    for paths in (["display_name"], []):
        given = {"display_name": f"Name {len(paths)}"} | ({"scope": "admin"} if paths else {})
        changed_ = await desk.ask(update("partly", *paths, **given))
        assert as_sent(changed_) == LATER | {"display_name": f"Name {len(paths)}"}
    emptied = await desk.ask(update("partly", "scope", "application_type", "dpop_bound_access_tokens"))
    assert (emptied.scope, emptied.application_type, emptied.dpop_bound_access_tokens) == ("", "", False)


async def test_the_same_said_again_changes_nothing_and_is_no_event(desk: Desk, town: Town) -> None:
    made = await desk.client("a", "same", **FORMER)
    made.client_secret = ""
    assert await desk.ask(UpdateClientRequest(client=made)) == made
    assert await desk.ask(update("same", "*", **as_sent(made))) == made
    assert await events(desk, "same") == [("client.created", "root")]


async def test_a_client_that_comes_to_need_a_secret_is_given_one_this_once(desk: Desk, town: Town) -> None:
    await desk.client("a", "opening", token_endpoint_auth_method="none", redirect_uris=[CALLBACK])
    rehearsed = update("opening", token_endpoint_auth_method="client_secret_post", validate_only=True)
    assert not (await desk.ask(rehearsed)).client_secret
    assert not (await desk.ask(GetClientRequest(name=named("opening")))).client_secret_set
    changed_ = await desk.ask(update("opening", token_endpoint_auth_method="client_secret_post"))
    secret = changed_.client_secret
    assert secret.startswith("tns_")
    assert (await desk.ask(GetClientRequest(name=named("opening")))).client_secret == ""

    async def proves() -> int:
        form = {"token": "x", "client_id": "opening", "client_secret": secret}
        return (await town.ask("POST", "/introspect", form=form)).status_code

    assert await proves() == 200
    same = await desk.ask(update("opening", token_endpoint_auth_method="client_secret_basic"))
    assert (same.client_secret, same.client_secret_set) == ("", True)
    assert await proves() == 401, "it is to be shown by the method that is registered"
    await desk.ask(update("opening", token_endpoint_auth_method="none"))
    await desk.ask(update("opening", token_endpoint_auth_method="client_secret_post"))
    assert await proves() == 401, "a secret of before does not come back"


@requirement("house:who-changes-who-they-are-is-asked-for-again")
@pytest.mark.parametrize(
    ("members", "again"),
    [
        ({"redirect_uris": [CALLBACK, "https://evil.test/cb"]}, True),
        ({"display_name": "Somebody else"}, True),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS}, True),
        ({"scope": "mcp openid"}, False),
        ({"post_logout_redirect_uris": [CALLBACK]}, False),
    ],
)
async def test_users_are_asked_again_where_a_client_says_something_else_of_who_it_is(
    desk: Desk, town: Town, members: dict[str, Any], again: bool
) -> None:
    client_id = f"asked-{next(NUMBERS)}"
    await town.house.client("a", client_id, **PUBLIC)
    before = await tokens(town, client_id)
    assert not await is_asked_again(town, client_id)
    await desk.ask(update(client_id, **members))
    assert await is_asked_again(town, client_id) == again
    assert await counts(town, before["access_token"]), "its grants stay"


async def test_a_redirect_uri_that_was_taken_away_leads_nowhere(desk: Desk, town: Town) -> None:
    await desk.client("a", "moving", token_endpoint_auth_method="none", redirect_uris=[CALLBACK])
    await desk.ask(update("moving", redirect_uris=["https://app.test/new"]))
    is_page(await town.user.get(authorize(changed(AZ, client_id="moving"))))


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"redirect_uris": ["http://app.test/cb"]}, "client.redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "client.redirect_uris"),
        ({"grant_types": ["implicit"]}, "client"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "client"),
        ({"scope": "mcp unheard-of"}, "client.scope"),
        ({"resources": ["http://mcp.test"]}, "client.resources"),
        ({"jwks": "{"}, "client.jwks"),
        ({"scope_limit": "mcp"}, "client.scope_limit"),
    ],
)
async def test_a_change_into_what_cannot_be_made_is_refused_with_the_field(
    desk: Desk, town: Town, members: dict[str, Any], field: str
) -> None:
    before = await desk.client("a", f"stays-{next(NUMBERS)}", **FORMER)
    before.client_secret = ""
    await refused(desk.ask(update(before.name, **members)), INVALID, "REQUEST_INVALID", field)
    assert await desk.ask(GetClientRequest(name=before.name)) == before


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        *((name, "FIELD_IMMUTABLE") for name in ("name", "client_id")),
        *((name, "UPDATE_MASK_INVALID") for name in ("state", "etag", "client_secret", "secrets", "nothing", "jwks.x")),
    ],
)
async def test_what_cannot_be_changed_cannot_be_named_in_a_mask(desk: Desk, town: Town, path: str, reason: str) -> None:
    await refused(desk.ask(update("P", path, display_name="x")), INVALID, reason, "update_mask")


async def test_who_makes_a_client_says_by_its_scopes_what_it_may_have(desk: Desk, town: Town) -> None:
    await refused(desk.client("a", "limited", scope_limit="mcp"), INVALID, "REQUEST_INVALID", "client.scope_limit")


# --- versions


async def test_a_client_that_has_changed_since_it_was_read_is_not_changed(desk: Desk, town: Town) -> None:
    first = await desk.client("a", "versions", **FORMER)
    second = await desk.ask(update("versions", display_name="Second", etag=first.etag))
    for request in (
        update("versions", display_name="Third", etag=first.etag),
        DisableClientRequest(name=first.name, etag=first.etag),
        EnableClientRequest(name=first.name, etag=first.etag),
        ApproveClientRequest(name=first.name, etag=first.etag),
        RefreshClientDocumentRequest(name=first.name, etag=first.etag),
        DeleteClientRequest(name=first.name, etag=first.etag),
    ):
        why = await refused(desk.ask(request), STALE, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == second.etag
    disabled = await desk.ask(DisableClientRequest(name=first.name, etag=second.etag))
    enabled = await desk.ask(EnableClientRequest(name=first.name, etag=disabled.etag))
    assert enabled.etag == second.etag, "it is what it was"
    await desk.ask(RotateClientSecretRequest(name=first.name))
    await refused(desk.ask(DeleteClientRequest(name=first.name, etag=second.etag)), STALE, "ETAG_MISMATCH")
    rotated = await desk.ask(GetClientRequest(name=first.name))
    await desk.ask(DeleteClientRequest(name=first.name, etag=rotated.etag))


async def test_using_a_client_makes_no_new_version_of_it(desk: Desk, town: Town, host: ClientHost) -> None:
    url = described(host, "/used.json")
    await tokens(town, url)
    before = await desk.ask(GetClientRequest(name=named(url)))
    town.clock.now += 2 * DAY
    await tokens(town, url)
    after = await desk.ask(GetClientRequest(name=named(url)))
    assert after.last_use_time.seconds > before.last_use_time.seconds
    assert after.document_read_time.seconds > before.document_read_time.seconds
    assert after.document_expire_time.seconds == after.document_read_time.seconds + UNSAID
    assert after.etag == before.etag


async def test_secrets_are_listed_by_when_they_end_and_not_by_what_they_are(desk: Desk, town: Town) -> None:
    made = await desk.client("a", "several")
    [only] = made.secrets
    assert not only.HasField("expire_time")
    rotated = await desk.ask(RotateClientSecretRequest(name=made.name, overlap=Duration(seconds=60)))
    former, current = (await desk.ask(GetClientRequest(name=made.name))).secrets
    assert (former.id, former.expire_time) == (only.id, rotated.previous_expire_time)
    assert current.id != only.id
    assert not current.HasField("expire_time")
    for secret in (made.client_secret, rotated.client_secret):
        assert only.id not in secret
        assert current.id not in secret


# --- clients that speak for themselves


async def test_what_a_client_says_of_itself_is_its_own_to_change(desk: Desk, town: Town, host: ClientHost) -> None:
    registered_id = (await registered(town))["client_id"]
    url = described(host, "/own.json")
    await tokens(town, url)
    for client_id in (registered_id, url):
        shown = await desk.ask(GetClientRequest(name=named(client_id)))
        for field, value in (("display_name", "Mine"), ("redirect_uris", ["https://evil.test"]), ("scope", "mcp")):
            for request in (update(client_id, field, **{field: value}), update(client_id, **{field: value})):
                await refused(desk.ask(request), INVALID, "FIELD_IMMUTABLE", f"client.{field}")
        await refused(desk.ask(update(client_id, "*")), INVALID, "FIELD_IMMUTABLE", "client.display_name")
        assert await desk.ask(UpdateClientRequest(client=shown)) == shown, "what it says already is no change"


@requirement("house:the-operator-limits-who-came-by-themselves")
async def test_a_limit_holds_whatever_a_client_says_of_itself(desk: Desk, town: Town, host: ClientHost) -> None:
    given = await registered(town)
    url = described(host, "/limited.json")
    for client_id in (given["client_id"], url):
        before = await tokens(town, client_id, scope="mcp admin openid")
        assert before["scope"] == "mcp admin openid"
        limited = await desk.ask(update(client_id, scope_limit="openid mcp"))
        assert limited.scope_limit == "openid mcp"
        assert await desk.ask(GetClientRequest(name=named(client_id))) == limited
        fewer = await refreshed(town, client_id, before["refresh_token"])
        assert fewer.json()["scope"] == "mcp openid"
        assert (await tokens(town, client_id, scope="mcp admin"))["scope"] == "mcp"
    await looks_after_itself(town, given, scope="mcp admin")
    described(host, "/limited.json", scope="mcp admin")
    town.clock.now += UNSAID + COOL_DOWN
    for client_id in (given["client_id"], url):
        assert (await tokens(town, client_id, scope="mcp admin"))["scope"] == "mcp"
        unlimited = await desk.ask(update(client_id, "scope_limit"))
        assert unlimited.scope_limit == ""
        assert (await tokens(town, client_id, scope="mcp admin"))["scope"] == "mcp admin"
        assert [event for event in await events(desk, client_id) if event[1] == "root"] == [
            ("client.changed", "root")
        ] * 2


async def test_a_limit_must_be_of_scopes_that_there_are(desk: Desk, town: Town) -> None:
    client_id = (await registered(town))["client_id"]
    for text in ("mcp unheard-of", 'm"cp'):
        call = desk.ask(update(client_id, scope_limit=text))
        await refused(call, INVALID, "REQUEST_INVALID", "client.scope_limit")


# --- shut out, and let in again


@requirement("house:a-disabled-client-has-nothing")
async def test_a_disabled_client_gets_nothing_and_what_it_has_counts_for_nothing(desk: Desk, town: Town) -> None:
    everything = ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, TOKEN_EXCHANGE]
    client = await desk.client(
        "a",
        "blocked",
        redirect_uris=[CALLBACK],
        post_logout_redirect_uris=[CALLBACK],
        token_endpoint_auth_method="client_secret_post",
        grant_types=everything,
        resources=[RESOURCE],
        target_resources=["https://mcp.test/other"],
    )
    own = {"client_id": "blocked", "client_secret": client.client_secret}
    asked = changed(AZ, client_id="blocked")
    code = await town.user.code(asked)
    got = (await town.token(changed(TK, code=await town.user.code(asked), **own))).json()
    device = (await town.ask("POST", "/device_authorization", form=own)).json()
    other_tokens = await town.tokens()
    nobody, someone = Browser(town.house, 1), Browser(town.house, 1)
    page = await nobody.get(authorize(asked))
    consent = await someone.sign_in(await someone.get(authorize(asked)))
    assert form_of(consent)[0] == "/consent"
    await desk.ask(DisableClientRequest(name=client.name))

    token_requests: list[dict[str, str]] = [
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": dict(TK)["code_verifier"],
        },
        {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]},
        {"grant_type": "client_credentials", "resource": RESOURCE},
        {"grant_type": DEVICE_CODE, "device_code": device["device_code"]},
        {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": other_tokens["access_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "resource": "https://mcp.test/other",
        },
    ]
    for form in token_requests:
        told(await town.token(list({**form, **own}.items())), 401, "invalid_client")
    for path, form in (
        ("/introspect", {"token": got["access_token"]}),
        ("/revoke", {"token": got["refresh_token"]}),
        ("/device_authorization", {}),
        ("/revocations", {"since": ""}),
        ("/par", dict(asked)),
    ):
        told(await town.ask("POST", path, form={**form, **own}), 401, "invalid_client")
    is_page(await town.user.get(authorize(asked)))
    is_page(await someone.submit(consent, decision="allow"))
    is_page(await nobody.submit(page, email="v@example.com", password="battery staple"))
    typed = await town.user.get(f"/device?user_code={device['user_code']}")
    assert "decision" not in (await town.user.submit(typed, user_code=device["user_code"])).text
    assert not await counts(town, got["access_token"])

    await desk.ask(EnableClientRequest(name=client.name))
    assert await counts(town, got["access_token"]), "nothing of it has ended meanwhile"
    assert (await town.token(list({**token_requests[0], **own}.items()))).status_code == 200
    assert [event for event in await events(desk, "blocked") if event[1] == "root"] == [
        ("client.created", "root"),
        ("client.disabled", "root"),
        ("client.enabled", "root"),
    ]


async def test_disabling_twice_is_disabling_once(desk: Desk, town: Town) -> None:
    client = await desk.client("a", "twice")
    for verb, state in ((DisableClientRequest, "STATE_DISABLED"), (EnableClientRequest, "STATE_ACTIVE")):
        once = await desk.ask(verb(name=client.name))
        assert Client.State.Name(once.state) == state
        town.clock.now += 1
        assert await desk.ask(verb(name=client.name)) == once
    assert len(await events(desk, "twice")) == 3


async def test_a_registered_client_that_is_disabled_cannot_change_itself(desk: Desk, town: Town) -> None:
    given = await registered(town)
    await desk.ask(DisableClientRequest(name=named(given["client_id"])))
    shown = [("Authorization", f"Bearer {given['registration_access_token']}")]
    told(await town.ask("GET", f"/register/{given['client_id']}", headers=shown), 401, "invalid_token")


async def test_what_was_decided_about_a_client_is_not_forgotten_with_it(
    desk: Desk, town: Town, host: ClientHost
) -> None:
    """Unused, it would be swept, and come again as if nothing had been."""
    disabled, limited = described(host, "/off.json"), described(host, "/less.json")
    for url in (disabled, limited):
        await town.user.get(authorize(changed(AZ, client_id=url)))
    await desk.ask(DisableClientRequest(name=named(disabled)))
    await desk.ask(update(limited, scope_limit="mcp"))
    town.clock.now += 2 * POLICY.unused_client_ttl
    await sweep(town)
    for url in (disabled, limited):
        await town.user.get(authorize(changed(AZ, client_id=url)))
    assert (await desk.ask(GetClientRequest(name=named(disabled)))).state == Client.STATE_DISABLED
    assert (await desk.ask(GetClientRequest(name=named(limited)))).scope_limit == "mcp"


# --- approval


async def waits(town: Town, client_id: str) -> None:
    page = await town.user.get(authorize(changed(AZ, client_id=client_id)))
    is_page(page)
    assert WAITS in page.text


@requirement("house:who-came-by-themselves-waits-where-the-operator-wants-to-see-them")
async def test_who_comes_by_themselves_waits_until_they_are_approved(
    desk: Desk, town: Town, host: ClientHost, asking_first: None
) -> None:
    given = await registered(town, token_endpoint_auth_method="client_secret_post")
    url = described(host, "/waiting.json")
    for client_id in (given["client_id"], url):
        await waits(town, client_id)
        seen = await desk.ask(GetClientRequest(name=named(client_id)))
        assert seen.state == Client.STATE_PENDING
    own = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
    for path, form in (
        ("/token", {"grant_type": "refresh_token", "refresh_token": "x"}),
        ("/par", dict(changed(AZ, client_id=given["client_id"]))),
        ("/introspect", {"token": "x"}),
        ("/revoke", {"token": "x"}),
    ):
        told(await town.ask("POST", path, form={**form, **own}), 400, "unauthorized_client")
        wrong = {**form, **own, "client_secret": "wrong"}
        told(await town.ask("POST", path, form=wrong), 401, "invalid_client")
    found = await desk.ask(ListClientsRequest(parent="issuers/a", filter="state = STATE_PENDING"))
    assert {client.client_id for client in found.clients} == {given["client_id"], url}
    for client_id in (given["client_id"], url):
        approved = await desk.ask(ApproveClientRequest(name=named(client_id)))
        assert approved.state == Client.STATE_ACTIVE
        assert await desk.ask(ApproveClientRequest(name=named(client_id))) == approved
        assert ("client.approved", "root") in await events(desk, client_id)
    assert (await tokens(town, url))["access_token"]
    await town.user.code(changed(AZ, client_id=given["client_id"]))


async def test_an_approved_client_that_says_it_is_another_one_waits_again(
    desk: Desk, town: Town, host: ClientHost, asking_first: None
) -> None:
    given = await registered(town)
    url = described(host, "/another.json")
    for client_id in (given["client_id"], url):
        await waits(town, client_id)
        await desk.ask(ApproveClientRequest(name=named(client_id)))
    before = {client_id: await tokens(town, client_id) for client_id in (given["client_id"], url)}
    await looks_after_itself(town, given, redirect_uris=[CALLBACK, "https://evil.test/cb"])
    described(host, "/another.json", client_name="Your bank")
    town.clock.now += UNSAID + COOL_DOWN
    for client_id, had in before.items():
        await waits(town, client_id)
        told(await refreshed(town, client_id, had["refresh_token"]), 400, "unauthorized_client")
        await desk.ask(ApproveClientRequest(name=named(client_id)))
        assert (await refreshed(town, client_id, had["refresh_token"])).status_code == 200, "what it had is not ended"


async def test_an_approved_client_that_changes_nothing_of_who_it_is_goes_on(
    desk: Desk, town: Town, host: ClientHost, asking_first: None
) -> None:
    given = await registered(town)
    url = described(host, "/going-on.json")
    for client_id in (given["client_id"], url):
        await waits(town, client_id)
        await desk.ask(ApproveClientRequest(name=named(client_id)))
    await looks_after_itself(town, given, scope="mcp")
    described(host, "/going-on.json", scope="mcp")
    town.clock.now += UNSAID + COOL_DOWN
    for client_id in (given["client_id"], url):
        await tokens(town, client_id)


async def test_who_was_there_before_goes_on_and_who_waits_waits_on(desk: Desk, town: Town, host: ClientHost) -> None:
    there = await registered(town)
    await town.house.set_policy("a", replace(POLICY, approval_required=True))
    waiting = await registered(town)
    await tokens(town, there["client_id"])
    await desk.client("a", "made-meanwhile", token_endpoint_auth_method="none", redirect_uris=[CALLBACK])
    await tokens(town, "made-meanwhile")
    await town.house.set_policy("a", POLICY)
    await waits(town, waiting["client_id"])
    await tokens(town, (await registered(town))["client_id"])


async def test_an_access_token_of_a_client_that_waits_again_counts_for_nothing(
    desk: Desk, town: Town, asking_first: None
) -> None:
    given = await registered(town)
    await desk.ask(ApproveClientRequest(name=named(given["client_id"])))
    had = await tokens(town, given["client_id"], scope="mcp")
    assert await counts(town, had["access_token"])
    assert claims(had["access_token"])["aud"] == RESOURCE
    await looks_after_itself(town, given, client_name="Another")
    assert not await counts(town, had["access_token"])


async def test_a_waiting_client_that_is_disabled_is_still_waiting_when_it_is_enabled(
    desk: Desk, town: Town, asking_first: None
) -> None:
    name = named((await registered(town))["client_id"])
    assert (await desk.ask(DisableClientRequest(name=name))).state == Client.STATE_DISABLED
    assert (await desk.ask(EnableClientRequest(name=name))).state == Client.STATE_PENDING


# --- documents


async def test_a_document_is_read_when_the_operator_wants_it(desk: Desk, town: Town, host: ClientHost) -> None:
    url = described(host, "/news.json")
    await tokens(town, url)
    described(host, "/news.json", client_name="News", redirect_uris=[CALLBACK, "https://app.test/second"])
    town.clock.now += COOL_DOWN
    rehearsed = await desk.ask(RefreshClientDocumentRequest(name=named(url), validate_only=True))
    assert (await desk.ask(GetClientRequest(name=named(url)))).display_name == "App"
    read = await desk.ask(RefreshClientDocumentRequest(name=named(url)))
    assert (read.display_name, list(read.redirect_uris)) == ("News", [CALLBACK, "https://app.test/second"])
    assert rehearsed == read
    assert read.document_read_time.seconds == town.clock.now
    assert await desk.ask(GetClientRequest(name=named(url))) == read
    assert ("client.document_read", "root") in await events(desk, url)
    assert await is_asked_again(town, url)


async def test_a_document_that_was_read_for_a_request_is_not_read_into_another_client_when_it_comes_again(
    desk: Desk, town: Town, host: ClientHost
) -> None:
    url = described(host, "/again.json")
    await tokens(town, url)
    before = await desk.ask(GetClientRequest(name=named(url)))
    described(host, "/again.json", client_name="Second")
    town.clock.now += COOL_DOWN
    id = "1b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
    request = RefreshClientDocumentRequest(name=named(url), etag=before.etag, request_id=id)
    first = await desk.ask(request)
    assert first.display_name == "Second"
    described(host, "/again.json", client_name="Third")
    town.clock.now += COOL_DOWN
    assert await desk.ask(request) == first
    assert (await desk.ask(GetClientRequest(name=named(url)))).display_name == "Second"


async def test_a_document_that_is_of_no_use_changes_nothing_and_the_operator_is_told_why(
    desk: Desk, town: Town, host: ClientHost
) -> None:
    url = described(host, "/broken.json")
    await tokens(town, url)
    before = await desk.ask(GetClientRequest(name=named(url)))
    for said, why in (
        ({"client_id": "https://evil.test"}, "client_id"),
        ({"redirect_uris": ["javascript:x"]}, "redirect"),
        (None, "404"),
    ):
        town.clock.now += COOL_DOWN
        if said is None:
            host.hide("/broken.json")
        else:
            described(host, "/broken.json", **said)
        call = desk.ask(RefreshClientDocumentRequest(name=named(url)))
        problem = await refused(call, grpc.StatusCode.FAILED_PRECONDITION, "DOCUMENT_UNUSABLE")
        assert why in problem.message, problem.message
    assert await desk.ask(GetClientRequest(name=named(url))) == before


async def test_a_client_that_is_known_otherwise_has_no_document_to_read(desk: Desk, town: Town) -> None:
    for client_id in ("P", (await registered(town))["client_id"]):
        call = desk.ask(RefreshClientDocumentRequest(name=named(client_id)))
        await refused(call, INVALID, "REQUEST_INVALID", "name")


async def test_who_is_not_there_cannot_be_changed(desk: Desk, town: Town) -> None:
    for request in (
        update("nobody", display_name="x"),
        DisableClientRequest(name=named("nobody")),
        EnableClientRequest(name=named("nobody")),
        ApproveClientRequest(name=named("nobody")),
        RefreshClientDocumentRequest(name=named("nobody")),
    ):
        why = await refused(desk.ask(request), GONE, "NOT_FOUND")
        assert why.resource == ("admin.tenantry.dev/Client", named("nobody"))


# --- lists


async def test_a_filter_finds_clients_by_what_is_shown_of_them(tmp_path: Path, host: ClientHost) -> None:
    async with admin_desk(tmp_path, to_clients=host.fetcher) as desk:
        town = await settle(desk.house)
        given = (await registered(town, client_name="Zed"))["client_id"]
        url = described(host, "/filtered.json", client_name="App two")
        await tokens(town, url)
        await desk.client("a", "machine", display_name="App one", redirect_uris=[], grant_types=["client_credentials"])
        await desk.ask(DisableClientRequest(name=named("machine")))
        for text, found in (
            ("origin = ORIGIN_REGISTRATION", {given}),
            ("origin = ORIGIN_DOCUMENT", {url}),
            ("origin != ORIGIN_ADMIN", {given, url}),
            ("state = STATE_DISABLED", {"machine"}),
            ('display_name = "App*"', {"machine", url}),
            ('display_name = "App*" AND state = STATE_ACTIVE', {url}),
            (f'client_id = "{url}"', {url}),
            ("grant_types:client_credentials", {"machine"}),
            ("token_endpoint_auth_method = client_secret_post", {"L"}),
            ('create_time > "2099-01-01T00:00:00Z"', set[str]()),
            ('last_use_time > "2001-01-01T00:00:00Z" AND origin = ORIGIN_DOCUMENT', {url}),
        ):
            for size in (1, 100):
                request = ListClientsRequest(parent="issuers/a", filter=text, page_size=size)
                seen: list[str] = []
                while True:
                    page = await desk.ask(request)
                    assert len(page.clients) <= size
                    seen += [client.client_id for client in page.clients]
                    request.page_token = page.next_page_token
                    if not request.page_token:
                        break
                assert (set(seen), len(seen)) == (found, len(found)), text
        for text in ("origin = admin", "secret = x", "state =", "last_use_time > yesterday"):
            call = desk.ask(ListClientsRequest(parent="issuers/a", filter=text))
            await refused(call, INVALID, "FILTER_INVALID", "filter")
        page = await desk.ask(ListClientsRequest(parent="issuers/a", page_size=1))
        other = ListClientsRequest(parent="issuers/a", page_size=1, page_token=page.next_page_token)
        other.filter = "origin = ORIGIN_ADMIN"
        await refused(desk.ask(other), INVALID, "PAGE_TOKEN_INVALID", "page_token")


async def test_one_call_looks_at_a_bounded_number_of_clients_and_the_token_goes_on(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        for n in range(4_100):
            await desk.house.client("a", f"c{n:05}", **PUBLIC)
        last = await desk.client("a", "z-last")
        request = ListClientsRequest(parent="issuers/a", filter='client_id = "z*"')
        page = await desk.ask(request)
        assert (list(page.clients), bool(page.next_page_token)) == ([], True)
        request.page_token = page.next_page_token
        page = await desk.ask(request)
        assert ([client.name for client in page.clients], page.next_page_token) == ([last.name], "")


async def test_creating_and_changing_are_done_once_under_one_request_id(desk: Desk, town: Town) -> None:
    id = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
    create = CreateClientRequest(parent="issuers/a", client_id="once", client=Client(redirect_uris=[CALLBACK]))
    made = await desk.ask(create)
    change = update("once", token_endpoint_auth_method="none")
    await desk.ask(change)
    change = update("once", token_endpoint_auth_method="client_secret_post")
    change.request_id = id
    first = await desk.ask(change)
    assert first.client_secret not in ("", made.client_secret)
    assert await desk.ask(change) == first
