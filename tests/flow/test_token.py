"""POST /token for a code: once, for the client that asked, with the authentication it registered."""

import asyncio
from base64 import b64encode
from collections.abc import Callable

import pytest

from tenants.acts.operate import SecretRotation, rotate_secret
from tests.flow.town import Town, disable_client
from tests.support.clients import AZ, PUBLIC, RESOURCE, RF, TK, Pairs, changed, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

URN = "urn:ietf:params:oauth"


def encoded(text: str) -> str:
    return b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


@pytest.mark.parametrize("headers", [(), [("Content-Type", "application/json")]], ids=["nothing", "json"])
async def test_who_sends_nothing_is_told_what_to_send(town: Town, headers: Pairs) -> None:
    answer = await town.ask("POST", "/token", headers=headers)
    refused(answer, 400, "invalid_request")
    assert "a form with grant_type=authorization_code" in answer.json()["error_description"]
    refused(await town.ask("POST", "/token", content=b"{}", headers=headers), 400, "invalid_request")


@pytest.mark.parametrize("again", [pytest.param(1, id="TK-01")])
async def test_a_code_used_twice_ends_what_it_gave(town: Town, again: int) -> None:
    form = changed(TK, code=await town.user.code())
    tokens = (await town.token(form)).json()
    assert (await town.introspect(tokens["access_token"]))["active"] is True
    refused(await town.token(form), 400, "invalid_grant")
    assert await town.introspect(tokens["access_token"]) == {"active": False}
    refused(await town.refresh(tokens["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("callers", [pytest.param(50, id="TK-02")])
async def test_of_many_at_once_one_gets_the_tokens(town: Town, callers: int) -> None:
    form = changed(TK, code=await town.user.code())
    answers = await asyncio.gather(*(town.token(form) for _ in range(callers)))
    [won] = [answer for answer in answers if answer.status_code == 200]
    for lost in answers:
        if lost is not won:
            refused(lost, 400, "invalid_grant")
    assert await town.introspect(won.json()["access_token"]) == {"active": False}  # the others had the code too


@pytest.mark.parametrize("thief", [pytest.param("K", id="TK-03-confidential"), pytest.param("Q", id="TK-03-public")])
async def test_a_code_of_one_client_is_nothing_to_another(town: Town, thief: str) -> None:
    form = changed(TK, code=await town.user.code())
    if thief == "K":
        stolen = await town.token(changed(form, client_id=None), basic=town.basic("K"))
    else:
        await town.house.client("a", "Q", **PUBLIC)
        stolen = await town.token(changed(form, client_id="Q"))
    refused(stolen, 400, "invalid_grant")
    tokens = (await town.token(form)).json()  # not burnt by who only knew it
    refused(
        await town.token(changed(form, client_id=None), basic=town.basic("K")), 400, "invalid_grant"
    )  # and not revoked
    assert (await town.introspect(tokens["access_token"]))["active"] is True


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda code: code[:20] + "A" * (len(code) - 20), id="TK-04-prefix"),
        pytest.param(lambda code: code.replace("tnc_", "pending:"), id="TK-04-other-prefix"),
        pytest.param(lambda code: code[:-1], id="TK-30-truncated"),
        pytest.param(lambda code: code[:16], id="TK-30-half"),
        pytest.param(lambda code: code + "A", id="TK-30-longer"),
        pytest.param(lambda code: code + "=", id="TK-30-padded"),
        pytest.param(lambda code: code.swapcase(), id="TK-30-case"),
        pytest.param(lambda code: code.replace("_", "%5F"), id="TK-30-encoded-twice"),
        pytest.param(lambda code: code + "\n", id="TK-30-newline"),
        pytest.param(lambda code: " " + code, id="TK-30-space"),
        pytest.param(lambda code: code + "\0", id="TK-30-nul"),
        pytest.param(lambda code: "é" * 26, id="TK-30-non-ascii"),
    ],
)
async def test_what_is_nearly_a_code_is_none(town: Town, forge: Callable[[str], str]) -> None:
    form = changed(TK, code=await town.user.code())
    forged = changed(form, code=forge(dict(form)["code"]))
    refused(await town.token(forged), 400, "invalid_grant")
    assert (await town.token(form)).status_code == 200


@pytest.mark.parametrize("host", [pytest.param("b.test", id="TK-05")])
async def test_a_code_of_one_issuer_is_nothing_to_another(town: Town, host: str) -> None:
    form = changed(TK, code=await town.user.code())
    refused(await town.token(form, host=host), 400, "invalid_grant")
    assert (await town.token(form)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "grant_type"),
    [
        pytest.param("refresh_token", "code", id="TK-06-refresh-as-code"),
        pytest.param("access_token", "code", id="TK-06-access-as-code"),
        pytest.param("code", "refresh_token", id="TK-06-code-as-refresh"),
        pytest.param("access_token", "refresh_token", id="TK-06-access-as-refresh"),
    ],
)
async def test_one_kind_of_secret_is_not_another(town: Town, kind: str, grant_type: str) -> None:
    secrets = {**await town.tokens(), "code": await town.user.code()}
    form = changed(TK, code=secrets[kind]) if grant_type == "code" else changed(RF, refresh_token=secrets[kind])
    refused(await town.token(form), 400, "invalid_grant")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        pytest.param("/token", TK, id="TK-07"),
        pytest.param("/token", RF, id="TK-08-refresh"),
        pytest.param("/revoke", [("token", "x")], id="TK-08-revoke"),
        pytest.param("/introspect", [("token", "x")], id="TK-08-introspect"),
        pytest.param("/token", [*TK, ("client_secret", "")], id="TK-07-empty"),
    ],
)
async def test_a_confidential_client_cannot_pass_for_a_public_one(town: Town, path: str, form: Pairs) -> None:
    refused(await town.ask("POST", path, form=changed(form, client_id="K")), 401, "invalid_client")


async def test_two_ways_of_authentication_at_once_are_refused(town: Town) -> None:
    form = changed(TK, client_id=None)
    for more in (
        [("client_secret", town.secrets["K"])],
        [
            ("client_assertion", "x"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ],
    ):
        refused(await town.token([*form, *more], basic=town.basic("K")), 400, "invalid_request")  # TK-09
    refused(await town.token(changed(form, client_id="L"), basic=town.basic("K")), 400, "invalid_request")  # TK-10


async def test_only_the_registered_method_counts(town: Town) -> None:
    form = changed(TK, client_id="K", client_secret=town.secrets["K"])
    refused(await town.token(form), 401, "invalid_client")  # TK-11
    refused(await town.token(changed(TK, client_id=None), basic=town.basic("L")), 401, "invalid_client")
    refused(await town.token(changed(TK, client_secret="x")), 401, "invalid_client")
    refused(await town.token(changed(TK, client_id=None), basic=("P", "x")), 401, "invalid_client")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param([f"Basic {encoded('K')}"], id="TK-12-no-colon"),
        pytest.param(["Basic !!!"], id="TK-12-not-base64"),
        pytest.param(["Basic"], id="TK-12-nothing"),
        pytest.param([f"Basic {encoded('K:')}"], id="TK-12-no-secret"),
        pytest.param([f"Basic {b64encode(b'K:' + bytes([255])).decode()}"], id="TK-12-not-utf8"),
        pytest.param([f"Basic {encoded('K:$SECRET%')}"], id="TK-12-broken-escape"),
        pytest.param([f"Basic {encoded('K:$SECRET') + '='}"], id="TK-12-padding"),
        pytest.param([f"Basic {encoded('K:a' + chr(7))}"], id="TK-12-control"),
        pytest.param([f"Basic {encoded('K:x')}", f"Basic {encoded('K:y')}"], id="TK-12-two"),
        pytest.param([f"Bearer {encoded('K:x')}"], id="TK-12-bearer"),
        pytest.param([f"Basic {encoded('K:wrong')}"], id="TK-12-wrong"),
        pytest.param([f"Basic {encoded('nobody:wrong')}"], id="LK-07-unknown"),
    ],
)
async def test_a_malformed_or_wrong_header_proves_nobody(town: Town, authorization: list[str]) -> None:
    headers = [("Authorization", value) for value in authorization]
    answer = await town.token(changed(TK, client_id=None), headers=headers)
    refused(answer, 401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith('Basic realm="https://a.test"')


async def test_an_unknown_client_and_a_wrong_secret_are_told_the_same(town: Town) -> None:
    form = changed(TK, client_id=None)
    wrong, unknown = [await town.token(form, basic=(name, "wrong")) for name in ("K", "nobody")]
    assert wrong.content == unknown.content  # LK-07


async def test_id_and_secret_are_form_encoded_in_a_basic_header(town: Town) -> None:
    _, secret = await town.house.client("a", "a:b +%", redirect_uris=["https://app.test/cb"], client_name="odd")
    assert secret is not None
    code = await town.user.code(changed(AZ, client_id="a:b +%"))
    escaped = secret.replace("_", "%5F")
    for scheme in ("Basic", "basic", "BASIC"):
        headers = [("Authorization", f"{scheme} {encoded(f'a%3Ab+%2B%25:{escaped}')}")]  # TK-13
        answer = await town.ask("POST", "/introspect", form={"token": code}, headers=headers)
        assert answer.status_code == 200, answer.text
    answer = await town.token(changed(TK, code=code, client_id=None), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "secret",
    [pytest.param("é", id="TK-14"), pytest.param("x" * 10_000, id="TK-14-long"), pytest.param("日本", id="TK-14-cjk")],
)
async def test_a_secret_outside_ascii_is_a_wrong_one(town: Town, secret: str) -> None:
    refused(await town.token(changed(TK, client_id="L", client_secret=secret)), 401, "invalid_client")


async def test_credentials_in_the_query_are_not_seen(town: Town) -> None:
    query = f"/token?client_id=L&client_secret={town.secrets['L']}"
    refused(await town.ask("POST", query, form=changed(TK, client_id=None)), 401, "invalid_client")  # TK-15
    refused(await town.ask("POST", query, form=changed(TK, client_id="L")), 401, "invalid_client")
    assert town.secrets["L"] not in town.house.logged()


@pytest.mark.parametrize(
    "method", [pytest.param(name, id=f"TK-16-{name}") for name in ("GET", "PUT", "DELETE", "HEAD")]
)
async def test_tokens_are_asked_for_by_post(town: Town, method: str) -> None:
    answer = await town.ask(method, "/token")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/json", id="TK-17-json"),
        pytest.param("multipart/form-data; boundary=x", id="TK-17-multipart"),
        pytest.param("text/plain", id="TK-17-text"),
        pytest.param(None, id="TK-17-none"),
    ],
)
async def test_a_token_request_is_a_form(town: Town, content_type: str | None) -> None:
    headers = [] if content_type is None else [("Content-Type", content_type)]
    content = b"grant_type=authorization_code&client_id=P"
    refused(await town.ask("POST", "/token", content=content, headers=headers), 400, "invalid_request")


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        pytest.param(None, "invalid_request", id="TK-18-missing"),
        pytest.param("", "invalid_request", id="TK-18-empty"),
        *(
            pytest.param(name, "unsupported_grant_type", id=f"TK-18-{name}")
            for name in ("x", "password", "implicit", "authorization_code ", "AUTHORIZATION_CODE")
        ),
        *(
            pytest.param(f"{URN}:grant-type:{name}", "unsupported_grant_type", id=f"TK-32-{name}")
            for name in ("jwt-bearer", "saml2-bearer")
        ),
    ],
)
async def test_a_grant_type_that_is_not_offered_is_refused(town: Town, grant_type: str | None, error: str) -> None:
    refused(await town.token(changed(TK, grant_type=grant_type, assertion="x")), 400, error)


@pytest.mark.parametrize("client_id", [pytest.param("once", id="TK-19")])
async def test_a_client_uses_the_grant_types_it_registered(town: Town, client_id: str) -> None:
    await town.house.client("a", client_id, **PUBLIC, grant_types=["authorization_code"])
    code = await town.user.code(changed(AZ, client_id=client_id))
    tokens = (await town.token(changed(TK, client_id=client_id, code=code))).json()
    assert "refresh_token" not in tokens
    other = (await town.tokens())["refresh_token"]
    refused(await town.refresh(other, client_id=client_id), 400, "unauthorized_client")


@pytest.mark.parametrize("client_id", [pytest.param("P", id="TK-22")])
async def test_a_disabled_client_gets_nothing(fresh: Town, client_id: str) -> None:
    tokens, code = await fresh.tokens(), await fresh.user.code()
    await disable_client(fresh.house, client_id)
    refused(await fresh.token(changed(TK, code=code)), 401, "invalid_client")
    refused(await fresh.refresh(tokens["refresh_token"]), 401, "invalid_client")
    answer = await fresh.ask("POST", "/introspect", form={"token": tokens["access_token"]}, basic=fresh.basic("R"))
    assert answer.json() == {"active": False}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, id=f"TK-23-{name}")
        for name in ("code", "grant_type", "client_id", "code_verifier", "redirect_uri")
    ],
)
async def test_no_parameter_stands_twice(town: Town, name: str) -> None:
    form = changed(TK, code=await town.user.code())
    for value in ("x", dict(form)[name]):
        refused(await town.token([*form, (name, value)]), 400, "invalid_request")
    assert (await town.token(form)).status_code == 200


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(["https://other.test"], id="TK-24"),
        pytest.param(["https://mcp.test/other"], id="TK-24-offered"),
        pytest.param([RESOURCE, "https://mcp.test/other"], id="TK-24-two"),
        pytest.param(["https://a.test"], id="TK-24-issuer"),
    ],
)
async def test_a_resource_that_was_not_granted_gets_nothing(town: Town, resources: list[str]) -> None:
    form = changed(TK, code=await town.user.code())
    refused(await town.token([*form, *(("resource", text) for text in resources)]), 400, "invalid_target")
    assert (await town.token([*form, ("resource", RESOURCE), ("resource", "HTTPS://mcp.test/mcp")])).status_code == 200


@pytest.mark.parametrize("scope", [pytest.param("mcp admin", id="TK-25")])
async def test_no_scope_is_won_at_the_token_endpoint(town: Town, scope: str) -> None:
    answer = await town.token(changed(TK, code=await town.user.code(), scope=scope))
    assert answer.json().get("scope") == "mcp"


async def test_tokens_are_not_to_be_kept(town: Town) -> None:
    answer = await town.token(changed(TK, code=await town.user.code()))
    assert answer.headers["content-type"] == "application/json"  # TK-26
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3_600, "mcp")  # TK-31


@pytest.mark.parametrize("method", [pytest.param("client_assertion", id="TK-27")])
async def test_an_assertion_is_not_taken_for_no_authentication(town: Town, method: str) -> None:
    refused(await town.token([*TK, (method, "e30.e30.x")]), 401, "invalid_client")


async def test_a_secret_counts_until_its_end(town: Town) -> None:
    async def status(secret: str) -> int:
        return (await town.ask("POST", "/revoke", form={"token": "x"}, basic=("rolls", secret))).status_code

    _, old = await town.house.client("a", "rolls", redirect_uris=["https://app.test/cb"])
    assert old is not None
    new, _ = await town.house.registry.tenant("a").actor.run(rotate_secret, SecretRotation("rolls", 60))
    assert [await status(old), await status(new)] == [200, 200]
    town.clock.now += 60
    assert [await status(old), await status(new)] == [401, 200]  # TK-29
