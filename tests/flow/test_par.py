"""Pushed authorization requests (RFC 9126): what a client sent itself is what counts, once, and for a short time."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenants.oauth.pushed import BEGIN_SECONDS, MAX_QUERY, PREFIX, WHOLE_SECONDS
from tests.flow.at_provider import Abroad
from tests.flow.town import POLICY, Town, disable_client, settle, sweep
from tests.support.browser import Browser, form_of
from tests.support.client_host import ClientHost
from tests.support.clients import (
    AZ,
    CALLBACK,
    ISSUER,
    PUBLIC,
    RG,
    TK,
    Pairs,
    authorize,
    changed,
    claims,
    is_page,
    refused,
    returned,
    sent_back,
)
from tests.support.holder import Holder
from tests.support.house import running_house
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PAR = f"{ISSUER}/par"
HOLDER, OTHER = Holder(), Holder()


async def push(town: Town, form: Pairs = AZ, **more: Any) -> httpx.Response:
    return await town.ask("POST", "/par", form=form, **more)


async def pushed(town: Town, form: Pairs = AZ, client_id: str = "P", **more: Any) -> Pairs:
    """What the browser is to bring to /authorize."""
    answer = await push(town, form, **more)
    assert answer.status_code == 201, answer.text
    return [("client_id", client_id), ("request_uri", answer.json()["request_uri"])]


async def test_a_pushed_request_is_answered_as_if_the_browser_had_brought_it(town: Town) -> None:
    answer = await push(town)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"request_uri", "expires_in"}
    assert answer.json()["expires_in"] == BEGIN_SECONDS
    request_uri = answer.json()["request_uri"]
    assert request_uri.startswith(PREFIX)
    user = Browser(town.house, user=1)
    page = await user.get(authorize([("client_id", "P"), ("request_uri", request_uri)]))
    consent = await user.sign_in(page)
    assert form_of(consent)[0] == "/consent"
    assert "https://mcp.test/mcp" in consent.text
    told = returned(await user.allow(consent))
    assert (told["state"], told["iss"]) == ("s1", ISSUER)
    tokens = (await town.token(changed(TK, code=told["code"]))).json()
    assert (tokens["scope"], claims(tokens["access_token"])["aud"]) == ("mcp", "https://mcp.test/mcp")


async def test_a_client_pushes_in_the_way_it_proves_itself(town: Town) -> None:
    form = changed(AZ, client_id=None)
    brought = await pushed(town, form, "K", basic=town.basic("K"))
    assert (await town.user.code(brought)).startswith("tnc_")
    brought = await pushed(town, changed(AZ, client_id="L", client_secret=town.secrets["L"]), "L")
    assert town.secrets["L"] not in str(brought)
    assert (await town.user.code(brought)).startswith("tnc_")


@requirement("rfc9126:only-what-was-pushed-counts")
async def test_nothing_counts_that_the_browser_brings_beside_it(town: Town) -> None:
    brought = await pushed(town)
    beside = [("state", "evil"), ("redirect_uri", "https://evil.test/"), ("scope", "admin"), ("response_type", "token")]
    beside += [("request", "x"), ("dpop_jkt", "x"), ("prompt", "none"), ("code_challenge", "x")]
    told = returned(await town.user.answer_to([*beside, *brought, *beside]))
    assert told["state"] == "s1"  # PR-02
    assert (await town.token(changed(TK, code=told["code"]))).json()["scope"] == "mcp"


@requirement("rfc9126:a-pushed-request-is-answered-once")
async def test_it_is_answered_once(town: Town) -> None:
    await town.user.code()
    by_memory = await pushed(town)
    assert (await town.user.answer_to(by_memory)).status_code == 302
    sent_back(await town.user.get(authorize(by_memory)), "invalid_request_uri")  # PR-01

    for decision in ("allow", "deny"):
        brought = await pushed(town, changed(AZ, prompt="consent"))
        first, second = [await town.user.get(authorize(brought)) for _ in range(2)]
        assert (await town.user.submit(first, decision=decision)).status_code == 303
        for choice in ("allow", "deny"):
            late = await town.user.submit(second, decision=choice)
            sent_back(late, "invalid_request_uri")
        sent_back(
            await town.user.submit(await town.user.get(authorize(brought)), decision="allow"), "invalid_request_uri"
        )


async def test_it_stays_answered_over_a_restart_and_as_long_as_it_could_count(fresh: Town) -> None:
    brought = await pushed(fresh, changed(AZ, prompt="consent"))
    page = await fresh.user.get(authorize(brought))
    assert returned(await fresh.user.allow(page))["code"]
    fresh.clock.now += BEGIN_SECONDS - 1
    await fresh.house.restart()
    await sweep(fresh)
    page = await fresh.user.get(authorize(brought))
    fresh.clock.now += 500
    await sweep(fresh)
    sent_back(await fresh.user.allow(page), "invalid_request_uri")


@requirement("rfc9126:a-pushed-request-is-answered-once")
async def test_whoever_only_looks_uses_nothing_up(town: Town) -> None:
    brought = await pushed(town)
    for _ in range(3):
        is_page(await town.ask("GET", authorize(brought)), 200)
    assert (await town.user.code(brought)).startswith("tnc_")


@requirement("rfc9126:a-pushed-request-is-its-clients-for-a-short-time")
@pytest.mark.parametrize("waited", [pytest.param(BEGIN_SECONDS, id="PR-01-late"), pytest.param(86_400, id="PR-01-old")])
async def test_it_is_begun_in_time(town: Town, waited: int) -> None:
    brought = await pushed(town)
    town.clock.now += BEGIN_SECONDS - 1
    assert (await town.user.get(authorize(brought))).status_code in (200, 302)
    brought = await pushed(town)
    town.clock.now += waited
    is_page(await town.user.get(authorize(brought)))


async def test_once_begun_there_is_time_to_sign_in_and_to_think(fresh: Town) -> None:
    user = Browser(fresh.house, user=1)
    page = await user.get(authorize(await pushed(fresh)))
    fresh.clock.now += 599
    consent = await user.sign_in(page)
    fresh.clock.now += 599
    assert returned(await user.allow(consent))["code"]

    begun = fresh.clock.now
    page = await user.get(authorize(await pushed(fresh, changed(AZ, prompt="login consent"))))
    answer = await user.submit(page, email=user.user.email, password=user.user.password)
    onward = answer.headers["location"].removeprefix(ISSUER)
    fresh.clock.now = begun + WHOLE_SECONDS - 1
    consent = await user.get(onward)
    assert form_of(consent)[0] == "/consent"
    fresh.clock.now = begun + WHOLE_SECONDS
    is_page(await user.get(onward))
    is_page(await user.allow(consent))


@requirement("rfc9126:a-pushed-request-is-its-clients-for-a-short-time")
async def test_a_request_uri_of_somebody_else_or_of_nobody_is_nothing(town: Town) -> None:
    await town.house.client("a", "Q", **PUBLIC)
    [_, (_, ours)] = await pushed(town)
    text = ours.removeprefix(PREFIX)
    for client_id, request_uri in (
        ("Q", ours),
        ("K", ours),
        ("nope", ours),
        ("P", PREFIX),
        ("P", PREFIX + "x"),
        ("P", PREFIX + b64encode(bytes(100)).decode()),
        ("P", ours[:-4]),
        ("P", ours + "AAAA"),
        ("P", PREFIX + text[4:]),
        ("P", PREFIX + text.swapcase()),
        ("P", PREFIX + "é"),
    ):
        is_page(await town.user.get(authorize([("client_id", client_id), ("request_uri", request_uri)])))  # PR-01
    is_page(await town.ask("GET", authorize([("client_id", "P"), ("request_uri", ours)]), host="b.test"))
    is_page(await town.user.get(authorize([("request_uri", ours)])))
    is_page(await town.user.get(authorize([("client_id", "P"), ("request_uri", ours), ("request_uri", ours)])))
    page = await Browser(town.house).get(authorize(AZ))
    sealed = form_of(page)[1]["ticket"]
    is_page(await town.user.get(authorize([("client_id", "P"), ("request_uri", PREFIX + sealed)])))
    assert (await town.user.code([("client_id", "P"), ("request_uri", ours)])).startswith("tnc_")


@pytest.mark.parametrize("beside", [[], AZ])
async def test_a_request_object_elsewhere_is_not_fetched(town: Town, beside: Pairs) -> None:
    asked = [*changed(beside, client_id="P"), ("request_uri", "https://app.test/request.jwt")]
    answer = await town.user.get(authorize(asked))
    if beside:
        sent_back(answer, "request_uri_not_supported")
    else:
        sent_back(answer, "request_uri_not_supported", state=None)


@requirement("rfc9126:what-authorize-refuses-is-refused-when-it-is-pushed")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param(changed(AZ, redirect_uri="https://evil.test/"), "invalid_request", id="redirect-uri"),
        pytest.param(changed(AZ, redirect_uri=f"{CALLBACK}/"), "invalid_request", id="redirect-uri-slash"),
        pytest.param([*AZ, ("redirect_uri", CALLBACK)], "invalid_request", id="redirect-uri-twice"),
        pytest.param([*AZ, ("state", "s2")], "invalid_request", id="state-twice"),
        pytest.param([*AZ, ("client_id", "P")], "invalid_request", id="client-id-twice"),
        pytest.param(changed(AZ, response_type="token"), "unsupported_response_type", id="response-type"),
        pytest.param(changed(AZ, scope="nope"), "invalid_scope", id="scope"),
        pytest.param(changed(AZ, resource="https://other.test/"), "invalid_target", id="resource"),
        pytest.param(changed(AZ, code_challenge=None), "invalid_request", id="no-challenge"),
        pytest.param(changed(AZ, code_challenge_method="plain"), "invalid_request", id="plain"),
        pytest.param(changed(AZ, prompt="none login"), "invalid_request", id="prompt"),
        pytest.param(changed(AZ, dpop_jkt="x"), "invalid_request", id="dpop-jkt"),
        pytest.param(changed(AZ, request="x.y.z"), "request_not_supported", id="request-object"),
        pytest.param(changed(AZ, request_uri=f"{PREFIX}x"), "invalid_request", id="PR-03-request-uri"),
        pytest.param(changed(AZ, request_uri="https://app.test/r"), "invalid_request", id="PR-03-elsewhere"),
        pytest.param(changed(AZ, state="s" * MAX_QUERY), "invalid_request", id="long"),
        pytest.param([("client_id", "P")], "invalid_request", id="nothing"),
    ],
)
async def test_what_authorize_would_refuse_is_refused_to_the_client_at_once(
    town: Town, form: Pairs, error: str
) -> None:
    refused(await push(town, form), 400, error)


async def test_only_the_client_pushes(town: Town) -> None:
    for form, more in (
        (changed(AZ, client_id="K"), {}),
        (changed(AZ, client_id="K", client_secret=town.secrets["K"]), {}),
        (changed(AZ, client_id=None), {}),
        (changed(AZ, client_id=None), {"basic": ("K", "wrong")}),
        (changed(AZ, client_id="nope"), {}),
        (AZ, {"basic": ("P", "x")}),
    ):
        refused(await push(town, form, **more), 401, "invalid_client")  # PR-03, TK-08
    refused(await push(town, AZ, basic=town.basic("K")), 400, "invalid_request")


async def test_it_is_pushed_as_a_form_of_a_bounded_size(town: Town) -> None:
    refused(await town.ask("POST", "/par", json=dict(AZ)), 400, "invalid_request")
    refused(await town.ask("POST", "/par", form=b"x=" + b"x" * 1_048_576), 413, "invalid_request")  # PR-03
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = await town.ask(method, authorize(AZ).replace("/authorize", "/par"))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")  # PR-04


async def test_what_counts_is_what_is_so_when_it_is_answered(fresh: Town) -> None:
    late, gone = await pushed(fresh, changed(AZ, scope="mcp admin")), await pushed(fresh)
    narrower = tuple(scope for scope in POLICY.scopes if scope not in ("admin", "mcp"))
    await fresh.house.set_policy("a", replace(POLICY, scopes=narrower))
    assert returned(await fresh.user.get(authorize(late)))["error"] == "invalid_scope"
    await disable_client(fresh.house, "P")
    is_page(await fresh.user.get(authorize(gone)))


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"prompt": "login"}, id="login"),
        pytest.param({"max_age": "0"}, id="max-age"),
        pytest.param({"prompt": "select_account consent"}, id="account"),
    ],
)
async def test_a_wish_for_a_fresh_sign_in_is_granted_once(town: Town, wish: dict[str, str | None]) -> None:
    await town.user.code()
    town.clock.now += 1
    page = await town.user.get(authorize(await pushed(town, changed(AZ, **wish))))
    assert form_of(page)[0] == "/login"
    answer = await town.user.sign_in(page)
    if "consent" in str(wish):
        assert form_of(answer)[0] == "/consent"
        answer = await town.user.allow(answer)
    assert returned(answer)["code"]


async def test_nobody_is_asked_where_nobody_may_be(town: Town) -> None:
    brought = await pushed(town, changed(AZ, prompt="none"))
    sent_back(await Browser(town.house).get(authorize(brought)), "login_required")
    await town.user.code()
    assert returned(await town.user.get(authorize(brought)))["code"]


async def test_it_goes_along_to_an_identity_provider_and_back(abroad: Abroad) -> None:
    brought = await pushed(abroad.town, changed(AZ, prompt="login"))
    page = await abroad.browser.get(authorize(brought))
    away = await abroad.browser.submit(page, provider="corp")
    assert "prompt=login" in away.headers["location"]
    answer = await abroad.browser.follow(await abroad.browser.get(abroad.corp.sign_in(away.headers["location"])))
    assert returned(await abroad.browser.allow(answer))["state"] == "s1"
    brought = await pushed(abroad.town, changed(AZ, prompt="login", state="s" * 2_000))
    page = await abroad.browser.get(authorize(brought))
    sent_back(await abroad.browser.submit(page, provider="corp"), "invalid_request", state="s" * 2_000)


@requirement("rfc9449:a-code-for-one-key-is-nothing-to-another")
async def test_a_proof_binds_what_is_pushed_to_its_key(town: Town) -> None:
    def proof(holder: Holder, uri: str = PAR) -> Pairs:
        return [("DPoP", holder.proof("POST", uri, town.clock.now))]

    for form, headers in ((AZ, proof(HOLDER)), (changed(AZ, dpop_jkt=HOLDER.jkt), proof(HOLDER))):
        code = await town.user.code(await pushed(town, form, headers=headers))
        form = changed(TK, code=code)
        refused(await town.token(form), 400, "invalid_grant")
        tokens = (await town.token(form, headers=proof(HOLDER, f"{ISSUER}/token"))).json()
        assert tokens["token_type"] == "DPoP"
        code = await town.user.code(await pushed(town, headers=proof(HOLDER)))
        answer = await town.token(changed(TK, code=code), headers=proof(OTHER, f"{ISSUER}/token"))
        refused(answer, 400, "invalid_grant")  # DP-04
    code = await town.user.code(await pushed(town, changed(AZ, dpop_jkt=HOLDER.jkt)))
    refused(await town.token(changed(TK, code=code)), 400, "invalid_grant")
    mixed = await push(town, changed(AZ, dpop_jkt=HOLDER.jkt), headers=proof(OTHER))
    refused(mixed, 400, "invalid_request")
    once = proof(HOLDER)
    assert (await push(town, headers=once)).status_code == 201
    refused(await push(town, headers=once), 400, "invalid_dpop_proof")  # DP-02
    refused(await push(town, headers=proof(HOLDER, f"{ISSUER}/token")), 400, "invalid_dpop_proof")


@requirement("rfc9449:a-nonce-that-is-given-is-asked-for")
async def test_a_nonce_is_wanted_here_too(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, dpop_nonce_required=True))
    first = await push(fresh, headers=[("DPoP", HOLDER.proof("POST", PAR, fresh.clock.now))])
    refused(first, 400, "use_dpop_nonce")  # DP-06
    proof = HOLDER.proof("POST", PAR, fresh.clock.now, nonce=first.headers["dpop-nonce"])
    answer = await push(fresh, headers=[("DPoP", proof)])
    assert (answer.status_code, answer.headers["dpop-nonce"]) == (201, first.headers["dpop-nonce"])
    assert (await push(fresh)).status_code == 201, "who proves no key needs no nonce"


@requirement("rfc9126:it-can-be-demanded")
async def test_a_client_that_is_registered_for_it_asks_in_no_other_way(town: Town) -> None:
    answer = (await town.ask("POST", "/register", json={**RG, "require_pushed_authorization_requests": True})).json()
    assert answer["require_pushed_authorization_requests"] is True
    plain = changed(AZ, client_id=answer["client_id"])
    is_page(await Browser(town.house).get(authorize(plain)))
    assert (await town.user.code(await pushed(town, plain, answer["client_id"]))).startswith("tnc_")
    bad = await town.ask("POST", "/register", json={**RG, "require_pushed_authorization_requests": "yes"})
    refused(bad, 400, "invalid_client_metadata")


@requirement("rfc9126:it-can-be-demanded")
async def test_an_issuer_may_want_it_of_all(fresh: Town) -> None:
    document = (await fresh.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert document["pushed_authorization_request_endpoint"] == PAR
    assert "require_pushed_authorization_requests" not in document
    await fresh.house.set_policy("a", replace(POLICY, par_required=True))
    document = (await fresh.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert document["require_pushed_authorization_requests"] is True
    sent_back(await fresh.user.get(authorize(AZ)), "invalid_request")
    assert (await fresh.user.code(await pushed(fresh))).startswith("tnc_")


async def test_a_client_that_nobody_registered_pushes_before_it_is_known(tmp_path: Path) -> None:
    async with ClientHost().serving() as host, running_house(tmp_path, to_clients=host.fetcher) as house:
        town, signer, url = await settle(house), Signer("ES256"), host.url("/client.json")
        host.show(
            "/client.json",
            {
                "client_id": url,
                "client_name": "App",
                "redirect_uris": [CALLBACK],
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks": signer.jwks,
                "require_pushed_authorization_requests": True,
                "dpop_bound_access_tokens": True,
            },
        )

        def proof(name: str) -> dict[str, str | None]:
            claims = {"iss": url, "sub": url, "aud": ISSUER, "jti": name, "exp": town.clock.now + 60}
            return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signer.token(claims)}

        brought = await pushed(town, changed(AZ, client_id=None, **proof("1")), url)
        assert host.count("/client.json") == 1
        refused(await push(town, changed(AZ, client_id=url, **proof("1"))), 401, "invalid_client")
        refused(await push(town, changed(AZ, client_id=url)), 401, "invalid_client")
        is_page(await Browser(house).get(authorize(changed(AZ, client_id=url))))
        form = changed(TK, client_id=None, code=await town.user.code(brought))
        refused(await town.token(changed(form, **proof("2"))), 400, "invalid_dpop_proof")
        bound = [("DPoP", HOLDER.proof("POST", f"{ISSUER}/token", town.clock.now))]
        assert (await town.token(changed(form, **proof("3")), headers=bound)).json()["token_type"] == "DPoP"
