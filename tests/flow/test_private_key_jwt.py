"""Clients that prove themselves by a key: at every endpoint where a client does, by assertions of another library."""

import asyncio
import hmac
import itertools
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from server.outbound import client_keys, missed
from server.outbound.budget import OF_ADDRESS_AND_HOST, OF_TENANT_AND_HOST
from server.outbound.kept import COOL_DOWN, LIFETIME, MAX_AGE
from tenants.oauth.client_assertion import LIFETIME as LONGEST
from tenants.oauth.foreign_jwt import LEEWAY
from tenants.problems import Unfetched
from tenants.turn import Turn
from tests.flow.town import POLICY, Town, disable_client, settle
from tests.support.client_host import ClientHost
from tests.support.clients import AZ, ISSUER, RF, RG, TK, changed, refused
from tests.support.holder import Holder
from tests.support.house import running_house
from tests.support.requirement import requirement
from tests.support.signer import Signer, b64

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
KEYS = {algorithm: Signer(algorithm) for algorithm in ALGORITHMS}
KEY = KEYS["ES256"]
NUMBERS = itertools.count(1)
FAILED = "client authentication failed"


@dataclass
class Keyed:
    """A client with a key, as it speaks to the issuer."""

    town: Town
    id: str
    signer: Signer = KEY
    made: int = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        """As they should be; None takes one away."""
        self.made += 1
        now = self.town.clock.now
        said = {"iss": self.id, "sub": self.id, "aud": ISSUER, "jti": f"{self.id} {self.made}", "iat": now}
        said |= {"exp": now + 60} | changes
        return {name: value for name, value in said.items() if value is not None}

    def assertion(self, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Made by PyJWT, as the MCP SDK makes it."""
        told = {"kid": self.signer.kid, **(headers or {})}
        told = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(self.claims(**changes), self.signer.key.private_key, self.signer.algorithm, told)

    def proof(self, assertion: str | None = None) -> dict[str, str]:
        return {"client_assertion_type": TYPE, "client_assertion": assertion or self.assertion()}

    async def code(self) -> str:
        return await self.town.user.code(changed(AZ, client_id=self.id))

    async def redeem(self, code: str, assertion: str | None = None, **changes: str | None) -> httpx.Response:
        """Without the client_id, which the assertion says (MCP client credentials extension)."""
        form = changed(TK, code=code, client_id=None, **self.proof(assertion))
        return await self.town.token(changed(form, **changes))

    async def is_proven_by(self, assertion: str, **more: str) -> bool:
        """Whether the issuer takes it for the client's. Else it says no more than that it does not."""
        form = {"token": "x", **self.proof(assertion), **more}
        answer = await self.town.ask("POST", "/introspect", form=form)
        if answer.status_code == 200:
            return True
        refused(answer, 401, "invalid_client")
        assert answer.json()["error_description"] == FAILED
        return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncGenerator[ClientHost]:
    async with ClientHost().serving() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, host: ClientHost) -> AsyncGenerator[Town]:
    async with running_house(tmp_path_factory.mktemp("house"), to_clients=host.fetcher) as house:
        yield await settle(house)


async def operators(town: Town, client_id: str, signer: Signer = KEY, **metadata: Any) -> Keyed:
    """A client that the operator makes."""
    given = {"jwks": signer.jwks, **RG, "token_endpoint_auth_method": "private_key_jwt", **metadata}
    await town.house.client("a", client_id, **{name: value for name, value in given.items() if value is not None})
    return Keyed(town, client_id, signer)


async def registered(town: Town, signer: Signer = KEY, **metadata: Any) -> tuple[Keyed, dict[str, Any]]:
    """A client that introduces itself, and what it is told."""
    answer = await town.ask(
        "POST", "/register", json={**RG, "token_endpoint_auth_method": "private_key_jwt", **metadata}
    )
    assert answer.status_code == 201, answer.text
    return Keyed(town, answer.json()["client_id"], signer), answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(town: Town) -> Keyed:
    return await operators(town, "keyed")


# --- the way it should be


@requirement("rfc7523:a-client-is-proven-by-its-key")
@pytest.mark.parametrize("said", [{}, {"token_endpoint_auth_signing_alg": "Ed25519"}], ids=["any", "Ed25519"])
async def test_eddsa_may_be_called_by_its_newer_name(town: Town, said: dict[str, str]) -> None:
    client = await operators(town, f"newer-{len(said)}", KEYS["EdDSA"], **said)
    answer = await client.redeem(await client.code(), client.signer.token(client.claims(), alg="Ed25519"))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@requirement("rfc7523:a-client-is-proven-by-its-key")
async def test_a_client_gets_and_uses_its_tokens_with_nothing_but_its_key(town: Town, algorithm: str) -> None:
    client = await operators(town, f"with-{algorithm.lower()}", KEYS[algorithm])
    answer = await client.redeem(await client.code())
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    refreshed = await town.token(changed(RF, refresh_token=tokens["refresh_token"], client_id=None, **client.proof()))
    assert refreshed.status_code == 200, refreshed.text
    tokens = refreshed.json()
    form = {"token": tokens["access_token"], **client.proof()}
    assert (await town.ask("POST", "/introspect", form=form)).json()["client_id"] == client.id
    form = {"token": tokens["refresh_token"], "client_id": client.id, **client.proof()}
    assert (await town.ask("POST", "/revoke", form=form)).status_code == 200
    form = {"token": tokens["access_token"], **client.proof()}
    assert (await town.ask("POST", "/introspect", form=form)).json() == {"active": False}


@requirement("rfc7523:a-client-is-proven-by-its-key")
async def test_what_libraries_of_today_send_is_good(client: Keyed) -> None:
    assert await client.is_proven_by(client.assertion({"typ": "client-authentication+jwt"}))
    assert await client.is_proven_by(client.assertion({"kid": None}))
    assert await client.is_proven_by(client.assertion(aud=[ISSUER]))
    assert await client.is_proven_by(client.assertion(iat=None, exp=client.town.clock.now + 300))
    assert await client.is_proven_by(client.assertion(nbf=client.town.clock.now, more={"a": [1]}))
    assert await client.is_proven_by(client.assertion(), client_id=client.id)


async def test_a_client_registers_its_keys_and_is_told_them(town: Town) -> None:
    client, told = await registered(town, jwks=KEY.jwks, token_endpoint_auth_signing_alg="ES256")
    assert told["jwks"] == KEY.jwks
    assert (told["token_endpoint_auth_method"], told["token_endpoint_auth_signing_alg"]) == ("private_key_jwt", "ES256")
    assert not {"client_secret", "client_secret_expires_at", "jwks_uri"} & told.keys()
    assert (await client.redeem(await client.code())).status_code == 200


async def test_a_client_that_introduced_itself_may_name_the_token_endpoint(town: Town, client: Keyed) -> None:
    stranger, _ = await registered(town, jwks=KEY.jwks)
    assert await stranger.is_proven_by(stranger.assertion(aud=f"{ISSUER}/token"))
    assert not await client.is_proven_by(client.assertion(aud=f"{ISSUER}/token"))


async def test_a_client_with_a_key_speaks_for_a_resource_and_redeems_the_codes_of_apps(town: Town) -> None:
    client = await operators(town, "app-server")
    await town.house.set_policy("a", replace(POLICY, first_party_origins=("https://own.test",)))
    target = f"/login?client_id={client.id}&returnTo=https%3A%2F%2Fown.test%2F"
    answer = await town.user.get(target)
    code = httpx.URL(answer.headers["location"]).params["code"]
    answer = await town.ask("POST", "/exchange", json={"code": code, **client.proof()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["token"]


# --- what proves nothing


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://b.test"}, id="TK-27 another issuer"),
        pytest.param({"aud": "https://b.test/token"}, id="TK-27 token endpoint of another"),
        pytest.param({"aud": [ISSUER, "https://b.test"]}, id="TK-27 aud array"),
        pytest.param({"aud": f"{ISSUER}/"}, id="JW-09 slash"),
        pytest.param({"aud": None}, id="JW-09 missing"),
        pytest.param({"exp": None}, id="TK-27 no exp"),
        pytest.param({"jti": None}, id="TK-27 no jti"),
        pytest.param({"iss": "P"}, id="TK-27 iss is another client"),
        pytest.param({"sub": "P"}, id="TK-27 sub is another client"),
        pytest.param({"iss": "P", "sub": "P"}, id="TK-27 a client without a key"),
        pytest.param({"iss": "nobody", "sub": "nobody"}, id="TK-27 nobody"),
    ],
)
@requirement("rfc7523:every-failure-looks-the-same")
async def test_an_assertion_that_says_something_else_proves_nothing(client: Keyed, changes: dict[str, Any]) -> None:
    assert not await client.is_proven_by(client.assertion(**changes))


@pytest.mark.parametrize("end", [-LEEWAY, LONGEST + LEEWAY + 1])
@requirement("rfc7523:an-assertion-lives-for-minutes")
async def test_an_assertion_is_of_these_minutes(client: Keyed, end: int) -> None:
    assert not await client.is_proven_by(client.assertion(exp=client.town.clock.now + end))


@requirement("rfc7523:every-failure-looks-the-same")
async def test_a_forged_assertion_proves_nothing(client: Keyed) -> None:
    whole = client.assertion()
    head, claims, signature = whole.split(".")
    forger = replace(client, signer=Signer("ES256"))
    assert not await client.is_proven_by(forger.assertion())
    assert not await client.is_proven_by(forger.assertion({"kid": KEY.kid}))
    assert not await client.is_proven_by(forger.assertion({"kid": KEY.kid, "jwk": forger.signer.public}))
    assert not await client.is_proven_by(f"{head}.{claims}.")
    assert not await client.is_proven_by(f"{head}.{claims}.{signature[::-1]}")
    assert not await client.is_proven_by(jwt.encode(client.claims(), None, algorithm="none"))  # pyright: ignore[reportArgumentType]
    public = KEY.key.public_key
    for secret in (
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(KEY.public).encode(),
        KEY.public["x"].encode(),
        KEY.key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    ):
        text = (
            f"{b64(json.dumps({'alg': 'HS256', 'kid': KEY.kid}).encode())}.{b64(json.dumps(client.claims()).encode())}"
        )
        assert not await client.is_proven_by(f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}")
    assert await client.is_proven_by(whole), "what makes the cases above say something"


async def test_an_algorithm_that_was_registered_is_the_only_one(town: Town) -> None:
    rs256, ps256 = KEYS["RS256"], KEYS["PS256"]
    both = {"keys": [{**one.public, "alg": None} for one in (rs256, ps256)]}
    both = {"keys": [{name: value for name, value in key.items() if value} for key in both["keys"]]}
    client = await operators(town, "only-ps256", ps256, jwks=both, token_endpoint_auth_signing_alg="PS256")
    assert await client.is_proven_by(client.assertion())
    assert not await client.is_proven_by(replace(client, signer=rs256).assertion())


async def test_a_client_with_a_key_can_use_nothing_else_and_none_without_can_use_one(town: Town, client: Keyed) -> None:
    code = await client.code()
    for form, basic in (
        (changed(TK, code=code, client_id=client.id), None),
        (changed(TK, code=code, client_id=client.id, client_secret="x"), None),
        (changed(TK, code=code, client_id=None), (client.id, "x")),
    ):
        refused(await town.token(form, basic=basic), 401, "invalid_client")
    for other in ("P", "K", "L"):
        assert not await client.is_proven_by(replace(client, id=other).assertion())
    assert (await client.redeem(code)).status_code == 200


async def test_two_methods_in_one_request_are_refused(town: Town, client: Keyed) -> None:  # TK-09
    form = changed(TK, code="x", client_id=None, **client.proof())
    refused(await town.token(form, basic=town.basic("K")), 400, "invalid_request")
    refused(await town.token(changed(form, client_secret="x")), 400, "invalid_request")
    refused(await town.token([*form, ("client_assertion", client.assertion())]), 400, "invalid_request")


@pytest.mark.parametrize(
    "shown",
    [
        {"client_assertion_type": ""},
        {"client_assertion_type": TYPE + "x"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": ""},
        {"client_assertion": "x"},
        {"client_assertion": "a" * 30_000},
        {"client_assertion": "\0"},
        {"client_id": "P"},
    ],
)
async def test_a_malformed_proof_is_none(town: Town, client: Keyed, shown: dict[str, str]) -> None:
    refused(
        await town.token(changed(TK, code="x", **{"client_id": None, **client.proof(), **shown})), 401, "invalid_client"
    )


async def test_a_disabled_client_is_known_by_no_key(town: Town) -> None:
    client = await operators(town, "off")
    assert await client.is_proven_by(client.assertion())
    await disable_client(town.house, client.id)
    assert not await client.is_proven_by(client.assertion())


async def test_an_assertion_is_no_token_of_any_other_kind(town: Town, client: Keyed) -> None:  # JW-07
    assertion = client.assertion()
    shown = await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {assertion}")])
    refused(shown, 401, "invalid_token")
    assert (await town.introspect(assertion)) == {"active": False}
    access = (await town.tokens())["access_token"]
    refused(await client.redeem("x", access), 401, "invalid_client")


async def test_an_assertion_for_one_issuer_says_nothing_at_another(town: Town, client: Keyed) -> None:
    await town.house.client("b", "keyed", **RG | {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEY.jwks})
    assertion = client.assertion()
    form = {"token": "x", **client.proof(assertion)}
    refused(await town.ask("POST", "/introspect", form=form, host="b.test"), 401, "invalid_client")
    assert await client.is_proven_by(assertion)


# --- once


@requirement("rfc7523:an-assertion-counts-once")
async def test_an_assertion_counts_once_wherever_it_is_shown(town: Town, client: Keyed) -> None:  # TK-27 jti replay
    assertion = client.assertion()
    assert await client.is_proven_by(assertion)
    assert not await client.is_proven_by(assertion)
    refused(await client.redeem(await client.code(), assertion), 401, "invalid_client")
    same = client.claims(jti="twice")
    key = KEY.key.private_key
    assert await client.is_proven_by(jwt.encode(same, key, "ES256"))
    assert not await client.is_proven_by(jwt.encode({**same, "exp": same["exp"] + 9}, key, "ES256"))


@requirement("rfc7523:an-assertion-counts-once")
async def test_of_twenty_at_once_one_gets_tokens(client: Keyed) -> None:  # TK-28
    code, assertion = await client.code(), client.assertion()
    answers = await asyncio.gather(*(client.redeem(code, assertion) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    tokens = next(answer.json() for answer in answers if answer.status_code == 200)
    form = changed(RF, refresh_token=tokens["refresh_token"], client_id=None, **client.proof())
    assert (await client.town.token(form)).status_code == 200, "and the grant lives on"


@requirement("rfc7523:an-assertion-counts-once")
async def test_an_assertion_is_used_up_by_a_request_that_fails(client: Keyed) -> None:
    code, assertion = await client.code(), client.assertion()
    refused(await client.redeem("x", assertion), 400, "invalid_grant")
    refused(await client.redeem(code, assertion), 401, "invalid_client")
    assertion = client.assertion()
    refused(await client.redeem(code, assertion, resource="https://elsewhere.test/"), 400, "invalid_target")
    refused(await client.redeem(code, assertion), 401, "invalid_client")
    assert (await client.redeem(code)).status_code == 200, "what failed has not spent the code"


async def test_an_assertion_outlives_the_answer_that_a_nonce_is_wanted(client: Keyed) -> None:
    """The same request is sent again, with one thing more (RFC 9449 §8)."""
    holder, clock = Holder(), client.town.clock
    await client.town.house.set_policy("a", replace(POLICY, dpop_nonce_required=True))
    try:
        form = changed(TK, code=await client.code(), client_id=None, **client.proof())
        bare = [("DPoP", holder.proof("POST", f"{ISSUER}/token", clock.now))]
        wanted = await client.town.token(form, headers=bare)
        refused(wanted, 400, "use_dpop_nonce")
        whole = holder.proof("POST", f"{ISSUER}/token", clock.now, nonce=wanted.headers["dpop-nonce"])
        assert (await client.town.token(form, headers=[("DPoP", whole)])).status_code == 200
    finally:
        await client.town.house.set_policy("a", POLICY)


@requirement("rfc7523:an-assertion-counts-once")
async def test_an_assertion_is_remembered_until_it_has_expired(client: Keyed) -> None:
    clock = client.town.clock
    assertion = client.assertion(exp=clock.now + LONGEST)
    assert await client.is_proven_by(assertion)
    clock.now += LONGEST + LEEWAY - 1
    await client.town.house.ring()
    assert not await client.is_proven_by(assertion)


# --- keys that lie elsewhere


@dataclass
class Elsewhere:
    client: Keyed
    host: ClientHost
    path: str

    async def proven(self, signer: Signer = KEY) -> bool:
        client = replace(self.client, signer=signer, made=self.client.town.clock.now * 1_000 + self.client.made)
        self.client.made += 1
        return await client.is_proven_by(client.assertion())

    @property
    def uri(self) -> str:
        return self.host.url(self.path)

    @property
    def asked(self) -> int:
        return self.host.count(self.path)


@pytest_asyncio.fixture(loop_scope="module")
async def elsewhere(town: Town, host: ClientHost) -> Elsewhere:
    path = f"/{next(NUMBERS)}/jwks.json"
    uri = host.show(path, KEY.jwks)
    client, told = await registered(town, jwks_uri=uri)
    assert told["jwks_uri"] == uri
    assert "jwks" not in told
    return Elsewhere(client, host, path)


@requirement("rfc7523:a-client-is-proven-by-its-key")
async def test_keys_are_fetched_where_the_client_shows_them_and_kept(elsewhere: Elsewhere) -> None:
    client = elsewhere.client
    code = await client.code()
    assert elsewhere.asked == 0, "nobody is asked before there is something to check"
    assert (await client.redeem(code)).status_code == 200
    assert await elsewhere.proven()
    assert elsewhere.asked == 1
    client.town.clock.now += LIFETIME
    assert await elsewhere.proven()
    assert elsewhere.asked == 2


@requirement("rfc7523:keys-may-be-rolled")
async def test_a_client_may_roll_its_keys(elsewhere: Elsewhere) -> None:
    new = Signer("RS256")
    assert await elsewhere.proven()
    assert not await elsewhere.proven(new)
    elsewhere.host.show(elsewhere.path, new.jwks)
    assert not await elsewhere.proven(new), "it was looked for a moment ago"
    elsewhere.client.town.clock.now += COOL_DOWN
    assert await elsewhere.proven(new)
    assert not await elsewhere.proven(KEY), "the former key is taken back"


async def test_whoever_makes_names_of_keys_up_makes_us_ask_now_and_then(elsewhere: Elsewhere) -> None:
    for _ in range(5):
        assert not await elsewhere.proven(Signer("ES256"))
    assert elsewhere.asked == 1
    elsewhere.client.town.clock.now += COOL_DOWN
    for _ in range(5):
        assert not await elsewhere.proven(Signer("ES256"))
    assert elsewhere.asked == 2


async def test_nobody_is_asked_for_the_sake_of_what_is_refused_anyway(elsewhere: Elsewhere) -> None:
    client, connections = elsewhere.client, elsewhere.host.connections
    for wrong in (
        client.assertion(aud="https://b.test"),
        client.assertion(exp=client.town.clock.now - LEEWAY),
        client.assertion(jti=None),
        client.assertion({"jku": elsewhere.host.url("/evil")}),
        "x",
    ):
        assert not await client.is_proven_by(wrong)
    refused(await client.town.token(changed(TK, code="x", client_id=client.id)), 401, "invalid_client")
    assert elsewhere.host.connections == connections


async def test_keys_stand_for_a_day_where_nobody_answers(elsewhere: Elsewhere) -> None:
    assert await elsewhere.proven()
    elsewhere.host.show(elsewhere.path, b"", status=503)
    elsewhere.client.town.clock.now += MAX_AGE - 1
    assert await elsewhere.proven()
    elsewhere.client.town.clock.now += 1
    await unavailable(elsewhere)


@pytest.mark.parametrize("status", [404, 500, 302, 204])
async def test_where_there_are_no_keys_a_client_is_told_to_come_again(elsewhere: Elsewhere, status: int) -> None:
    """And not that it is unknown, upon which many would forget who they are."""
    code = await elsewhere.client.code()
    elsewhere.host.show(elsewhere.path, b"", status=status, location=elsewhere.host.url("/elsewhere"))
    await unavailable(elsewhere)
    elsewhere.host.show(elsewhere.path, KEY.jwks)
    elsewhere.client.town.clock.now += COOL_DOWN
    assert (await elsewhere.client.redeem(code)).status_code == 200
    assert elsewhere.host.count("/elsewhere") == 0


@pytest.mark.parametrize("said", [(404, b""), (500, b""), (200, b"<h1>"), (200, b"[]")], ids=str)
async def test_a_host_that_has_no_keys_is_asked_now_and_then(elsewhere: Elsewhere, said: tuple[int, bytes]) -> None:
    """Whoever registers can name any host, and send us assertions without end."""
    status, body = said
    elsewhere.host.show(elsewhere.path, body, status=status)
    for _ in range(5):
        await unavailable(elsewhere)
    assert elsewhere.asked == 1
    elsewhere.client.town.clock.now += missed.COOL_DOWN
    for _ in range(5):
        await unavailable(elsewhere)
    assert elsewhere.asked == 2


async def test_that_no_newer_keys_can_be_had_takes_nothing_from_those_that_are_kept(elsewhere: Elsewhere) -> None:
    assert await elsewhere.proven()
    elsewhere.host.show(elsewhere.path, b"", status=503)
    elsewhere.client.town.clock.now += COOL_DOWN
    stranger = replace(elsewhere.client, signer=Signer("ES256"), made=elsewhere.client.town.clock.now)
    for _ in range(3):
        answer = await stranger.town.ask("POST", "/introspect", form={"token": "x", **stranger.proof()})
        refused(answer, 503, "temporarily_unavailable")
        assert await elsewhere.proven()
    assert elsewhere.asked == 2


@requirement("house:junk-of-one-address-stops-nobody-else")
async def test_strangers_make_us_ask_a_host_for_a_few_keys_and_stop_nobody_elsewhere(elsewhere: Elsewhere) -> None:
    town, stranger, host = elsewhere.client.town, Signer("ES256"), elsewhere.host
    assert await elsewhere.proven()
    strangers = [
        (await registered(town, stranger, jwks_uri=host.url(f"/{next(NUMBERS)}/nothing.json")))[0]
        for _ in range(OF_ADDRESS_AND_HOST.burst + 5)
    ]
    town.clock.now += LIFETIME
    before = host.connections

    async def asks(one: Keyed, peer: str) -> int:
        return (await town.ask("POST", "/introspect", form={"token": "x", **one.proof()}, peer=peer)).status_code

    assert {await asks(one, "127.0.1.1") for one in strangers} == {503}
    assert host.connections == before + OF_ADDRESS_AND_HOST.burst
    assert await asks(elsewhere.client, "127.0.1.1") == 200, "what is kept is looked after"
    new, _ = await registered(town, jwks_uri=host.show(f"/{next(NUMBERS)}/jwks.json", KEY.jwks))
    assert await asks(new, "127.0.1.1") == 503
    assert await asks(new, "127.0.1.2") == 200


@requirement("house:junk-of-one-address-stops-nobody-else")
async def test_keys_that_had_to_make_room_can_still_be_had_when_strangers_have_used_up_their_host(
    elsewhere: Elsewhere,
) -> None:
    town, host = elsewhere.client.town, elsewhere.host
    keys = client_keys.KeysOfClients(host.fetcher(), town.clock)
    for n in range(OF_TENANT_AND_HOST.burst):
        uri = host.show(f"/{next(NUMBERS)}/jwks.json", KEY.jwks)
        await keys.at("a tenant", uri if n else elsewhere.uri, fresh=False, address=f"192.0.2.{n % 4}")
    with pytest.raises(Unfetched, match="too many"):
        await keys.at("a tenant", host.url("/new.json"), fresh=False, address="192.0.2.9")
    assert elsewhere.asked == 1
    await keys.at("a tenant", elsewhere.uri, fresh=False, address="192.0.2.9")
    assert elsewhere.asked == 2


async def test_a_silent_host_of_keys_holds_up_nobody_else(elsewhere: Elsewhere, client: Keyed) -> None:
    elsewhere.host.silent.add(elsewhere.path)
    waiting = asyncio.create_task(unavailable(elsewhere))
    while elsewhere.asked == 0:
        await asyncio.sleep(0)
    assert await client.is_proven_by(client.assertion())
    assert not waiting.done()
    await waiting


async def unavailable(elsewhere: Elsewhere) -> None:
    answer = await elsewhere.client.redeem("x")
    refused(answer, 503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert elsewhere.host.url("") not in answer.text


async def test_keys_that_lie_on_this_machine_are_not_asked_for(town: Town, host: ClientHost) -> None:
    connections = host.connections
    for place in (f"https://127.0.0.1:{host.server.port}/", f"https://localhost:{host.server.port}/"):
        answer = await town.ask(
            "POST", "/register", json={**RG, "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": place}
        )
        refused(answer, 400, "invalid_client_metadata")
    assert host.connections == connections


async def test_a_client_whose_keys_move_is_known_by_the_new_ones_at_once(elsewhere: Elsewhere) -> None:
    assert await elsewhere.proven()
    new = Signer("EdDSA")
    moved = elsewhere.host.show("/moved.json", new.jwks)

    def act(turn: Turn, _: None) -> None:
        client = turn.tx.clients.find(elsewhere.client.id)
        assert client is not None
        turn.tx.clients.change(replace(client, jwks_uri=moved))

    await elsewhere.client.town.house.registry.tenant("a").actor.run(act, None)
    assert await elsewhere.proven(new)
    assert not await elsewhere.proven(KEY)
