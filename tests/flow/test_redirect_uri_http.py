"""Redirect URIs from outside: which may be registered, and which of the registered a browser is sent to."""

from dataclasses import replace
from typing import Any

import pytest

from tests.flow.town import Town
from tests.support.clients import AZ, CALLBACK, PUBLIC, RG, TK, authorize, changed, is_page, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOPBACK = "http://127.0.0.1/cb"
LOOPBACK_6 = "http://[::1]/cb"
CANDIDATES = (
    ("RU-01", CALLBACK, "https://app.test/cb/"),
    ("RU-02", CALLBACK, "https://app.test/cb?x=1"),
    ("RU-02", CALLBACK, "https://app.test/cb?"),
    ("RU-03", CALLBACK, "https://app.test/cb#"),
    ("RU-03", CALLBACK, "https://app.test/cb#frag"),
    ("RU-04", CALLBACK, "https://app.test/cb/../evil"),
    ("RU-04", CALLBACK, "https://app.test/%2e%2e/evil"),
    ("RU-04", CALLBACK, "https://app.test/cb;/x"),
    ("RU-04", CALLBACK, "https://app.test/./cb"),
    ("RU-05", CALLBACK, "https://APP.test/cb"),
    ("RU-05", CALLBACK, "HTTPS://app.test/cb"),
    ("RU-05", CALLBACK, "https://app.test:443/cb"),
    ("RU-05", CALLBACK, "https://app.test/%63b"),
    ("RU-06", CALLBACK, "https://app.test.evil.test/cb"),
    ("RU-06", CALLBACK, "https://app.testevil.test/cb"),
    ("RU-07", CALLBACK, "https://appatest/cb"),
    ("RU-08", CALLBACK, "https://app.test@evil.test/cb"),
    ("RU-08", CALLBACK, "https://evil.test\\@app.test/cb"),
    ("RU-08", CALLBACK, "https://app.test%2f@evil.test/cb"),
    ("RU-09", CALLBACK, "https://app.test/cb%00"),
    ("RU-09", CALLBACK, "https://app.test/cb%0a"),
    ("RU-09", CALLBACK, "https://app.test/cb\0"),
    ("RU-09", CALLBACK, "https://app.test/cb\n"),
    ("RU-09", CALLBACK, "https://app.test/cb "),
    ("RU-09", CALLBACK, " https://app.test/cb"),
    ("RU-09", CALLBACK, "https://app\t.test/cb"),
    ("RU-12", LOOPBACK, "http://127.0.0.1:51004/other"),
    ("RU-12", LOOPBACK, "http://127.0.0.1:51004/cb?x=1"),
    ("RU-12", LOOPBACK, "https://127.0.0.1:1/cb"),
    ("RU-12", LOOPBACK, "http://127.0.0.2:1/cb"),
    ("RU-12", LOOPBACK, "http://127.1:1/cb"),
    ("RU-12", LOOPBACK, "http://2130706433/cb"),
    ("RU-12", LOOPBACK, "http://localhost:1/cb"),
    ("RU-13", LOOPBACK_6, "http://[0:0:0:0:0:0:0:1]:9/cb"),
    ("RU-13", LOOPBACK_6, "http://[::ffff:127.0.0.1]:9/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:0/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:65536/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:99999999999/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:+80/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:８０/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:80@evil.test/cb"),
    ("RU-14", LOOPBACK, "http://127.0.0.1:/cb"),
    ("RU-15", "https://127.0.0.1/cb", "https://127.0.0.1:8443/cb"),
    ("RU-15", CALLBACK, "https://app.test:8443/cb"),
    ("RU-17", CALLBACK, "javascript:alert(1)//"),
    ("RU-17", CALLBACK, "data:text/html,x"),
    ("RU-22", "https://xn--bcher-kva.test/cb", "https://bücher.test/cb"),
)


async def client_at(town: Town, *uris: str) -> str:
    answer = await town.ask("POST", "/register", json={**RG, "redirect_uris": list(uris)})
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]


@pytest.mark.parametrize(
    ("registered", "given"), [pytest.param(was, given, id=f"{case}-{given}") for case, was, given in CANDIDATES]
)
async def test_what_is_nearly_the_registered_uri_is_not_it(town: Town, registered: str, given: str) -> None:
    client_id = await client_at(town, registered)
    is_page(await town.user.get(authorize(changed(AZ, client_id=client_id, redirect_uri=given))))


@pytest.mark.parametrize(
    ("registered", "given"),
    [
        pytest.param(LOOPBACK, "http://127.0.0.1:51004/cb", id="RU-11"),
        pytest.param("http://127.0.0.1:8080/cb", LOOPBACK, id="RU-11-without"),
        pytest.param(LOOPBACK_6, "http://[::1]:9/cb", id="RU-13"),
        pytest.param("http://localhost/cb", "http://localhost:51004/cb", id="RU-11-localhost"),
        pytest.param("com.example.app:/cb", "com.example.app:/cb", id="RU-18"),
        pytest.param(CALLBACK, CALLBACK, id="RU-same"),
    ],
)
async def test_a_native_client_may_listen_at_any_port(town: Town, registered: str, given: str) -> None:
    client_id = await client_at(town, registered)
    answer = await town.user.answer_to(changed(AZ, client_id=client_id, redirect_uri=given))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{given}?code=")


@pytest.mark.parametrize("uris", [pytest.param((CALLBACK, "https://app.test/2"), id="RU-19")])
async def test_with_two_uris_registered_one_must_be_named(town: Town, uris: tuple[str, ...]) -> None:
    client_id = await client_at(town, *uris)
    is_page(await town.user.get(authorize(changed(AZ, client_id=client_id, redirect_uri=None))))


async def test_with_one_uri_registered_it_need_not_be_named(town: Town) -> None:
    assert await town.user.code(changed(AZ, redirect_uri=None))


@pytest.mark.parametrize("other", [pytest.param("https://app.test/cb2", id="RU-20")])
async def test_another_redirect_uri_at_the_token_endpoint_gets_nothing(town: Town, other: str) -> None:
    form = changed(TK, code=await town.user.code())
    refused(await town.token(changed(form, redirect_uri=other)), 400, "invalid_grant")
    assert (await town.token(form)).status_code == 200  # a slip can be mended


@pytest.mark.parametrize("left_out", [pytest.param(None, id="RU-21")])
async def test_the_redirect_uri_may_be_left_out_at_the_token_endpoint(town: Town, left_out: None) -> None:
    form = changed(TK, code=await town.user.code(), redirect_uri=left_out)
    assert (await town.token(form)).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        *(
            pytest.param(uri, id=f"RU-10-{uri}")
            for uri in ("https://*.app.test/cb", "https://app.test/*", "http://127.0.0.1:*/cb")
        ),
        *(
            pytest.param(uri, id=f"RU-16-{uri}")
            for uri in (
                "http://app.test/cb",
                "http://127.0.0.2/cb",
                "http://localhost.evil.test/cb",
                "http://10.0.0.1/",
            )
        ),
        *(
            pytest.param(uri, id=f"RU-17-{uri}")
            for uri in (
                "javascript:alert(1)//",
                "JavaScript:alert(1)",
                " javascript:alert(1)",
                "java\tscript:alert(1)",
                "data:text/html,x",
                "vbscript:x",
                "file:///etc/passwd",
                "blob:https://app.test/x",
                "about:blank",
                "view-source:https://app.test",
            )
        ),
        pytest.param("COM.example.app:/cb", id="RU-18-capitals"),
        pytest.param("https://bücher.test/cb", id="RU-22"),
        pytest.param("https://app.test/cb#f", id="RU-03-registered"),
        pytest.param("https://app.test/a/../cb", id="RU-04-registered"),
        pytest.param("https://u:p@app.test/cb", id="RU-08-registered"),
        pytest.param("/cb", id="RU-relative"),
        pytest.param("https:///cb", id="RU-no-host"),
        pytest.param("x" * 102_400, id="RU-23-100KiB"),
    ],
)
async def test_a_dangerous_redirect_uri_cannot_be_registered(town: Town, uri: str) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "redirect_uris": [CALLBACK, uri]})
    if len(uri) > 65_536:
        assert answer.status_code == 413
    else:
        refused(answer, 400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "uri",
    [pytest.param(uri, id=f"RU-18-{uri}") for uri in ("myapp://evil.test/cb", "app:/cb", "com.example.other:/cb")],
)
async def test_a_scheme_that_the_policy_does_not_list_is_no_way_back(town: Town, uri: str) -> None:
    refused(await town.ask("POST", "/register", json={**RG, "redirect_uris": [uri]}), 400, "invalid_redirect_uri")
    beside = (await town.ask("POST", "/register", json={**RG, "redirect_uris": [CALLBACK, uri]})).json()
    is_page(await town.user.get(authorize(changed(AZ, client_id=beside["client_id"], redirect_uri=uri))))


@pytest.mark.parametrize(
    "uris",
    [
        pytest.param([], id="RU-23-empty"),
        pytest.param(None, id="RU-23-null"),
        pytest.param(CALLBACK, id="RU-23-string"),
        pytest.param([[CALLBACK]], id="RU-23-nested"),
        pytest.param([CALLBACK, None], id="RU-23-sparse"),
        pytest.param([CALLBACK, ""], id="RU-23-blank"),
        pytest.param({"0": CALLBACK}, id="RU-23-object"),
        pytest.param([f"{CALLBACK}{n}" for n in range(1_000)], id="RU-23-thousand"),
    ],
)
async def test_redirect_uris_are_a_list_of_a_few_strings(town: Town, uris: Any) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "redirect_uris": uris})
    refused(answer, 400, "invalid_redirect_uri", "invalid_client_metadata")


async def test_a_scheme_that_the_policy_takes_back_is_refused_at_use(town: Town) -> None:
    await town.house.client("a", "private", **{**PUBLIC, "redirect_uris": ["com.example.app:/cb"]})
    asked = authorize(changed(AZ, client_id="private", redirect_uri="com.example.app:/cb"))
    assert (await town.user.get(asked)).status_code == 200
    policy = (await town.house.registry.tenant("a").published()).policy
    await town.house.set_policy("a", replace(policy, private_redirect_schemes=()))
    is_page(await town.user.get(asked))
    await town.house.set_policy("a", policy)
