"""TestIdentityProvider over gRPC: what is told of a provider that works, lies, is silent, or is not there."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import grpc
import pytest
import pytest_asyncio

from protos.admin.v1 import identity_provider_service_pb2 as pb
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from server.outbound import examine
from server.outbound.discovery import Discovery
from server.outbound.examine import Examiner
from server.outbound.fetcher import Fetcher
from server.outbound.findings import AFTER_DISCOVERY
from tenants.acts.provider_kinds import default_scopes
from tenants.acts.try_out import try_out
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.flow.town import Town, settle
from tests.support.abroad import Border, hears_nothing, serving
from tests.support.admin import TOKEN, Desk, admin_desk, refused
from tests.support.browser import Browser
from tests.support.openid_provider import CLIENT_ID, SECRET, OpenIdProvider, openid_provider
from tests.support.serving import serving as served

pytestmark = pytest.mark.asyncio(loop_scope="module")

CORP = "issuers/a/identityProviders/corp"
METADATA = "/.well-known/openid-configuration"
EVERYTHING: dict[str, Any] = {
    "code_challenge_methods_supported": ["plain", "S256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "scopes_supported": ["openid", "profile", "email", "phone"],
    "authorization_response_iss_parameter_supported": True,
}
FORBIDDEN = ("https://169.254.169.254/x", "https://10.0.0.1/x", "https://[fd00:ec2::254]/x", "https://192.0.0.192/x")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("dev", "http://dev.localhost:8080")
        await settle(desk.house)
        yield desk


@pytest_asyncio.fixture(loop_scope="module")
async def there(desk: Desk) -> AsyncGenerator["There"]:
    """Issuer A, with a provider that says of itself all that it may, and knows us."""
    async with openid_provider(OpenIdProvider(now=desk.house.clock, discovery=dict(EVERYTHING))) as corp:
        corp.key("first")  # which takes a while to make
        there = There(desk, Abroad(Town(desk.house, Browser(desk.house), {}), corp))
        await there.abroad.configure()
        yield there
        await there.abroad.forget()


@dataclass(frozen=True)
class Report:
    passed: bool
    states: dict[str, str]
    messages: dict[str, str]

    def having(self, state: str) -> set[str]:
        return {name for name, each in self.states.items() if each == state}


@dataclass
class There:
    desk: Desk
    abroad: Abroad

    @property
    def corp(self) -> OpenIdProvider:
        return self.abroad.corp

    async def tried(self, name: str = CORP) -> Report:
        return await tried(self.desk, name)

    async def without_discovery(self, kind: str, **changes: Any) -> None:
        uri = self.corp.uri
        addresses = {"authorization_uri": f"{uri}/authorize", "token_uri": f"{uri}/token", "user_uri": f"{uri}/user"}
        self.corp.answers |= {"/user": (401, b"{}")}
        given = {**addresses, "issuer_uri": "", "auth_method": "client_secret_post", "scopes": (), **changes}
        await self.abroad.configure(kind=kind, **given)


async def tried(desk: Desk, name: str) -> Report:
    told = await desk.ask(pb.TestIdentityProviderRequest(name=name))
    state_of = pb.TestIdentityProviderResponse.Check.State.Name
    states = {check.name: state_of(check.state).removeprefix("STATE_").lower() for check in told.checks}
    messages = {check.name: check.message for check in told.checks}
    assert list(states) == ["discovery", *AFTER_DISCOVERY]
    assert told.passed is ("failed" not in states.values())
    for message in messages.values():
        assert message.isprintable()
        assert 0 < len(message) < 300
    return Report(told.passed, states, messages)


def says(value: object, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(value).encode()


# --- a provider that works


async def test_a_good_provider_passes_every_check_and_nobody_is_signed_in(there: There) -> None:
    report = await there.tried()
    assert report.having("passed") == set(report.states), report.messages
    assert sorted(there.corp.asked) == sorted([METADATA, "/authorize", "/token", "/userinfo", "/jwks"])
    assert there.corp.tokens == []
    [form] = [parse_qs(body.decode()) for body in there.corp.bodies if body]
    assert form["grant_type"] == ["authorization_code"]
    assert form["redirect_uri"] == ["https://a.test/callback/corp"]
    again = await there.tried()
    assert again == report
    codes = {parse_qs(body.decode())["code"][0] for body in there.corp.bodies if body}
    assert len(codes) == 2, "a code is made up for each test"


async def test_a_provider_that_says_no_more_than_it_must_passes_with_remarks(there: There) -> None:
    there.corp.discovery = {"userinfo_endpoint": None}
    report = await there.tried()
    assert report.having("passed") == set(report.states), report.messages
    for check in ("pkce", "client_authentication", "scopes"):
        assert "does not say" in report.messages[check]
    assert "userinfo" not in report.messages["endpoints"]


async def test_nothing_is_written_and_a_disabled_provider_is_tested_too(there: There) -> None:
    await there.abroad.configure(disabled_at=1)

    def whole(turn: Turn, _: None) -> object:
        return list(turn.tx.identity_providers.all()), list(turn.tx.events.page(0, 10_000))

    actor = there.desk.house.registry.tenant("a").actor
    before = await actor.run(whole, None)
    assert (await there.tried()).passed
    assert await actor.run(whole, None) == before


async def test_what_is_asked_is_fresh_and_who_signs_in_after_a_good_test_finds_it(there: There) -> None:
    await there.abroad.depart()
    there.corp.discovery["authorization_endpoint"] = f"{there.corp.uri}/authorize?new=1"
    assert "new=1" not in await there.abroad.depart()
    assert (await there.tried()).passed
    assert "new=1" in await there.abroad.depart()
    there.corp.shown, there.corp.signing = ["second"], "second"
    there.corp.discovery.pop("authorization_endpoint")
    assert (await there.tried()).passed
    there.corp.discovery["authorization_response_iss_parameter_supported"] = False
    assert (await there.abroad.come_back(iss=there.corp.uri)).status_code == 303, "the new key is known"


async def test_a_bad_test_takes_nothing_from_those_who_sign_in(there: There) -> None:
    await there.abroad.depart()
    there.corp.discovery["issuer"] = "https://other.test"
    assert not (await there.tried()).passed
    there.corp.discovery = {"authorization_endpoint": "javascript:alert(1)"}
    assert not (await there.tried()).passed
    assert await there.abroad.depart()


# --- a provider that does not


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://other.test"},
        {"issuer": None},
        {"issuer": ["https://other.test"]},
    ],
    ids=str,
)
async def test_a_provider_of_another_issuer_is_told_apart_from_one_that_is_not_there(
    there: There, lie: dict[str, Any]
) -> None:
    there.corp.discovery |= lie
    report = await there.tried()
    assert report.having("failed") == {"discovery"}
    assert "another issuer" in report.messages["discovery"]
    assert report.having("skipped") == set(AFTER_DISCOVERY)
    assert there.corp.asked == [METADATA], "the secret is not shown to it"


@pytest.mark.parametrize(
    "answer", [(404, b"{}"), (500, b"{}"), (302, b""), (200, b"[]"), (200, b"<html>"), (200, b""), (200, b"x" * 70_000)]
)
async def test_a_provider_without_metadata_fails_at_discovery(there: There, answer: tuple[int, bytes]) -> None:
    there.corp.answers[METADATA] = answer
    report = await there.tried()
    assert report.having("failed") == {"discovery"}
    assert f"{there.corp.uri}{METADATA}" in report.messages["discovery"]
    assert report.having("skipped") == set(AFTER_DISCOVERY)


async def test_a_provider_that_is_away_is_no_error_of_the_call(there: There) -> None:
    await there.abroad.configure(issuer_uri="http://127.0.0.1:1")
    report = await there.tried()
    assert report.having("failed") == {"discovery"}
    assert "127.0.0.1: no connection" in report.messages["discovery"]


@pytest.mark.parametrize(
    ("check", "lie"),
    [
        ("endpoints", {"token_endpoint": "javascript:alert(1)"}),
        ("endpoints", {"token_endpoint": None}),
        ("endpoints", {"authorization_endpoint": "http://example.com/authorize"}),
        ("endpoints", {"userinfo_endpoint": "https://user@example.com/"}),
        ("endpoints", {"userinfo_endpoint": ""}),
        *(("endpoints", {"token_endpoint": uri}) for uri in FORBIDDEN),
        ("keys", {"jwks_uri": None}),
        ("keys", {"jwks_uri": FORBIDDEN[0]}),
        ("algorithms", {"id_token_signing_alg_values_supported": ["none", "HS256"]}),
        ("algorithms", {"id_token_signing_alg_values_supported": []}),
        ("keys", {"id_token_signing_alg_values_supported": ["ES256"]}),
        ("pkce", {"code_challenge_methods_supported": ["plain"]}),
        ("pkce", {"code_challenge_methods_supported": []}),
        ("client_authentication", {"token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"]}),
        ("scopes", {"scopes_supported": ["profile", "email"]}),
    ],
    ids=str,
)
async def test_a_lie_in_the_metadata_fails_its_own_check(there: There, check: str, lie: dict[str, Any]) -> None:
    there.corp.discovery |= lie
    report = await there.tried()
    assert report.having("failed") == {check}, report.messages
    assert report.having("skipped") <= {"keys", "redirect_uri", "client"}


@pytest.mark.parametrize(
    ("check", "path", "answer"),
    [
        ("endpoints", "/token", (404, b"")),
        ("endpoints", "/token", (503, b"")),
        ("endpoints", "/userinfo", (404, b"{}")),
        ("endpoints", "/authorize", (404, b"")),
        pytest.param("endpoints", "/authorize", (200, b"x" * 1_100_000), id="endpoints-/authorize-large"),
        ("keys", "/jwks", (404, b"{}")),
        ("keys", "/jwks", (200, b"[]")),
        ("keys", "/jwks", says({"keys": []})),
        ("keys", "/jwks", says({"keys": [{"kty": "RSA", "n": "x" * 400, "e": "!"}, {"kty": "oct", "k": "x"}]})),
        ("keys", "/jwks", says({"keys": [{"kty": "EC", "crv": "P-256"}, 5, None]})),
        ("redirect_uri", "/authorize", (400, b"no such redirect URI")),
        ("client", "/token", says({"error": "invalid_client"}, 400)),
        ("client", "/token", says({"error": "unauthorized_client"}, 400)),
        ("client", "/token", (401, b"")),
        ("client", "/token", says({"error": "access_denied"}, 401)),
        ("client", "/token", says({"access_token": "given", "token_type": "Bearer"})),
    ],
    ids=str,
)
async def test_a_wrong_answer_fails_its_own_check(
    there: There, check: str, path: str, answer: tuple[int, bytes]
) -> None:
    there.corp.answers[path] = answer
    report = await there.tried()
    assert report.having("failed") == {check}, report.messages
    assert report.having("skipped") <= {"redirect_uri", "client"}


@pytest.mark.parametrize(
    ("check", "path", "answer"),
    [
        ("client", "/token", (500, b"")),
        ("client", "/token", says({"error": "invalid_request"}, 400)),
        ("client", "/token", says({"error": ["invalid_grant"]}, 400)),
        ("client", "/token", (200, b"<html>")),
        ("redirect_uri", "/authorize", (200, b"<html>")),
        ("redirect_uri", "/authorize", (302, b"")),
        ("redirect_uri", "/authorize", (403, b"no robots")),
    ],
    ids=str,
)
async def test_what_cannot_be_told_is_left_open(there: There, check: str, path: str, answer: tuple[int, bytes]) -> None:
    there.corp.answers[path] = answer
    report = await there.tried()
    assert report.passed
    assert report.having("skipped") == {check}
    assert "does not tell" in report.messages[check]


async def test_keys_of_another_kind_than_the_algorithms_prove_nothing(there: There) -> None:
    there.corp.algorithm = "ES256"
    there.corp.discovery["id_token_signing_alg_values_supported"] = ["RS256", "ES256"]
    there.corp.shown = ["elliptic"]
    assert (await there.tried()).passed, "one is enough"
    there.corp.discovery["id_token_signing_alg_values_supported"] = ["RS256", "ES384"]
    report = await there.tried()
    assert report.having("failed") == {"keys"}, "the curve of ES384 is another"
    assert "RS256, ES384" in report.messages["keys"]


async def test_a_provider_that_signs_in_no_way_that_proves_anything_is_told_so(there: There) -> None:
    there.corp.discovery["id_token_signing_alg_values_supported"] = ["none", "HS256"]
    assert "with none of RS256, " in (await there.tried()).messages["algorithms"]


async def test_only_the_algorithms_that_are_allowed_here_count(there: There) -> None:
    await there.abroad.configure(token_algorithms=("ES256",))
    report = await there.tried()
    assert report.having("failed") == {"keys", "algorithms"}
    await there.abroad.configure(token_algorithms=("ES256", "RS256"))
    assert (await there.tried()).passed


async def test_a_redirect_uri_that_is_not_registered_is_found_out(there: There) -> None:
    there.corp.redirect_uris = ("https://a.test/callback/other",)
    report = await there.tried()
    assert report.having("failed") == {"redirect_uri"}
    assert "https://a.test/callback/corp" in report.messages["redirect_uri"]
    there.corp.redirect_uris = ("https://a.test/callback/corp",)
    assert (await there.tried()).passed


async def test_scopes_that_are_not_listed_may_be_known_and_those_that_are_refused_are_not(there: There) -> None:
    await there.abroad.configure(scopes=("openid", "calendar"))
    report = await there.tried()
    assert (report.passed, report.states["scopes"]) == (True, "skipped")
    assert "calendar" in report.messages["scopes"]
    there.corp.without_user = "invalid_scope"
    assert (await there.tried()).having("failed") == {"scopes"}


@pytest.mark.parametrize("error", ["unauthorized_client", "unsupported_response_type"])
async def test_a_client_that_may_not_ask_for_codes_is_told_so(there: There, error: str) -> None:
    there.corp.without_user = error
    report = await there.tried()
    assert report.having("failed") == {"client"}
    assert "authorization code grant" in report.messages["client"]
    there.corp.without_user = "interaction_required"
    assert (await there.tried()).passed


@pytest.mark.parametrize("path", ["/token", "/jwks"])
async def test_a_provider_that_is_silent_somewhere_is_told_in_time(
    there: There, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine.FIRST_SECONDS + examine.THEN_SECONDS <= 9
    monkeypatch.setattr(examine, "THEN_SECONDS", 2.0)
    there.corp.silent_at = path
    async with asyncio.timeout(8):
        report = await there.tried()
    check = "keys" if path == "/jwks" else "endpoints"
    assert report.having("failed") == {check}
    assert "no whole answer within 2 s" in report.messages[check]


async def test_many_tests_of_a_silent_provider_keep_to_the_places_of_the_tenant(
    there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examine, "FIRST_SECONDS", 1.0)
    async with serving(hears_nothing) as silent:
        await there.abroad.configure(issuer_uri=f"http://127.0.0.1:{silent.port}")
        async with asyncio.timeout(8):
            reports = await asyncio.gather(*(there.tried() for _ in range(20)))
        assert all("no whole answer within 1 s" in report.messages["discovery"] for report in reports)
        assert silent.most <= 8


GARBAGE: list[Any] = [None, 5, True, "", "x", "\n", "https://[::1", "ä", [], [None], [["S256"]], {}, {"a": []}, ["\0"]]


async def test_garbage_is_told_and_never_an_error_of_the_call(there: There) -> None:
    members = ["issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", *EVERYTHING]
    members += ["id_token_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"]
    for member in members:
        for value in GARBAGE:
            there.corp.discovery = {**EVERYTHING, member: value}
            await there.tried()
    there.corp.discovery = dict(EVERYTHING)
    for path in ("/authorize", "/token", "/userinfo", "/jwks"):
        for answer in (b"\xff\xfe", b"[" * 5_000, b'{"keys": 5}', b'{"error": {"a": 1}}', b'{"keys": [[]]}', b"null"):
            there.corp.answers = {path: (200, answer)}
            await there.tried()


async def test_nothing_of_what_the_provider_says_is_repeated_and_no_secret_either(there: There) -> None:
    word = "canary"
    there.corp.discovery = {name: [word] for name in EVERYTHING} | {"id_token_signing_alg_values_supported": [word]}
    there.corp.answers = {
        "/authorize": (400, word.encode()),
        "/token": says({"error": word, "error_description": word, "code": word}, 400),
        "/jwks": says({"keys": [{"kty": word, "kid": word}]}),
        "/userinfo": (404, word.encode()),
    }
    reports = [await there.tried()]
    there.corp.answers = {}
    for path in (f"/{word}", word, f"{word}:{word}"):
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")
        there.corp.discovery = dict.fromkeys(names[:3], path if ":" in path else f"{there.corp.uri}{path}")
        reports.append(await there.tried())
        there.corp.discovery["issuer"] = path
        reports.append(await there.tried())
    for told in (*map(str, reports), there.desk.logged()):
        assert word not in told
        assert SECRET not in told
        assert TOKEN not in told
    assert "TestIdentityProvider" in there.desk.logged()


# --- who may be called


async def test_where_nobody_may_be_called_nobody_is(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    border = Border(monkeypatch)
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    there.corp.discovery |= dict(zip(names, FORBIDDEN, strict=True))
    report = await there.tried()
    assert report.having("failed") == {"endpoints", "keys"}
    assert report.messages["endpoints"].count("not a public address") == 3
    assert {address for address, _ in border.dialled} == {"127.0.0.1"}
    assert there.corp.asked == [METADATA]


async def test_in_production_this_machine_is_not_called(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    border = Border(monkeypatch)
    actor, fetcher = there.desk.house.registry.tenant("a").actor, Fetcher(loopback=False)
    examiner = Examiner(fetcher, Discovery(there.desk.house.clock, loopback=False))
    found = await examiner.examine("a", await actor.run(try_out, "corp"))
    assert [finding.check for finding in found if finding.state == "failed"] == ["discovery"]
    assert "not a public address" in found[0].message
    await there.without_discovery("oauth2")
    found = await examiner.examine("a", await actor.run(try_out, "corp"))
    assert [finding.check for finding in found if finding.state == "failed"] == ["endpoints"]
    await fetcher.close()
    assert (border.dialled, there.corp.asked) == ([], [])


# --- who we are to it


@pytest.mark.parametrize(
    ("method", "told"), [("client_secret_basic", "client_secret"), ("private_key_jwt", "key")], ids=str
)
async def test_a_secret_that_is_damaged_here_is_found_out(there: There, method: str, told: str) -> None:
    public = {"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256"} if method == "private_key_jwt" else None
    there.corp.discovery["token_endpoint_auth_methods_supported"] = [method]
    await there.abroad.configure(auth_method=method, public_jwk=public, sealed_secret=b"damaged" * 9)
    report = await there.tried()
    assert report.having("failed") == {"client"}
    assert report.messages["client"] == f"the {told} that is kept here cannot be unsealed; set it anew"
    assert there.corp.assertions == []


async def test_a_wrong_secret_is_found_out_and_shown_to_nobody(desk: Desk, there: There) -> None:
    name, secret = "issuers/dev/identityProviders/corp", "a-secret-of-yesterday"
    given: dict[str, Any] = {"oidc": {"issuer_uri": there.corp.uri}, "client_id": CLIENT_ID}
    made = pb.IdentityProvider(**given, client_secret=secret)
    await desk.ask(
        pb.CreateIdentityProviderRequest(parent="issuers/dev", identity_provider_id="corp", identity_provider=made)
    )
    report = await tried(desk, name)
    assert report.having("failed") == {"client"}
    assert "client_secret" in report.messages["client"]
    assert secret not in str(report) + desk.logged()
    right = pb.IdentityProvider(name=name, client_secret=SECRET)
    await desk.ask(pb.UpdateIdentityProviderRequest(identity_provider=right))
    assert (await tried(desk, name)).passed
    await desk.ask(pb.DeleteIdentityProviderRequest(name=name))


async def test_a_key_is_tried_as_a_secret_is(desk: Desk, there: There) -> None:
    name = "issuers/dev/identityProviders/keyed"
    given: dict[str, Any] = {"oidc": {"issuer_uri": there.corp.uri}, "client_id": CLIENT_ID}
    made = pb.IdentityProvider(**given, token_endpoint_auth_method="private_key_jwt")
    keyed = await desk.ask(
        pb.CreateIdentityProviderRequest(parent="issuers/dev", identity_provider_id="keyed", identity_provider=made)
    )
    report = await tried(desk, name)
    assert report.having("failed") == {"client_authentication", "client"}, "it knows no keys yet"
    there.corp.client_jwk = json.loads(keyed.public_jwk)
    there.corp.discovery["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]
    assert (await tried(desk, name)).passed
    there.corp.discovery["token_endpoint_auth_signing_alg_values_supported"] = ["RS512"]
    assert (await tried(desk, name)).having("failed") == {"client_authentication"}
    await desk.ask(pb.DeleteIdentityProviderRequest(name=name))


@pytest.mark.parametrize(
    ("kind", "answer", "client", "redirect_uri"),
    [
        ("github", says({"error": "bad_verification_code"}), "passed", "skipped"),
        ("github", says({"error": "incorrect_client_credentials"}), "failed", "skipped"),
        ("github", says({"error": "redirect_uri_mismatch"}), "skipped", "failed"),
        ("github", (200, b"error=bad_verification_code"), "skipped", "skipped"),
        ("workos", says({"error": "invalid_grant", "error_description": "no"}, 400), "passed", "skipped"),
        ("workos", says({"code": "invalid_grant", "message": "no"}, 400), "passed", "skipped"),
        ("workos", says({"error": "invalid_client"}, 400), "failed", "skipped"),
        ("oauth2", says({"error": "invalid_grant"}, 400), "passed", "skipped"),
        ("oauth2", (401, b""), "failed", "skipped"),
        ("oauth2", (418, b""), "skipped", "skipped"),
    ],
    ids=str,
)
async def test_a_provider_without_discovery_is_asked_for_what_it_has(
    there: There, kind: str, answer: tuple[int, bytes], client: str, redirect_uri: str
) -> None:
    await there.without_discovery(kind)
    there.corp.answers["/token"] = answer
    report = await there.tried()
    assert (report.states["client"], report.states["redirect_uri"]) == (client, redirect_uri)
    assert report.states["endpoints"] == "passed"
    silent = {"discovery", "keys", "algorithms", "pkce", "client_authentication", "scopes", "response_iss"}
    assert report.having("skipped") >= silent
    assert sorted(there.corp.asked) == ["/authorize", "/token", "/user"]
    [body] = [body for body in there.corp.bodies if body]
    assert body.startswith(b"{") == (kind == "workos")


async def test_a_provider_without_discovery_that_is_away_is_told(there: There) -> None:
    await there.without_discovery("github", token_uri="http://127.0.0.1:1/token")
    report = await there.tried()
    assert report.having("failed") == {"endpoints"}
    assert "token: 127.0.0.1: no connection" in report.messages["endpoints"]


async def test_endpoints_that_are_configured_are_tried_without_discovery(there: There) -> None:
    uri = there.corp.uri
    places = {"jwks_uri": f"{uri}/jwks", "issuer_uri": "https://nowhere.test", "scopes": default_scopes("oidc")}
    await there.without_discovery("oidc", **places)
    report = await there.tried()
    assert report.having("passed") == {"endpoints", "keys", "redirect_uri", "client"}, report.messages
    assert METADATA not in there.corp.asked
    there.corp.answers["/jwks"] = says({"keys": []})
    assert (await there.tried()).having("failed") == {"keys"}


async def test_entra_refuses_codes_before_it_looks_at_the_secret(there: There) -> None:
    await there.abroad.configure(kind="entra")
    there.corp.discovery["issuer"] = "https://login.microsoftonline.com/{tenantid}/v2.0"
    report = await there.tried()
    assert report.having("skipped") == {"client"}
    there.corp.answers["/token"] = says({"error": "invalid_client"}, 401)
    assert (await there.tried()).having("failed") == {"client"}


# --- who asks, and for what


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    nobody = pb.TestIdentityProviderRequest(name="issuers/a/identityProviders/nobody")
    why = await refused(desk.ask(nobody), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/IdentityProvider", "issuers/a/identityProviders/nobody")
    nowhere = pb.TestIdentityProviderRequest(name="issuers/nowhere/identityProviders/corp")
    await refused(desk.ask(nowhere), grpc.StatusCode.NOT_FOUND, "ISSUER_NOT_FOUND")
    for name in ("", "issuers/a", "issuers/a/identityProviders/..", "issuers/a/clients/x"):
        odd = pb.TestIdentityProviderRequest(name=name)
        await refused(desk.ask(odd), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", "name")


async def test_a_provider_of_another_issuer_is_not_there(there: There) -> None:
    other = pb.TestIdentityProviderRequest(name="issuers/b/identityProviders/corp")
    await refused(there.desk.ask(other), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert there.corp.asked == []


async def test_an_issuer_may_be_disabled_but_not_deleted(desk: Desk) -> None:
    await desk.issuer("closing", "http://closing.localhost:8080")
    given = pb.IdentityProvider(oidc={"issuer_uri": "http://127.0.0.1:1"}, client_id="x", client_secret="x")
    request = pb.CreateIdentityProviderRequest(
        parent="issuers/closing", identity_provider_id="corp", identity_provider=given
    )
    name = (await desk.ask(request)).name
    await desk.ask(DisableIssuerRequest(name="issuers/closing"))
    assert (await tried(desk, name)).having("failed") == {"discovery"}
    await desk.ask(DeleteIssuerRequest(name="issuers/closing"))
    asked = desk.ask(pb.TestIdentityProviderRequest(name=name))
    await refused(asked, grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")


# --- the command


async def test_the_command_shows_each_check_and_ends_with_0_or_1(there: There, tmp_path: Path) -> None:
    with served(tmp_path / "data", mode="dev") as server:

        async def run(*words: str) -> Any:
            return await asyncio.to_thread(server.operator, *words)

        (server.data_dir / "secret").write_text(SECRET, "utf-8")
        assert (await run("issuer", "create", "acme", "--uri", "http://acme.localhost:8080")).code == 0
        words = ("--kind", "oidc", "--issuer-uri", there.corp.uri, "--client-id", CLIENT_ID)
        made = await run("provider", "create", "acme", "corp", *words, "--client-secret-file", "secret")
        assert made.code == 0, made.err

        good = await run("provider", "test", "acme", "corp")
        assert (good.code, good.err) == (0, "")
        header, *rows = good.out.splitlines()
        assert header.split() == ["NAME", "STATE", "MESSAGE"]
        assert [row.split()[:2] for row in rows] == [[name, "passed"] for name in ("discovery", *AFTER_DISCOVERY)]
        value = (await run("provider", "test", "acme", "corp", "-o", "json")).value
        assert (value["name"], value["passed"]) == ("issuers/acme/identityProviders/corp", True)
        assert [check["state"] for check in value["checks"]] == ["STATE_PASSED"] * 10

        there.corp.answers["/token"] = (401, b"")
        bad = await run("provider", "test", "acme", "corp")
        assert (bad.code, bad.err) == (1, "")
        [row] = [row for row in bad.out.splitlines() if row.split()[1] == "failed"]
        assert row.startswith("client ")
        told = await run("provider", "test", "acme", "corp", "-o", "json")
        assert (told.code, json.loads(told.out)["passed"]) == (1, False)
        for how in ("yaml", "name"):
            assert (await run("provider", "test", "acme", "corp", "-o", how)).code == 1
        assert "NOT_FOUND" in (await run("provider", "test", "acme", "nobody")).failed(1)
