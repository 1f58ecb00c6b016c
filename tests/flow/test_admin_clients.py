"""ClientService over gRPC: the operator's clients, and the secrets that are told once."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from protos.admin.v1.client_service_pb2 import (
    Client,
    CreateClientRequest,
    DeleteClientRequest,
    GetClientRequest,
    ListClientsRequest,
    RotateClientSecretRequest,
)
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from server.admin.credentials import ROOT, SOCKET
from tenants.acts.document import learn
from tenants.oauth.client_document import Fetched
from tenants.records import DAY, SYSTEM
from tests.support.admin import TOKEN, Desk, admin_desk, files, refused
from tests.support.house import EPOCH, FakeClock
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
HOST = "a.test"
KEY = Signer("ES256")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("a", f"https://{HOST}", scopes=["mcp", "openid"])
        await desk.issuer("b", "https://b.test")
        yield desk


async def proves(desk: Desk, client_id: str, secret: str) -> bool:
    """Whether the issuer takes this for the client's secret: only then does it look at the token at all."""
    answer = await desk.house.ask("POST", "/introspect", host=HOST, form={"token": "x"}, basic=(client_id, secret))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def test_a_client_comes_back_as_it_was_made_but_for_its_secret(desk: Desk) -> None:
    given: dict[str, Any] = {
        "display_name": "The app",
        "redirect_uris": ["https://app.test/cb", "https://app.test/other"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_post",
        "scope": "mcp",
        "application_type": "web",
        "resources": ["https://mcp.test/mcp"],
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "post_logout_redirect_uris": ["https://app.test/left"],
        "backchannel_logout_uri": "https://app.test/told",
        "backchannel_logout_session_required": True,
        "userinfo_signed_response_alg": "ES256",
    }
    made = await desk.client("a", "whole", **given)
    assert made.name == "issuers/a/clients/whole"
    assert made.client_id == "whole"
    assert made.origin == Client.ORIGIN_ADMIN
    assert made.client_secret.startswith("tns_")
    assert made.client_secret_set
    assert made.create_time.seconds == EPOCH
    for name, value in given.items():
        kept = getattr(made, name)
        assert (list(kept) if isinstance(value, list) else kept) == value
    made.client_secret = ""
    assert await desk.ask(GetClientRequest(name=made.name)) == made
    assert list((await desk.ask(ListClientsRequest(parent="issuers/a"))).clients).count(made) == 1


@pytest.mark.parametrize(
    ("grant_type", "more"),
    [
        ("client_credentials", {}),
        ("urn:ietf:params:oauth:grant-type:device_code", {"token_endpoint_auth_method": "none"}),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", {}),
        (
            "urn:ietf:params:oauth:grant-type:token-exchange",
            {"resources": ["https://mcp.test/mcp"], "target_resources": ["https://mcp.test/a", "https://mcp.test/b"]},
        ),
    ],
)
async def test_a_client_without_a_browser_needs_no_redirect_uri(
    desk: Desk, grant_type: str, more: dict[str, Any]
) -> None:
    made = await desk.client("a", redirect_uris=[], grant_types=[grant_type], **more)
    assert (list(made.redirect_uris), list(made.grant_types)) == ([], [grant_type])
    for name, value in more.items():
        kept = getattr(made, name)
        assert (list(kept) if isinstance(value, list) else kept) == value
    made.client_secret = ""
    assert await desk.ask(GetClientRequest(name=made.name)) == made


async def test_what_is_left_out_has_the_defaults_of_rfc_7591(desk: Desk) -> None:
    made = await desk.client("a", "plain")
    assert list(made.grant_types) == ["authorization_code", "refresh_token"]
    assert made.token_endpoint_auth_method == "client_secret_basic"
    assert (made.scope, made.application_type) == ("", "")
    assert await proves(desk, "plain", made.client_secret)


async def test_a_client_without_an_id_gets_one(desk: Desk) -> None:
    made, other = await desk.client("a"), await desk.client("a")
    assert made.client_id != other.client_id
    assert (await desk.ask(GetClientRequest(name=made.name))).client_id == made.client_id


async def test_a_public_client_has_no_secret(desk: Desk) -> None:
    made = await desk.client("a", "public", token_endpoint_auth_method="none")
    assert (made.client_secret, made.client_secret_set) == ("", False)
    rotate = RotateClientSecretRequest(name=made.name)
    await refused(desk.ask(rotate), INVALID, "REQUEST_INVALID", "name")


async def test_a_client_with_a_key_comes_back_as_it_was_made_and_has_no_secret(desk: Desk) -> None:
    method, jwks = {"token_endpoint_auth_method": "private_key_jwt"}, json.dumps(KEY.jwks)
    made = await desk.client("a", "keyed", jwks=jwks, token_endpoint_auth_signing_alg="ES256", **method)
    assert (made.token_endpoint_auth_method, made.client_secret, made.client_secret_set) == (
        "private_key_jwt",
        "",
        False,
    )
    assert (json.loads(made.jwks), made.jwks_uri, made.token_endpoint_auth_signing_alg) == (KEY.jwks, "", "ES256")
    assert await desk.ask(GetClientRequest(name=made.name)) == made
    await refused(desk.ask(RotateClientSecretRequest(name=made.name)), INVALID, "REQUEST_INVALID", "name")
    elsewhere = await desk.client("a", "keyed-elsewhere", jwks_uri="https://app.test/jwks", **method)
    assert (elsewhere.jwks, elsewhere.jwks_uri) == ("", "https://app.test/jwks")
    assert elsewhere.token_endpoint_auth_signing_alg == ""
    speaking = await desk.client("a", "keyed-server", jwks=jwks, resources=["https://mcp.test/mcp"], **method)
    assert list(speaking.resources) == ["https://mcp.test/mcp"]


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"jwks": "{"}, "client.jwks"),
        ({"jwks": '{"keys":[],"keys":[]}'}, "client.jwks"),
        ({"jwks": '{"keys":[]}'}, "client"),
        ({"jwks": json.dumps({"keys": [KEY.key.as_dict(private=True)]})}, "client"),
        ({"jwks": json.dumps(KEY.jwks), "jwks_uri": "https://app.test/jwks"}, "client"),
        ({"jwks": json.dumps(KEY.jwks), "token_endpoint_auth_signing_alg": "RS256"}, "client"),
        ({"jwks": json.dumps(KEY.jwks), "token_endpoint_auth_signing_alg": "HS256"}, "client"),
        ({"jwks_uri": "http://app.test/jwks"}, "client"),
        ({"jwks_uri": "https://10.0.0.1/jwks"}, "client"),
    ],
)
async def test_keys_that_could_prove_nobody_are_refused(desk: Desk, members: dict[str, Any], field: str) -> None:
    given = {"token_endpoint_auth_method": "private_key_jwt", **members}
    await refused(desk.client("a", "odd", **given), INVALID, "REQUEST_INVALID", field)


async def test_a_client_that_registered_itself_is_seen_and_can_be_deleted(desk: Desk) -> None:
    metadata = {"redirect_uris": ["https://app.test/cb"], "client_name": "Stranger"}
    registered = (await desk.house.ask("POST", "/register", host=HOST, json=metadata)).json()
    name = f"issuers/a/clients/{registered['client_id']}"
    seen = await desk.ask(GetClientRequest(name=name))
    assert (seen.origin, seen.display_name, seen.client_secret) == (Client.ORIGIN_REGISTRATION, "Stranger", "")
    await desk.ask(DeleteClientRequest(name=name))
    why = await refused(desk.ask(GetClientRequest(name=name)), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/Client", name)


async def test_a_client_known_by_its_document_is_seen_and_can_be_forgotten(desk: Desk) -> None:
    url = "https://app.test:8443/a~b/client.json"
    said = {"client_id": url, "client_name": "Described", "redirect_uris": ["https://app.test/cb"]}
    document = Fetched(url, EPOCH, {"content-type": "application/json"}, json.dumps(said).encode())
    await desk.house.registry.tenant("a").actor.run(learn, document)
    name = "issuers/a/clients/https%3A%2F%2Fapp.test%3A8443%2Fa~b%2Fclient.json"
    listed = {client.name: client for client in (await desk.ask(ListClientsRequest(parent="issuers/a"))).clients}
    assert listed[name] == await desk.ask(GetClientRequest(name=name))
    seen = listed[name]
    assert (seen.client_id, seen.origin, seen.display_name) == (url, Client.ORIGIN_DOCUMENT, "Described")
    await refused(desk.ask(RotateClientSecretRequest(name=name)), INVALID, "REQUEST_INVALID", "name")
    await desk.ask(DeleteClientRequest(name=name))
    why = await refused(desk.ask(GetClientRequest(name=name)), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/Client", name)


@pytest.mark.parametrize(
    "client",
    [
        *(
            "https%3a%2f%2fapp.test%2fc",
            "https%3A%2F%2Fapp.test/c",
            "https://app.test/c",
            "https%3A%2F%2Fapp.test%2Fc%zz",
        ),
        *(
            "https%3A%2F%2Fapp%2Etest%2Fc",
            "https%3A%2F%2Fapp.test%2F%C3",
            "ftp%3A%2F%2Fapp.test%2Fc",
            "%2E%2E",
            "a%2Fb",
        ),
        *("https%3A%2F%2F" + "c" * 2_000, "https%3A%2F%2Fapp.test%2Fc\n", "%68ttps%3A%2F%2Fapp.test%2Fc"),
    ],
)
async def test_a_url_has_one_spelling_in_a_name(desk: Desk, client: str) -> None:
    await refused(desk.ask(GetClientRequest(name=f"issuers/a/clients/{client}")), INVALID, "REQUEST_INVALID", "name")


@pytest.mark.parametrize(
    "client_id", ["../x", "a/b", "A", "1a", "a-", "c_" + "0" * 32, "a" * 64, "é", "a\n", "https://x"]
)
async def test_ga_05_a_client_id_that_is_not_a_plain_name_is_refused(desk: Desk, client_id: str) -> None:
    await refused(desk.client("a", client_id), INVALID, "REQUEST_INVALID", "client_id")


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "issuers/a", "issuers/a/clients/", "issuers/a/clients/x/y", "issuers//clients/x", "clients/x"),
        *("issuers/A/clients/x", "issuers/a/clients/..", "issuers/a/clients/x\n", "issuers/-/clients/x", "é" * 99_999),
    ],
)
async def test_ga_05_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    for request in (GetClientRequest, DeleteClientRequest, RotateClientSecretRequest):
        await refused(desk.ask(request(name=name)), INVALID, "REQUEST_INVALID", "name")
    for parent in (name, "issuers/a/clients/plain"):
        if parent != "issuers/a":
            list_them = ListClientsRequest(parent=parent)
            await refused(desk.ask(list_them), INVALID, "REQUEST_INVALID", "parent")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"redirect_uris": []}, "client.redirect_uris"),
        ({"redirect_uris": ["http://app.test/cb"]}, "client.redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "client.redirect_uris"),
        ({"redirect_uris": ["https://app.test/cb#x"]}, "client.redirect_uris"),
        ({"redirect_uris": ["http://localhost/cb"], "application_type": "web"}, "client.redirect_uris"),
        ({"grant_types": ["implicit"]}, "client"),
        ({"grant_types": ["refresh_token"]}, "client"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "client"),
        ({"scope": 'a "b"'}, "client"),
        ({"application_type": "desktop"}, "client"),
        ({"resources": ["http://mcp.test"]}, "client.resources"),
        ({"resources": ["x" * 500_000]}, "client.resources[0]"),
        ({"resources": ["https://mcp.test"], "token_endpoint_auth_method": "none"}, "client.resources"),
    ],
)
async def test_a_client_that_cannot_be_is_refused_with_the_field(
    desk: Desk, members: dict[str, Any], field: str
) -> None:
    await refused(desk.client("a", "odd", **members), INVALID, "REQUEST_INVALID", field)
    await refused(desk.ask(GetClientRequest(name="issuers/a/clients/odd")), GONE, "NOT_FOUND")


async def test_a_name_is_made_safe_to_show(desk: Desk) -> None:
    made = await desk.client("a", "coloured", display_name="\x1b[31mThe\u202e  app\n")
    assert made.display_name == "[31mThe app"


async def test_ids_are_given_once_at_each_issuer(desk: Desk) -> None:
    await desk.client("a", "same")
    why = await refused(desk.client("a", "same"), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    assert why.resource == ("admin.tenantry.dev/Client", "issuers/a/clients/same")
    other = await desk.client("b", "same")
    await desk.ask(DeleteClientRequest(name=other.name))
    assert (await desk.ask(GetClientRequest(name="issuers/a/clients/same"))).client_id == "same"


async def test_validating_only_makes_nothing(desk: Desk) -> None:
    def request(*redirect_uris: str) -> CreateClientRequest:
        client = Client(redirect_uris=redirect_uris)
        return CreateClientRequest(parent="issuers/a", client_id="rehearsed", client=client, validate_only=True)

    would_be = await desk.ask(request("https://app.test/cb"))
    assert (would_be.name, would_be.client_secret) == ("issuers/a/clients/rehearsed", "")
    await refused(desk.ask(GetClientRequest(name=would_be.name)), GONE, "NOT_FOUND")
    await refused(desk.ask(request("http://app.test")), INVALID, "REQUEST_INVALID", "client.redirect_uris")
    await desk.client("a", "rehearsed")
    taken = desk.ask(request("https://app.test/cb"))
    await refused(taken, grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")


# --- secrets


async def test_a_new_secret_ends_the_former_at_once(desk: Desk) -> None:
    made = await desk.client("a", "rotated")
    rotated = await desk.ask(RotateClientSecretRequest(name=made.name))
    assert rotated.client_secret not in ("", made.client_secret)
    assert rotated.previous_expire_time.seconds == desk.house.clock.now
    assert not await proves(desk, "rotated", made.client_secret)
    assert await proves(desk, "rotated", rotated.client_secret)


async def test_both_secrets_count_until_the_overlap_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    async with admin_desk(tmp_path, clock=clock) as desk:
        await desk.issuer("a", f"https://{HOST}")
        made = await desk.client("a", "rotated")
        rotate = RotateClientSecretRequest(name=made.name, overlap=Duration(seconds=60))
        rotated = await desk.ask(rotate)
        assert rotated.previous_expire_time.seconds == clock.now + 60
        clock.now += 59
        assert await proves(desk, "rotated", made.client_secret)
        assert await proves(desk, "rotated", rotated.client_secret)
        clock.now += 1
        assert not await proves(desk, "rotated", made.client_secret)
        assert await proves(desk, "rotated", rotated.client_secret)


@pytest.mark.parametrize("overlap", [Duration(seconds=-1), Duration(nanos=1), Duration(seconds=30 * DAY + 1)])
async def test_an_overlap_that_cannot_be_is_refused(desk: Desk, overlap: Duration) -> None:
    rotate = RotateClientSecretRequest(name="issuers/a/clients/plain", overlap=overlap)
    await refused(desk.ask(rotate), INVALID, "REQUEST_INVALID", "overlap")


async def test_ga_20_a_secret_is_told_once_and_written_down_nowhere(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a", f"https://{HOST}", debug=True)
        made = await desk.client("a", "secretive", resources=["https://mcp.test"])
        rotate = RotateClientSecretRequest(name=made.name, overlap=Duration(seconds=60))
        secrets = [made.client_secret, (await desk.ask(rotate)).client_secret, TOKEN]
        seen = [
            str(await desk.ask(GetClientRequest(name=made.name))),
            str(await desk.ask(ListClientsRequest(parent="issuers/a"))),
        ]
        why = await refused(desk.client("a", "secretive"), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
        wrong = desk.ask(GetClientRequest(name=made.name), token=f"{TOKEN}x")
        also = await refused(wrong, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
        assert not await proves(desk, "secretive", f"{secrets[0]}x")
        logged = desk.logged()
        assert "CreateClient" in logged
        kept = b"".join(file.read_bytes() for file in files(tmp_path))
        for secret in secrets:
            for text in (*seen, str(why), str(also), logged):
                assert secret not in text
            assert secret.encode("ascii") not in kept


# --- other issuers, other states


async def test_deleting_a_client_ends_what_it_may_do(desk: Desk) -> None:
    made = await desk.client("a", "leaving")
    await desk.ask(DeleteClientRequest(name=made.name))
    assert not await proves(desk, "leaving", made.client_secret)
    for request in (GetClientRequest, DeleteClientRequest, RotateClientSecretRequest):
        await refused(desk.ask(request(name=made.name)), GONE, "NOT_FOUND")


async def test_clients_of_an_issuer_that_is_not_there_are_not_found(desk: Desk) -> None:
    for request in (
        CreateClientRequest(parent="issuers/nobody", client=Client(redirect_uris=["https://app.test/cb"])),
        ListClientsRequest(parent="issuers/nobody"),
        GetClientRequest(name="issuers/nobody/clients/x"),
        DeleteClientRequest(name="issuers/nobody/clients/x"),
        RotateClientSecretRequest(name="issuers/nobody/clients/x"),
    ):
        why = await refused(desk.ask(request), GONE, "ISSUER_NOT_FOUND")
        assert why.resource == ("admin.tenantry.dev/Issuer", "issuers/nobody")


async def test_a_disabled_issuer_still_has_clients_and_a_deleted_one_shows_none(desk: Desk) -> None:
    await desk.issuer("closing")
    await desk.ask(DisableIssuerRequest(name="issuers/closing"))
    made = await desk.client("closing", "x")
    assert await desk.ask(GetClientRequest(name=made.name))
    await desk.ask(DeleteIssuerRequest(name="issuers/closing"))
    requests = (ListClientsRequest(parent="issuers/closing"), GetClientRequest(name=made.name))
    for call in (*map(desk.ask, requests), desk.client("closing", "y")):
        await refused(call, grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")


async def test_ga_18_pages_hold_every_client_of_one_issuer_once(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        for issuer_id in ("a", "b"):
            await desk.issuer(issuer_id)
            for n in range(5):
                await desk.client(issuer_id, f"{issuer_id}-{n}")
        for size in (1, 2, 4, 5, 1_000_000):
            found: list[str] = []
            token = ""
            while True:
                page = await desk.ask(ListClientsRequest(parent="issuers/a", page_size=size, page_token=token))
                found += [client.client_id for client in page.clients]
                token = page.next_page_token
                if not token:
                    break
                foreign = ListClientsRequest(parent="issuers/b", page_size=size, page_token=token)
                await refused(desk.ask(foreign), INVALID, "PAGE_TOKEN_INVALID", "page_token")
            assert found == [f"a-{n}" for n in range(5)]
        negative = ListClientsRequest(parent="issuers/a", page_size=-1)
        await refused(desk.ask(negative), INVALID, "REQUEST_INVALID", "page_size")


@pytest.mark.parametrize("client_id", [ROOT, SOCKET, SYSTEM.actor])
async def test_no_client_is_called_what_the_trail_calls_somebody_else(desk: Desk, client_id: str) -> None:
    await refused(desk.client("a", client_id), INVALID, "REQUEST_INVALID", "client_id")
