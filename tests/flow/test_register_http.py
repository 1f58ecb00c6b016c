"""POST /register: strangers introduce themselves, and nothing they say is taken on trust."""

from dataclasses import replace
from typing import Any

import pytest

from tenants.turn import Turn
from tests.flow.town import POLICY, Town
from tests.support.browser import Browser
from tests.support.clients import AZ, CALLBACK, RG, TK, authorize, changed, is_page, refused, sent_back

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD = "invalid_client_metadata"


async def registered(town: Town, **more: Any) -> dict[str, Any]:
    answer = await town.ask("POST", "/register", json={**RG, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="RG-01-empty"),
        pytest.param(b"x", id="RG-01-text"),
        pytest.param(b"null", id="RG-01-null"),
        pytest.param(b"[]", id="RG-01-array"),
        pytest.param(b'"x"', id="RG-01-string"),
        pytest.param(b"[" * 30_000, id="RG-01-deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="RG-01-deep-object"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"]}garbage', id="RG-01-trailing"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"x":NaN}', id="HX-10-NaN"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"x":1e999}', id="HX-10-infinite"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"x":-Infinity}', id="HX-10-Infinity"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"x":' + b"9" * 5_000 + b"}", id="HX-11-integer"),
        pytest.param(b'\xef\xbb\xbf{"redirect_uris":["https://app.test/cb"]}', id="HX-11-BOM"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"client_name":"\xff"}', id="HX-12"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"redirect_uris":["https://evil.test"]}', id="RG-19"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"client_name":"\\ud800"}', id="RG-18-surrogate"),
        pytest.param(b'{"redirect_uris":["https://app.test/cb"],"x":{"\\ud800":1}}', id="RG-18-surrogate-name"),
    ],
)
async def test_a_body_with_no_or_two_meanings_registers_nobody(town: Town, body: bytes) -> None:
    headers = [("Content-Type", "application/json")]
    refused(await town.ask("POST", "/register", content=body, headers=headers), 400, BAD)


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/x-www-form-urlencoded", id="HX-16-form"),
        pytest.param("text/plain", id="RG-01-text-type"),
        pytest.param("application/json; charset=utf-16", id="HX-15"),
        pytest.param(None, id="RG-01-no-type"),
    ],
)
async def test_metadata_is_json(town: Town, content_type: str | None) -> None:
    headers = [] if content_type is None else [("Content-Type", content_type)]
    body = b'{"redirect_uris":["https://app.test/cb"]}'
    refused(await town.ask("POST", "/register", content=body, headers=headers), 400, BAD)


async def test_the_server_chooses_id_and_secret(town: Town) -> None:
    asked = {"client_id": "P", "client_secret": "mine", "client_id_issued_at": 1, "registration_access_token": "x"}
    given = await registered(town, **asked, token_endpoint_auth_method="client_secret_post")
    assert given["client_id"] not in ("P", "")  # RG-02
    assert given["client_secret"] != "mine"
    assert given["client_id_issued_at"] == town.clock.now
    assert given["registration_access_token"] != "x"


@pytest.mark.parametrize("count", [pytest.param(50, id="RG-03")])
async def test_no_given_id_looks_like_a_url(town: Town, count: int) -> None:
    ids = {(await registered(town))["client_id"] for _ in range(count)}
    assert len(ids) == count
    assert all(client_id.startswith("c_") and client_id[2:].isalnum() for client_id in ids)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"token_endpoint_auth_method": "client_secret_jwt"}, id="RG-04-client_secret_jwt"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt"}, id="RG-04-private_key_jwt"),
        pytest.param({"token_endpoint_auth_method": "x"}, id="RG-04-unknown"),
        pytest.param({"token_endpoint_auth_method": ["none"]}, id="RG-04-list"),
        pytest.param({"grant_types": ["password"]}, id="RG-04-password"),
        pytest.param({"grant_types": ["implicit"]}, id="RG-04-implicit"),
        pytest.param({"grant_types": ["refresh_token"]}, id="RG-04-refresh-alone"),
        pytest.param({"grant_types": "authorization_code"}, id="RG-04-string"),
        pytest.param({"response_types": ["token"]}, id="RG-04-token"),
        pytest.param({"response_types": ["code", "token"]}, id="RG-04-both"),
        pytest.param({"grant_types": ["authorization_code", "client_credentials"]}, id="RG-05"),
        pytest.param({"client_name": 7}, id="RG-name-number"),
        pytest.param({"client_name": ["x"]}, id="RG-name-list"),
        pytest.param({"scope": ["mcp"]}, id="RG-06-list"),
        pytest.param({"scope": 'm"cp'}, id="RG-06-malformed"),
        pytest.param({"jwks": {"keys": []}, "jwks_uri": "https://app.test/jwks"}, id="RG-07-both"),
        pytest.param({"jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, id="RG-07-private"),
        pytest.param({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, id="RG-07-symmetric"),
        pytest.param({"jwks": {"keys": [{"kty": "EC"}] * 1_000}}, id="RG-07-many"),
        pytest.param({"jwks": [{"kty": "EC"}]}, id="RG-07-array"),
        pytest.param({"jwks": "x"}, id="RG-07-string"),
        *(
            pytest.param({"jwks_uri": uri}, id=f"RG-08-{uri}")
            for uri in (
                "http://app.test/jwks",
                "https://127.0.0.1/",
                "https://169.254.169.254/",
                "https://[::1]/",
                "https://localhost/",
                "https://x.localhost/",
                "https://metadata.google.internal/",
                "https://2130706433/",
                "https://0x7f.1/",
                "https://127.1/",
                "file:///etc/passwd",
            )
        ),
        pytest.param({"application_type": "web", "redirect_uris": ["http://127.0.0.1/cb"]}, id="RG-20-web-loopback"),
        pytest.param({"application_type": "tv"}, id="RG-20-unknown"),
        pytest.param({"contacts": ["x" * 300]}, id="RG-contacts"),
        pytest.param({"logo_uri#ja": "javascript:alert(1)"}, id="RG-22-uri"),
        pytest.param({"client_name#ja": 7}, id="RG-22-name"),
    ],
)
async def test_metadata_that_cannot_be_kept_is_refused(town: Town, members: dict[str, Any]) -> None:
    answer = await town.ask("POST", "/register", json={**RG, **members})
    refused(answer, 400, BAD, "invalid_redirect_uri")


async def test_a_registration_that_is_too_long_leaves_nobody_behind(town: Town) -> None:
    def everyone(turn: Turn, _: None) -> list[str]:
        return [client.id for client in turn.tx.clients.page("", 1_000)]

    actor = town.house.registry.tenant("a").actor
    before = await actor.run(everyone, None)
    jwks = {"keys": [{"kty": "EC", "x": "A" * 8_192}]}
    refused(await town.ask("POST", "/register", json={**RG, "jwks": jwks}), 400, BAD)
    assert await actor.run(everyone, None) == before


@pytest.mark.parametrize("scope", [pytest.param("mcp root", id="RG-06")])
async def test_a_scope_beyond_the_policy_is_not_registered(town: Town, scope: str) -> None:
    given = await registered(town, scope=scope)
    assert given["scope"] == "mcp"
    code = await town.user.code(changed(AZ, client_id=given["client_id"], scope="mcp admin"))
    tokens = (await town.token(changed(TK, client_id=given["client_id"], code=code))).json()
    assert tokens["scope"] == "mcp admin", "its own word is no limit: it could have registered for more"
    more = changed(AZ, client_id=given["client_id"], scope="mcp root")
    sent_back(await town.user.get(authorize(more)), "invalid_scope")


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param("e30.e30.", "unapproved_software_statement", id="RG-09"),
        pytest.param("", "unapproved_software_statement", id="RG-09-empty"),
        pytest.param({"software_id": "x"}, "invalid_software_statement", id="RG-09-object"),
    ],
)
async def test_a_software_statement_is_not_believed_and_not_passed_over(
    town: Town, statement: object, code: str
) -> None:
    refused(await town.ask("POST", "/register", json={**RG, "software_statement": statement}), 400, code)


async def test_a_private_use_scheme_that_is_not_allowed_does_not_spoil_the_rest(fresh: Town) -> None:
    cursor = "cursor://anysphere.cursor-mcp/oauth/callback"
    uris = [cursor, "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"]
    given = await registered(fresh, redirect_uris=uris)
    assert given["redirect_uris"] == uris
    asked = changed(AZ, client_id=given["client_id"])
    for uri in uris[1:]:
        assert await Browser(fresh.house).code(changed(asked, redirect_uri=uri), uri)
    page = await fresh.user.get(authorize(changed(asked, redirect_uri=cursor)))
    is_page(page)
    assert "the scheme cursor, which this issuer does not allow" in page.text
    await fresh.house.set_policy("a", replace(POLICY, private_redirect_schemes=("cursor",)))
    assert await Browser(fresh.house).code(changed(asked, redirect_uri=cursor), cursor)


@pytest.mark.parametrize(
    "uris",
    [
        ["cursor://x/cb"],
        ["cursor://x/cb", "other://x/cb"],
        ["javascript:alert(1)", "https://app.test/cb"],
        ["CURSOR://x/cb", "https://app.test/cb"],
        ["cursor://x/cb#f", "https://app.test/cb"],
        ["http://evil.test/cb", "https://app.test/cb"],
    ],
)
async def test_nobody_registers_what_can_never_be_a_way_back(town: Town, uris: list[str]) -> None:
    refused(await town.ask("POST", "/register", json={**RG, "redirect_uris": uris}), 400, "invalid_redirect_uri")


async def test_a_secret_is_shown_once_and_never_kept_by_the_way(town: Town) -> None:
    answer = await town.ask("POST", "/register", json={"redirect_uris": [CALLBACK]})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"  # RG-11
    given = answer.json()
    assert given["token_endpoint_auth_method"] == "client_secret_basic"  # RFC 7591 §2
    assert len(given["client_secret"]) >= 64
    assert given["client_secret_expires_at"] == 0
    assert None not in given.values()
    public = await registered(town)
    assert "client_secret" not in public


@pytest.mark.parametrize("host", [pytest.param("b.test", id="RG-17")])
async def test_a_client_of_one_issuer_is_unknown_at_another(town: Town, host: str) -> None:
    client_id = (await registered(town))["client_id"]
    is_page(await town.ask("GET", authorize(changed(AZ, client_id=client_id)), host=host))
    refused(await town.token(changed(TK, client_id=client_id), host=host), 401, "invalid_client")


@pytest.mark.parametrize("text", [pytest.param("a\0b", id="RG-18-nul"), pytest.param("🐴🐴", id="RG-18-emoji")])
@pytest.mark.parametrize("member", ["client_name", "software_id", "software_version", "client_name#ja"])
async def test_any_real_text_can_be_registered(town: Town, member: str, text: str) -> None:
    given = await registered(town, **{member: text})
    assert await town.user.code(changed(AZ, client_id=given["client_id"]))


@pytest.mark.parametrize("kind", [pytest.param("native", id="RG-20-native")])
async def test_a_native_client_may_have_https_and_loopback(town: Town, kind: str) -> None:
    uris = [CALLBACK, "http://127.0.0.1/cb"]
    assert (await registered(town, application_type=kind, redirect_uris=uris))["application_type"] == kind


async def test_registration_can_be_closed(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, registration="closed"))
    refused(await fresh.ask("POST", "/register", json=RG), 403, "access_denied")  # RG-21
    for name in ("oauth-authorization-server", "openid-configuration"):
        assert "registration_endpoint" not in (await fresh.ask("GET", f"/.well-known/{name}")).json()


async def test_a_client_that_nobody_uses_is_swept(fresh: Town) -> None:
    given = await registered(fresh)
    asked = authorize(changed(AZ, client_id=given["client_id"]))
    assert (await fresh.user.get(asked)).status_code == 200
    fresh.clock.now += 91 * 86_400
    assert await fresh.house.registry.ring()
    is_page(await fresh.user.get(asked))  # RG-10: what a flood leaves behind goes by itself
