"""Tokens that are bound to a key (RFC 9449): from the code to /userinfo, they are good for nothing without it."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tenants.oauth import dpop
from tenants.oauth.dpop import LEEWAY, NONCE_SECONDS
from tests.flow.town import POLICY, Town, sweep
from tests.support.browser import Browser
from tests.support.clients import (
    AZ,
    ISSUER,
    PUBLIC,
    RF,
    RG,
    TK,
    Pairs,
    authorize,
    changed,
    claims,
    refused,
    s256,
    sent_back,
)
from tests.support.holder import Holder
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = f"{ISSUER}/token"
USERINFO = f"{ISSUER}/userinfo"
OPENID = changed(AZ, scope="openid email", resource=None)
ALGORITHMS = 'algs="ES256 Ed25519 EdDSA RS256 PS256"'
HOLDER, OTHER = Holder(), Holder()


def shown(proof: str | None) -> Pairs:
    return [] if proof is None else [("DPoP", proof)]


def at_token(town: Town, holder: Holder = HOLDER, **more: Any) -> str:
    return holder.proof("POST", TOKEN, more.pop("at", town.clock.now), **more)


async def redeem(town: Town, proof: str | None, parameters: Pairs = AZ, **more: Any) -> httpx.Response:
    """What P is told at /token for a new code."""
    form = changed(TK, code=await town.user.code(parameters))
    return await town.token(form, headers=shown(proof), **more)


async def bound(town: Town, holder: Holder = HOLDER, parameters: Pairs = AZ) -> dict[str, Any]:
    answer = await redeem(town, at_token(town, holder), parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    return answer.json()


async def refresh(town: Town, token: str, proof: str | None, **more: Any) -> httpx.Response:
    return await town.token(changed(RF, refresh_token=token), headers=shown(proof), **more)


async def userinfo(
    town: Town, token: str, proof: str | None, scheme: str = "DPoP", method: str = "GET"
) -> httpx.Response:
    return await town.ask(method, "/userinfo", headers=[("Authorization", f"{scheme} {token}"), *shown(proof)])


def at_userinfo(town: Town, token: str, holder: Holder = HOLDER, **more: Any) -> str:
    return holder.proof("GET", USERINFO, town.clock.now, token=token, **more)


def challenged(answer: httpx.Response, error: str, scheme: str = "DPoP") -> None:
    refused(answer, 401, error)
    told = {"Bearer": "Bearer", "DPoP": "DPoP"} | {scheme: f'{scheme} error="{error}"'}
    joint = ", " if scheme == "DPoP" else " "
    assert answer.headers["www-authenticate"] == f"{told['Bearer']}, {told['DPoP']}{joint}{ALGORITHMS}"


@pytest.mark.parametrize("algorithm", dpop.ALGORITHMS)
async def test_whoever_proves_a_key_gets_tokens_that_go_with_it(town: Town, algorithm: str) -> None:
    holder = Holder(algorithm)
    tokens = await bound(town, holder, OPENID)
    access = tokens["access_token"]
    assert claims(access)["cnf"] == {"jkt": holder.jkt}
    told = await town.introspect(access)
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": holder.jkt})
    assert (await userinfo(town, access, at_userinfo(town, access, holder))).json()["email"] == "u@example.com"
    posted = holder.proof("POST", USERINFO, town.clock.now, token=access)
    assert (await userinfo(town, access, posted, "dpop", "POST")).status_code == 200
    following = (await refresh(town, tokens["refresh_token"], at_token(town, holder))).json()
    assert (following["token_type"], claims(following["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})


async def test_an_opaque_token_is_bound_as_well(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, token_format="opaque"))
    access = (await bound(fresh, HOLDER, OPENID))["access_token"]
    assert (await fresh.introspect(access))["cnf"] == {"jkt": HOLDER.jkt}
    assert (await userinfo(fresh, access, at_userinfo(fresh, access))).status_code == 200
    challenged(await userinfo(fresh, access, None, "Bearer"), "invalid_token", "Bearer")


async def test_who_proves_nothing_gets_what_everybody_gets(town: Town) -> None:
    tokens = await town.tokens(OPENID)
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in claims(tokens["access_token"])
    assert "cnf" not in await town.introspect(tokens["access_token"])


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param({"htm": "GET"}, id="DP-01-htm"),
        *(
            pytest.param({"htu": htu}, id=f"DP-01-htu-{htu}")
            for htu in ("https://a.test/TOKEN", f"{TOKEN}/", "https://b.test/token", "http://a.test/token", USERINFO)
        ),
        pytest.param({"iat": None}, id="DP-01-no-iat"),
        pytest.param({"at": -LEEWAY - 1}, id="DP-01-old"),
        pytest.param({"at": LEEWAY + 1}, id="DP-01-future"),
        pytest.param({"jti": None}, id="DP-01-no-jti"),
        pytest.param({"header": {"typ": "JWT"}}, id="DP-01-typ"),
        pytest.param({"header": {"alg": "none"}}, id="DP-01-none"),
        pytest.param({"header": {"alg": "HS256"}}, id="DP-01-HS"),
        pytest.param({"header": {"jwk": HOLDER.key.as_dict(private=True)}}, id="DP-01-private"),
        pytest.param({"header": {"jwk": OTHER.jwk}}, id="DP-01-other-key"),
    ],
)
async def test_a_bad_proof_is_refused_and_spends_nothing(town: Town, bend: dict[str, Any]) -> None:
    code = await town.user.code()
    bad = at_token(town, **bend | {"at": town.clock.now + bend.get("at", 0)})
    form = changed(TK, code=code)
    refused(await town.token(form, headers=shown(bad)), 400, "invalid_dpop_proof")
    refused(await town.token(form, headers=[*shown(at_token(town)), *shown(at_token(town))]), 400, "invalid_dpop_proof")
    assert (await town.token(form, headers=shown(at_token(town)))).json()["token_type"] == "DPoP"


async def test_the_uri_is_the_issuers_own_whatever_a_header_says(town: Town) -> None:
    theirs = HOLDER.proof("POST", "https://b.test/token", town.clock.now)
    for header in (("X-Forwarded-Host", "b.test"), ("Forwarded", "host=b.test;proto=https"), ("X-Issuer", "b")):
        form = changed(TK, code=await town.user.code())
        refused(await town.token(form, headers=[header, *shown(theirs)]), 400, "invalid_dpop_proof")
    form = changed(RF, refresh_token=(await town.tokens())["refresh_token"])
    refused(await town.token(form, headers=shown(at_token(town)), host="b.test"), 400, "invalid_dpop_proof")


async def test_the_path_of_an_issuer_is_part_of_the_uri(town: Town) -> None:
    await town.house.issuer("below", "https://c.test/below", POLICY)
    await town.house.client("below", "P", **PUBLIC)
    user = Browser(town.house, host="c.test", path="/below")
    proofs = [HOLDER.proof("POST", f"https://c.test{path}", town.clock.now) for path in ("/token", "/below/token")]
    form = changed(TK, code=await user.code(changed(AZ, resource=None)))
    answers = [
        await town.ask("POST", "/below/token", form=form, headers=shown(proof), host="c.test") for proof in proofs
    ]
    refused(answers[0], 400, "invalid_dpop_proof")
    assert answers[1].json()["token_type"] == "DPoP"


@requirement("rfc9449:a-proof-is-used-once")
async def test_a_proof_is_used_once(fresh: Town) -> None:
    first, second = (await fresh.tokens())["refresh_token"], (await fresh.tokens())["refresh_token"]
    proof = at_token(fresh)
    assert (await refresh(fresh, first, proof)).status_code == 200
    refused(await refresh(fresh, second, proof), 400, "invalid_dpop_proof")  # DP-02
    await fresh.house.restart()
    fresh.clock.now += LEEWAY
    await sweep(fresh)
    refused(await refresh(fresh, second, proof), 400, "invalid_dpop_proof")
    fresh.clock.now += 1
    await sweep(fresh)
    refused(await refresh(fresh, second, proof), 400, "invalid_dpop_proof")
    assert (await refresh(fresh, second, at_token(fresh))).status_code == 200


@requirement("rfc9449:a-proof-is-used-once")
@pytest.mark.parametrize("callers", [pytest.param(20, id="DP-02-parallel")])
async def test_of_many_who_show_one_proof_at_once_one_is_served(town: Town, callers: int) -> None:
    tokens = [(await town.tokens())["refresh_token"] for _ in range(callers)]
    proof = at_token(town)
    answers = await asyncio.gather(*(refresh(town, token, proof) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (callers - 1)
    assert {answer.json().get("error") for answer in answers} == {None, "invalid_dpop_proof"}


async def test_a_name_that_was_used_at_one_endpoint_is_used_at_all(town: Town) -> None:
    first = await redeem(town, at_token(town, jti="the same"), OPENID)
    access = first.json()["access_token"]
    challenged(await userinfo(town, access, at_userinfo(town, access, jti="the same")), "invalid_dpop_proof")  # DP-02
    assert (await redeem(town, at_token(town, OTHER, jti="the same"))).status_code == 200, "another key, another name"


async def test_a_proof_of_a_request_that_failed_was_not_used(town: Town) -> None:
    proof = at_token(town)
    refused(await refresh(town, "tnr_x", proof), 400, "invalid_grant")
    assert (await refresh(town, (await town.tokens())["refresh_token"], proof)).status_code == 200


@requirement("rfc9449:a-bound-token-opens-nothing-without-its-key")
async def test_a_bound_token_opens_nothing_without_its_key(town: Town) -> None:
    access = (await bound(town, HOLDER, OPENID))["access_token"]
    another = (await bound(town, HOLDER, OPENID))["access_token"]
    challenged(await userinfo(town, access, None, "Bearer"), "invalid_token", "Bearer")  # DP-03
    challenged(await userinfo(town, access, at_userinfo(town, access), "Bearer"), "invalid_token", "Bearer")
    challenged(await userinfo(town, access, None), "invalid_dpop_proof")
    challenged(await userinfo(town, access, at_userinfo(town, access, OTHER)), "invalid_token")
    challenged(await userinfo(town, access, at_userinfo(town, another)), "invalid_dpop_proof")
    challenged(await userinfo(town, access, HOLDER.proof("GET", USERINFO, town.clock.now)), "invalid_dpop_proof")
    for method, uri in (("POST", USERINFO), ("GET", TOKEN), ("GET", f"{USERINFO}/")):
        elsewhere = HOLDER.proof(method, uri, town.clock.now, token=access)
        challenged(await userinfo(town, access, elsewhere), "invalid_dpop_proof")
    late = HOLDER.proof("GET", USERINFO, town.clock.now - LEEWAY - 1, token=access)
    challenged(await userinfo(town, access, late), "invalid_dpop_proof")
    good = at_userinfo(town, access)
    twice = [("Authorization", f"DPoP {access}"), *shown(good), *shown(at_userinfo(town, access))]
    challenged(await town.ask("GET", "/userinfo", headers=twice), "invalid_dpop_proof")
    assert (await userinfo(town, access, good)).status_code == 200
    challenged(await userinfo(town, access, good), "invalid_dpop_proof")  # DP-02


async def test_a_token_that_is_bound_to_nothing_is_no_bound_token(town: Town) -> None:
    access = (await town.tokens(OPENID))["access_token"]
    challenged(await userinfo(town, access, at_userinfo(town, access)), "invalid_token")
    assert (await userinfo(town, access, at_userinfo(town, access), "Bearer")).status_code == 200


async def test_who_shows_nothing_is_told_of_both_ways(town: Town) -> None:
    answer = await town.ask("GET", "/userinfo", headers=shown(HOLDER.proof("GET", USERINFO, town.clock.now)))
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"] == f"Bearer, DPoP {ALGORITHMS}"


@requirement("rfc9449:a-code-for-one-key-is-nothing-to-another")
async def test_a_code_for_one_key_is_nothing_to_another(town: Town) -> None:
    named = changed(AZ, dpop_jkt=HOLDER.jkt)
    assert claims((await redeem(town, at_token(town), named)).json()["access_token"])["cnf"] == {"jkt": HOLDER.jkt}
    form = changed(TK, code=await town.user.code(named))
    refused(await town.token(form), 400, "invalid_grant")
    refused(await town.token(form, headers=shown(at_token(town, OTHER))), 400, "invalid_grant")  # DP-04
    refused(await town.token(form, headers=shown(at_token(town))), 400, "invalid_grant")  # it was in the wrong hands
    form = changed(TK, code=await town.user.code(named))
    refused(await town.token(form), 400, "invalid_grant")
    assert (await town.token(form, headers=shown(at_token(town)))).status_code == 200, "a slip can be mended"


@pytest.mark.parametrize("jkt", ["x", HOLDER.jkt + "=", HOLDER.jkt[:-1]], ids=["x", "padded", "short"])
async def test_a_request_for_no_key_at_all_is_refused(town: Town, jkt: str) -> None:
    sent_back(await town.user.get(authorize(changed(AZ, dpop_jkt=jkt))), "invalid_request")
    twice = [*AZ, ("dpop_jkt", HOLDER.jkt), ("dpop_jkt", HOLDER.jkt)]
    sent_back(await town.user.get(authorize(twice)), "invalid_request")


@requirement("rfc9449:a-bound-token-opens-nothing-without-its-key")
async def test_the_refresh_token_of_a_public_client_goes_with_its_key(town: Town) -> None:
    first = await bound(town)
    for proof in (None, at_token(town, OTHER)):
        refused(await refresh(town, first["refresh_token"], proof), 400, "invalid_grant")  # DP-05
    second = (await refresh(town, first["refresh_token"], at_token(town))).json()
    town.clock.now += 61
    for proof in (None, at_token(town, OTHER)):
        refused(await refresh(town, first["refresh_token"], proof), 400, "invalid_grant")
    third = await refresh(town, second["refresh_token"], at_token(town))
    assert third.status_code == 200, "whoever has no key has ended nothing"
    refused(await refresh(town, first["refresh_token"], at_token(town)), 400, "invalid_grant")
    refused(await refresh(town, third.json()["refresh_token"], at_token(town)), 400, "invalid_grant")


async def test_a_public_client_may_begin_to_prove_a_key_and_never_stop(town: Town) -> None:
    free = (await town.tokens())["refresh_token"]
    bound_now = (await refresh(town, free, at_token(town))).json()
    assert bound_now["token_type"] == "DPoP"
    refused(await refresh(town, bound_now["refresh_token"], None), 400, "invalid_grant")
    refused(await refresh(town, bound_now["refresh_token"], at_token(town, OTHER)), 400, "invalid_grant")
    assert (await refresh(town, bound_now["refresh_token"], at_token(town))).status_code == 200


async def test_a_confidential_client_has_proven_who_it_is_and_may_change_its_key(town: Town) -> None:
    async def ask(form: Pairs, proof: str | None) -> dict[str, Any]:
        answer = await town.token(form, headers=shown(proof), basic=town.basic("K"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    code = await town.user.code(changed(OPENID, client_id="K", dpop_jkt=HOLDER.jkt))
    first = await ask(changed(TK, code=code, client_id=None), at_token(town))
    second = await ask(changed(RF, refresh_token=first["refresh_token"], client_id=None), at_token(town, OTHER))
    third = await ask(changed(RF, refresh_token=second["refresh_token"], client_id=None), None)
    assert [each["token_type"] for each in (first, second, third)] == ["DPoP", "DPoP", "Bearer"]
    for token, holder in ((first, HOLDER), (second, OTHER)):
        access, stranger = token["access_token"], OTHER if holder is HOLDER else HOLDER
        assert (await userinfo(town, access, at_userinfo(town, access, holder))).status_code == 200
        challenged(await userinfo(town, access, at_userinfo(town, access, stranger)), "invalid_token")
        challenged(await userinfo(town, access, None, "Bearer"), "invalid_token", "Bearer")
    assert (await userinfo(town, third["access_token"], None, "Bearer")).status_code == 200


async def test_a_lost_answer_is_given_again_to_whoever_has_the_key(town: Town) -> None:
    first = await bound(town)
    second = (await refresh(town, first["refresh_token"], at_token(town))).json()
    for proof in (None, at_token(town, OTHER)):
        refused(await refresh(town, first["refresh_token"], proof), 400, "invalid_grant")
    assert (await refresh(town, first["refresh_token"], at_token(town))).json() == second
    free = await town.tokens()
    following = (await refresh(town, free["refresh_token"], at_token(town))).json()
    for proof in (None, at_token(town, OTHER)):
        refused(await refresh(town, free["refresh_token"], proof), 400, "invalid_grant")
    assert (await refresh(town, free["refresh_token"], at_token(town))).json() == following


async def test_a_confidential_client_is_given_an_answer_again_for_the_same_key(town: Town) -> None:
    code = await town.user.code(changed(AZ, client_id="K"))
    first = (await town.token(changed(TK, code=code, client_id=None), basic=town.basic("K"))).json()
    again = changed(RF, refresh_token=first["refresh_token"], client_id=None)
    second = await town.token(again, headers=shown(at_token(town)), basic=town.basic("K"))
    for proof in (None, at_token(town, OTHER)):
        refused(await town.token(again, headers=shown(proof), basic=town.basic("K")), 400, "invalid_grant")
    assert (await town.token(again, headers=shown(at_token(town)), basic=town.basic("K"))).json() == second.json()


@requirement("rfc9449:it-can-be-demanded")
async def test_a_client_that_is_registered_for_it_must_prove_a_key(town: Town) -> None:
    answer = (await town.ask("POST", "/register", json={**RG, "dpop_bound_access_tokens": True})).json()
    assert answer["dpop_bound_access_tokens"] is True
    named = answer["client_id"]
    form = changed(TK, code=await town.user.code(changed(AZ, client_id=named)), client_id=named)
    refused(await town.token(form), 400, "invalid_dpop_proof")
    tokens = (await town.token(form, headers=shown(at_token(town)))).json()
    assert tokens["token_type"] == "DPoP"
    again = changed(RF, refresh_token=tokens["refresh_token"], client_id=named)
    refused(await town.token(again), 400, "invalid_dpop_proof")
    assert (await town.token(again, headers=shown(at_token(town)))).status_code == 200


@pytest.mark.parametrize("value", ["true", 1, [True], {}])
async def test_whether_a_client_proves_keys_is_yes_or_no(town: Town, value: Any) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "dpop_bound_access_tokens": value})
    refused(answer, 400, "invalid_client_metadata")


@requirement("rfc9449:a-nonce-that-is-given-is-asked-for")
async def test_where_no_nonce_is_wanted_none_is_given(town: Town) -> None:
    answer = await redeem(town, at_token(town, nonce="whatever"))
    assert answer.status_code == 200
    assert "dpop-nonce" not in answer.headers
    assert "dpop-nonce" not in (await redeem(town, at_token(town, htm="GET"))).headers


@requirement("rfc9449:a-nonce-that-is-given-is-asked-for")
async def test_where_a_nonce_is_wanted_no_proof_is_made_in_advance(fresh: Town) -> None:
    for issuer in ("a", "b"):
        await fresh.house.set_policy(issuer, replace(POLICY, dpop_nonce_required=True))
    form = changed(TK, code=await fresh.user.code(OPENID))
    bare = await fresh.token(form, headers=shown(at_token(fresh)))
    refused(bare, 400, "use_dpop_nonce")  # DP-06
    theirs = await fresh.token(
        form, headers=shown(HOLDER.proof("POST", "https://b.test/token", fresh.clock.now)), host="b.test"
    )
    for nonce in ("", "x", theirs.headers["dpop-nonce"], bare.headers["dpop-nonce"] + "x"):
        again = await fresh.token(form, headers=shown(at_token(fresh, nonce=nonce)))
        refused(again, 400, "use_dpop_nonce")
        assert again.headers.get_list("dpop-nonce") == [bare.headers["dpop-nonce"]]
    fresh.clock.now += NONCE_SECONDS
    given = await fresh.token(form, headers=shown(at_token(fresh, nonce=bare.headers["dpop-nonce"], at=5)))
    assert given.status_code == 200, "the nonce says how old the proof is, and the client's clock says nothing"
    following = given.headers["dpop-nonce"]
    assert following != bare.headers["dpop-nonce"]
    fresh.clock.now += NONCE_SECONDS
    token = given.json()["refresh_token"]
    refused(await refresh(fresh, token, at_token(fresh, nonce=bare.headers["dpop-nonce"])), 400, "use_dpop_nonce")
    last = await refresh(fresh, token, at_token(fresh, nonce=following))
    access = last.json()["access_token"]
    answer = await userinfo(fresh, access, at_userinfo(fresh, access))
    challenged(answer, "use_dpop_nonce")
    answer = await userinfo(fresh, access, at_userinfo(fresh, access, nonce=answer.headers["dpop-nonce"]))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["dpop-nonce"]
    refused(await refresh(fresh, "tnr_x", at_token(fresh, nonce=following)), 400, "invalid_grant")
    assert (await fresh.tokens(OPENID))["token_type"] == "Bearer"


async def test_a_proof_with_a_nonce_is_used_once_as_long_as_its_nonce_counts(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, dpop_nonce_required=True))
    nonce = (await redeem(fresh, at_token(fresh))).headers["dpop-nonce"]
    proof, end = at_token(fresh, nonce=nonce), (fresh.clock.now // NONCE_SECONDS + 2) * NONCE_SECONDS
    assert (await redeem(fresh, proof)).status_code == 200
    fresh.clock.now = end - 1
    await sweep(fresh)
    refused(await redeem(fresh, proof), 400, "invalid_dpop_proof")
    fresh.clock.now = end
    refused(await redeem(fresh, proof), 400, "use_dpop_nonce")


async def test_a_reused_code_ends_the_grant_whatever_is_proven(town: Town) -> None:
    form = changed(TK, code=await town.user.code())
    tokens = (await town.token(form, headers=shown(at_token(town)))).json()
    refused(await town.token(form, headers=shown(at_token(town))), 400, "invalid_grant")
    assert (await town.introspect(tokens["access_token"])) == {"active": False}


async def test_a_page_of_another_origin_may_send_proofs_and_read_the_nonce(town: Town) -> None:
    asks = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,dpop")]
    answer = await town.ask("OPTIONS", "/token", headers=[("Origin", "https://app.test"), *asks])
    assert "dpop" in answer.headers["access-control-allow-headers"].split(", ")
    answer = await redeem(town, None)
    exposed = answer.headers["access-control-expose-headers"]
    assert {"DPoP-Nonce", "WWW-Authenticate"} <= set(exposed.split(", "))


async def test_the_metadata_says_what_a_proof_may_be_signed_with(town: Town) -> None:
    for document in ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource"):
        told = (await town.ask("GET", f"/.well-known/{document}")).json()
        assert told["dpop_signing_alg_values_supported"] == list(dpop.ALGORITHMS)


async def test_a_verifier_is_asked_for_before_the_key(town: Town) -> None:
    code = await town.user.code(changed(AZ, dpop_jkt=HOLDER.jkt))
    wrong = changed(TK, code=code, code_verifier=s256("not the verifier"))
    refused(await town.token(wrong, headers=shown(at_token(town))), 400, "invalid_grant")
    refused(await town.token(changed(TK, code=code), headers=shown(at_token(town))), 400, "invalid_grant")
