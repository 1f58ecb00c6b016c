"""Workloads: a platform says what they are, the operator's rules say which client that is, and no secret is kept."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher
from server.outbound.workload_keys import KeysOfWorkloads
from tenants.acts.workload_issuers import MAX_ISSUERS
from tenants.oauth.foreign_jwt import LEEWAY
from tenants.oauth.requests import JWT_BEARER
from tenants.records import ClaimMatch, Event, WorkloadIssuer, WorkloadRule
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.flow.town import Town, disable_client
from tests.support.clients import ISSUER, RESOURCE, Pairs, claims, refused
from tests.support.holder import Holder
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.requirement import requirement
from tests.support.signer import Signer, b64

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = itertools.count(1)
OTHER = "https://mcp.test/other"
UNSIGNED = b64(b'{"alg":"none"}')
SUBJECT = "repo:acme/app:ref:refs/heads/main"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def rule(client_id: str = "deploy", *, scopes: Any = (), resources: Any = (), **matched: str) -> WorkloadRule:
    matches = tuple(ClaimMatch(claim=claim, pattern=pattern) for claim, pattern in matched.items())
    return WorkloadRule(client_id=client_id, claims=matches, scopes=tuple(scopes), resources=tuple(resources))


@dataclass
class Platform:
    """Issuer A trusts `corp` to say what its workloads are: main of acme/app is `deploy`, a client with no secret."""

    town: Town
    corp: OpenIdProvider

    async def trusts(self, *rules: WorkloadRule, issuer_id: str = "corp", uri: str = "", **settings: Any) -> None:
        said = {"issuer_uri": uri or self.corp.uri, "rules": rules or (rule(sub=SUBJECT),), **settings}
        await self.forgets(issuer_id)
        await self._keep(WorkloadIssuer(id=issuer_id, created_at=0, updated_at=0, **said))

    async def changes(self, **changes: Any) -> None:
        def act(turn: Turn, _: None) -> WorkloadIssuer:
            issuer = turn.tx.workload_issuers.find("corp")
            assert issuer is not None
            return replace(issuer, **changes, version=issuer.version + 1)

        changed = await self.town.house.registry.tenant("a").run(act, None)
        await self.forgets("corp")
        await self._keep(changed)

    async def forgets(self, *issuer_ids: str) -> None:
        def act(turn: Turn, _: None) -> None:
            for issuer in turn.tx.workload_issuers.all():
                if issuer.id in (issuer_ids or (issuer.id,)):
                    turn.tx.workload_issuers.remove(issuer.id)
            turn.announce()

        await self.town.house.registry.tenant("a").run(act, None)

    async def _keep(self, issuer: WorkloadIssuer) -> None:
        def act(turn: Turn, _: None) -> None:
            turn.tx.workload_issuers.add(issuer)
            turn.announce()

        await self.town.house.registry.tenant("a").run(act, None)

    def said(self, **changes: Any) -> dict[str, Any]:
        """As it should be; None takes a claim away."""
        now = self.town.clock.now
        whole = {
            "iss": self.corp.uri,
            "sub": SUBJECT,
            "aud": f"{ISSUER}/token",
            "jti": f"token {next(NUMBERS)}",
            "iat": now,
            "exp": now + 300,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def assertion(self, header: dict[str, Any] | None = None, key: str = "first", **changes: Any) -> str:
        told = {"kid": key, **(header or {})}
        return jwt.encode(self.said(**changes), self.corp.key(key).private_key, "RS256", told)

    async def asked(self, assertion: str | None = None, **more: Any) -> httpx.Response:
        """Somebody brings a token of the platform, and nothing else; `more` goes into the form."""
        headers, basic = more.pop("headers", ()), more.pop("basic", None)
        form: Pairs = [("grant_type", JWT_BEARER), ("assertion", assertion or self.assertion())]
        form += {"resource": RESOURCE, **more}.items()
        return await self.town.token([pair for pair in form if pair[1] is not None], headers=headers, basic=basic)

    async def token(self, **changes: Any) -> str:
        answer = await self.asked(self.assertion(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    async def events(self) -> list[Event]:
        return await self.town.house.registry.tenant("a").run(lambda turn, _: list(turn.tx.events.page(0, 1_000)), None)

    async def counts(self, token: str) -> bool:
        told = await self.town.ask("POST", "/introspect", form={"token": token}, basic=self.town.basic("R"))
        return told.json()["active"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(town: Town) -> Town:
    for client_id, more in (
        ("deploy", {}),
        ("narrow", {"scope": "mcp"}),
        ("bound", {"dpop_bound_access_tokens": True}),
    ):
        given: dict[str, Any] = {"token_endpoint_auth_method": "none", "grant_types": [JWT_BEARER], **more}
        await town.house.client("a", client_id, **given)
    return town


@pytest_asyncio.fixture(loop_scope="module")
async def here(clients: Town) -> AsyncGenerator[Platform]:
    async with openid_provider(OpenIdProvider(now=clients.clock)) as corp:
        there = Platform(clients, corp)
        await there.trusts(jwks_uri=f"{corp.uri}/jwks")
        yield there
        await there.forgets()
        await Abroad(clients, corp).forget()


@requirement("mcp:a-workload-needs-no-secret")
async def test_a_workload_gets_a_token_by_its_platforms_word_alone(here: Platform) -> None:
    answer = await here.asked(scope="mcp")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3_600, "mcp")
    said = claims(given["access_token"])
    assert (said["sub"], said["client_id"], said["aud"], said["scope"]) == ("deploy", "deploy", RESOURCE, "mcp")
    assert "auth_time" not in said
    form = {"token": given["access_token"]}
    told = (await here.town.ask("POST", "/introspect", form=form, basic=here.town.basic("R"))).json()
    assert (told["active"], told["sub"], told["client_id"]) == (True, "deploy", "deploy")
    [event] = [each for each in await here.events() if each.type == "access.federated"][-1:]
    assert (event.actor, event.details["workload"], event.details["workload_issuer"]) == ("deploy", SUBJECT, "corp")


async def test_it_may_name_its_client_as_clients_do_that_know_no_other_way(here: Platform) -> None:
    assert (await here.asked(client_id="deploy")).status_code == 200
    for client_id in ("narrow", "P", "unknown"):
        refused(await here.asked(client_id=client_id), 400, "invalid_grant")


async def test_it_is_advertised_where_some_platform_is_trusted(here: Platform) -> None:
    async def published() -> tuple[bool, bool]:
        said = (await here.town.ask("GET", "/.well-known/oauth-authorization-server")).json()
        assert "none" in said["token_endpoint_auth_methods_supported"]
        return JWT_BEARER in said["grant_types_supported"], "authorization_grant_profiles_supported" in said

    assert await published() == (True, False)
    for changes in ({"disabled_at": 1}, {"disabled_at": None, "rules": ()}):
        await here.changes(**changes)
        assert await published() == (False, False)
        refused(await here.asked(), 401, "invalid_client")
    await here.changes(rules=(rule(sub=SUBJECT),))
    assert (await here.asked()).status_code == 200


async def test_what_the_platform_must_say_and_nobody_is_called_for_what_is_refused_anyway(here: Platform) -> None:
    here.corp.asked.clear()
    now = here.town.clock.now
    wrongs: tuple[dict[str, Any], ...] = (
        {"iss": "https://corp.evil"},
        {"iss": ISSUER},
        {"iss": None},
        {"aud": "https://b.test/token"},
        {"aud": ISSUER},
        {"aud": [f"{ISSUER}/token", "https://b.test/token"]},
        {"exp": now - LEEWAY},
        {"exp": now + 90_000},
        {"exp": None},
        {"exp": 10**400, "iat": now - 0.5},
        {"iat": None},
        {"jti": None},
        {"sub": None},
    )
    for changes in wrongs:
        refused(await here.asked(here.assertion(**changes)), 400, "invalid_grant")
    assert here.corp.asked == []


@requirement("mcp:a-workloads-token-is-for-this-issuer-now")
async def test_only_the_platform_can_have_signed_it(here: Platform) -> None:
    stranger, said = Signer("RS256"), here.said()
    payload = here.assertion().split(".")[1]
    forged = [
        stranger.token(said, kid="first"),
        stranger.token(said, kid="first", jwk=stranger.public),
        stranger.token(said, kid="first", jku=f"{here.corp.uri}/jwks"),
        f"{UNSIGNED}.{payload}.",
        jwt.encode(said, "k" * 32, "HS256", {"kid": "first"}),
        here.assertion()[:-8] + "AAAAAAAA",
        "x",
        "x" * 9_000,
    ]
    for assertion in forged:
        refused(await here.asked(assertion), 400, "invalid_grant")
    await here.changes(algorithms=("ES256",))
    refused(await here.asked(), 400, "invalid_grant")
    await here.changes(algorithms=("ES256", "RS256"))
    assert (await here.asked()).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "repo:acme/app:ref:refs/heads/other"},
        {"sub": f"{SUBJECT}/more"},
        {"sub": SUBJECT.upper()},
        {"sub": f" {SUBJECT}"},
        {"sub": "**"},
    ],
)
@requirement("mcp:workloads-get-what-a-rule-says")
async def test_a_workload_that_meets_no_rule_gets_nothing(here: Platform, changes: dict[str, Any]) -> None:
    refused(await here.asked(here.assertion(**changes)), 400, "invalid_grant")


@requirement("mcp:workloads-get-what-a-rule-says")
async def test_it_gets_no_more_than_its_rule_and_its_client_may_have(here: Platform) -> None:
    await here.trusts(
        rule(sub=SUBJECT, event="push", scopes=["admin"], resources=[RESOURCE, OTHER]),
        rule("narrow", sub="repo:acme/*:ref:**", scopes=["mcp", "admin"], resources=["HTTPS://mcp.test:443/mcp"]),
        jwks_uri=f"{here.corp.uri}/jwks",
    )

    def pushed() -> str:
        return here.assertion(event="push")

    async def granted(assertion: str, **more: Any) -> tuple[str, str, str]:
        answer = await here.asked(assertion, **more)
        assert answer.status_code == 200, answer.text
        said = claims(answer.json()["access_token"])
        return said["client_id"], said["aud"], said["scope"]

    assert await granted(pushed()) == ("deploy", RESOURCE, "admin")
    assert await granted(pushed(), scope="mcp admin", resource=OTHER) == ("deploy", OTHER, "admin")
    assert await granted(here.assertion(), scope="mcp admin") == ("narrow", RESOURCE, "mcp")
    assert await granted(here.assertion(), resource=None) == ("narrow", RESOURCE, "mcp")
    assert await granted(here.assertion(event=["push"])) == ("narrow", RESOURCE, "mcp")
    assert await granted(pushed(), client_id="narrow") == ("narrow", RESOURCE, "mcp")
    refused(await here.asked(pushed(), scope="mcp"), 400, "invalid_scope")
    refused(await here.asked(here.assertion(), scope="admin"), 400, "invalid_scope")
    refused(await here.asked(pushed(), scope="unheard-of"), 400, "invalid_scope")
    refused(await here.asked(pushed(), resource=None), 400, "invalid_target")
    refused(await here.asked(here.assertion(), resource=OTHER), 400, "invalid_target")
    refused(await here.asked(here.assertion(), resource=ISSUER), 400, "invalid_target")
    refused(await here.asked(pushed(), resource="https://unknown.test"), 400, "invalid_target")


async def test_nothing_of_a_user_or_that_lasts_is_given(here: Platform) -> None:
    answer = await here.asked(scope="mcp openid offline_access")
    assert answer.json()["scope"] == "mcp"
    token = answer.json()["access_token"]
    told = await here.town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}")])
    assert told.status_code in (401, 403)


@requirement("mcp:a-workloads-token-is-used-once")
async def test_a_token_of_the_platform_is_good_once_until_long_after_its_end(here: Platform) -> None:
    assertion = here.assertion()
    refused(await here.asked(assertion, scope="unheard-of"), 400, "invalid_scope")  # it was not used
    answers = await asyncio.gather(*(here.asked(assertion) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    here.town.clock.now += 300 + LEEWAY - 1
    await here.town.house.ring()
    refused(await here.asked(assertion), 400, "invalid_grant")
    here.town.clock.now += 1
    refused(await here.asked(assertion), 400, "invalid_grant")


@requirement("mcp:a-workloads-token-is-used-once")
async def test_the_operator_may_let_it_come_again(here: Platform) -> None:
    await here.changes(reusable=True)
    for assertion in (here.assertion(), here.assertion(jti=None)):
        assert [(await here.asked(assertion)).status_code for _ in range(2)] == [200, 200]
    await here.changes(reusable=False)
    refused(await here.asked(here.assertion(jti=None)), 400, "invalid_grant")


async def test_the_operator_may_say_for_whom_the_platforms_tokens_are(here: Platform) -> None:
    await here.changes(audience=ISSUER)  # as clients do that know the issuer only
    assert (await here.asked(here.assertion(aud=[ISSUER]))).status_code == 200
    refused(await here.asked(), 400, "invalid_grant")


@requirement("mcp:words-of-users-and-of-workloads-are-told-apart")
async def test_one_platform_may_vouch_for_users_and_for_workloads_and_neither_word_is_taken_for_the_other(
    here: Platform,
) -> None:
    await Abroad(here.town, here.corp).configure(vouches_for_clients=True)
    _, secret = await here.town.house.client("a", "assistant", grant_types=[JWT_BEARER])
    assert secret is not None
    basic = "assistant", secret

    def jag(**changes: Any) -> str:
        whole: dict[str, Any] = {"aud": ISSUER, "client_id": "assistant", "resource": RESOURCE, **changes}
        return here.assertion({"typ": "oauth-id-jag+jwt"}, **whole)

    of_user = await here.asked(jag(sub="248"), basic=basic)
    assert claims(of_user.json()["access_token"])["sub"].startswith("u_")
    assert claims(await here.token())["sub"] == "deploy"
    for more in ({}, {"client_id": "deploy"}, {"client_id": "assistant"}):  # TK-27
        for identity in (jag(), jag(aud=f"{ISSUER}/token"), jag(client_id="deploy", aud=f"{ISSUER}/token")):
            status = 400 if more.get("client_id") == "deploy" else 401
            refused(await here.asked(identity, **more), status, "invalid_client", "unauthorized_client")
    for claimed in ({}, {"aud": ISSUER, "client_id": "assistant", "resource": RESOURCE}):
        refused(await here.asked(here.assertion(**claimed), basic=basic), 400, "invalid_grant")
    users = here.corp.id_token(None, here.corp.user)
    refused(await here.asked(users), 400, "invalid_grant")
    refused(await here.asked(users, basic=basic), 400, "invalid_grant")


async def test_our_own_tokens_and_assertions_of_clients_are_no_word_of_a_workload(here: Platform) -> None:
    tokens = await here.town.tokens()
    own = await here.token()
    for text in (tokens["access_token"], tokens["refresh_token"], own):
        refused(await here.asked(text), 400, "invalid_grant")
    as_client = {"client_assertion_type": CLIENT_ASSERTION, "client_assertion": here.assertion()}
    refused(await here.asked(**as_client), 401, "invalid_client")
    refused(await here.asked(here.assertion({"typ": "client-authentication+jwt"})), 400, "invalid_grant")
    refused(await here.asked(here.assertion({"typ": "at+jwt"})), 400, "invalid_grant")


async def test_a_secret_beside_it_must_be_right(here: Platform) -> None:
    refused(await here.asked(basic=("deploy", "wrong")), 401, "invalid_client")
    refused(await here.asked(client_id="deploy", client_secret="wrong"), 401, "invalid_client")


async def test_what_becomes_of_the_client_becomes_of_its_workloads(here: Platform) -> None:
    for client_id, metadata in (
        ("gone", {"grant_types": [JWT_BEARER]}),
        ("other", {"grant_types": [JWT_BEARER]}),
    ):
        await here.town.house.client("a", client_id, token_endpoint_auth_method="none", **metadata)
    await here.trusts(rule("gone", sub=SUBJECT), rule("other", sub="x"), jwks_uri=f"{here.corp.uri}/jwks")
    token = await here.token()
    assert await here.counts(token)
    await disable_client(here.town.house, "gone")
    assert not await here.counts(token)
    refused(await here.asked(), 400, "invalid_grant")

    def act(turn: Turn, _: None) -> None:
        other = turn.tx.clients.find("other")
        assert other is not None
        turn.tx.clients.remove("gone")
        turn.tx.clients.change(replace(other, grant_types=("client_credentials",)))

    await here.town.house.registry.tenant("a").run(act, None)
    refused(await here.asked(), 400, "invalid_grant")
    refused(await here.asked(here.assertion(sub="x")), 400, "unauthorized_client")

    def register_itself(turn: Turn, _: None) -> None:
        other = turn.tx.clients.find("other")
        assert other is not None
        turn.tx.clients.change(replace(other, origin="registration", grant_types=(JWT_BEARER,)))

    await here.town.house.registry.tenant("a").run(register_itself, None)
    refused(await here.asked(here.assertion(sub="x")), 400, "invalid_grant")


async def test_who_is_not_trusted_any_more_gives_no_more_tokens(here: Platform) -> None:
    await here.changes(disabled_at=1)
    refused(await here.asked(), 401, "invalid_client")
    await here.trusts(rule(sub=SUBJECT), issuer_id="another", uri="https://another.test")
    refused(await here.asked(), 400, "invalid_grant")
    await here.changes(disabled_at=None)
    assert (await here.asked()).status_code == 200
    await here.forgets("corp")
    refused(await here.asked(), 400, "invalid_grant")


async def test_a_token_is_bound_to_the_key_that_was_proven(here: Platform) -> None:
    await here.trusts(rule("bound", sub=SUBJECT), jwks_uri=f"{here.corp.uri}/jwks")
    refused(await here.asked(), 400, "invalid_dpop_proof")
    holder = Holder()
    shown = [("DPoP", holder.proof("POST", f"{ISSUER}/token", here.town.clock.now))]
    given = (await here.asked(headers=shown)).json()
    assert (given["token_type"], claims(given["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})


async def test_a_workload_gives_its_token_back(here: Platform) -> None:
    first, second = await here.token(), await here.token()
    form = {"token": first, "client_id": "deploy"}
    assert (await here.town.ask("POST", "/revoke", form=form)).status_code == 200
    assert [await here.counts(token) for token in (first, second)] == [False, True]


async def test_keys_are_found_by_discovery_by_address_or_in_the_settings(here: Platform) -> None:
    kubernetes = {
        "issuer": here.corp.uri,
        "jwks_uri": f"{here.corp.uri}/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    place = "/.well-known/openid-configuration"
    here.corp.answers[place] = (200, json.dumps(kubernetes).encode())
    stated = Signer("ES256")
    given = {"iss": "spiffe://acme.test", "aud": f"{ISSUER}/token"}
    await here.trusts(issuer_id="mesh", uri="spiffe://acme.test", jwks=stated.jwks)
    assert (await here.asked(stated.token(here.said(**given)))).status_code == 200
    refused(await here.asked(Signer("ES256").token(here.said(**given))), 400, "invalid_grant")
    assert here.corp.asked == []
    await here.token()
    assert here.corp.asked == ["/jwks"]

    await here.trusts()
    await here.token()
    await here.token()
    assert here.corp.asked == ["/jwks", place]
    here.corp.answers[place] = (200, json.dumps({**kubernetes, "issuer": "https://corp.evil"}).encode())
    here.town.clock.now += 3_601
    silent = await here.asked()
    assert (silent.status_code, silent.headers["retry-after"]) == (503, "30")


async def test_a_new_key_is_looked_for_now_and_then_and_a_silent_platform_is_left_in_peace(here: Platform) -> None:
    await here.token()
    await here.token()
    assert here.corp.asked == ["/jwks"]
    here.corp.shown = ["second"]
    here.town.clock.now += 31
    assert (await here.asked(here.assertion(key="second"))).status_code == 200
    assert here.corp.asked == ["/jwks"] * 2
    refused(await here.asked(), 400, "invalid_grant")
    assert here.corp.asked == ["/jwks"] * 2

    here.corp.answers["/elsewhere"] = (503, b"")
    await here.trusts(jwks_uri=f"{here.corp.uri}/elsewhere")
    for _ in range(5):  # whoever claims to be one of its workloads
        assert (await here.asked(here.assertion())).status_code == 503
    assert here.corp.asked == ["/jwks", "/jwks", "/elsewhere"]
    keys = [{**here.corp.key("second").as_dict(private=False), "kid": "second"}]
    here.corp.answers["/elsewhere"] = (200, json.dumps({"keys": keys}).encode())
    here.town.clock.now += 10
    assert (await here.asked(here.assertion(key="second"))).status_code == 200


async def test_strangers_who_name_one_platform_after_the_other_make_us_call_each_once(here: Platform) -> None:
    """Also where an issuer trusts as many as it may, and each is asked twice: for its metadata and for its keys."""
    corp, fetcher = here.corp, Fetcher(loopback=True)
    keys = KeysOfWorkloads(fetcher, Discovery(here.town.clock, loopback=True), here.town.clock)
    platforms = [
        WorkloadIssuer(id=f"p{number}", issuer_uri=f"{corp.uri}/{number}", created_at=0, updated_at=0)
        for number in range(MAX_ISSUERS)
    ]
    for number, platform in enumerate(platforms):
        said = {"issuer": platform.issuer_uri, "jwks_uri": f"{corp.uri}/{number}/jwks"}
        corp.answers[f"/{number}/.well-known/openid-configuration"] = (200, json.dumps(said).encode())
        corp.answers[f"/{number}/jwks"] = (200, json.dumps({"keys": []}).encode())
    for _ in range(2):
        for platform in platforms:
            await keys.of("a tenant", platform, fresh=False)
    await fetcher.close()
    assert len(corp.asked) == 2 * MAX_ISSUERS


async def test_no_token_of_a_platform_is_logged(here: Platform) -> None:
    assertion = here.assertion()
    await here.asked(assertion)
    refused(await here.asked(assertion), 400, "invalid_grant")
    logged = here.town.house.logged()
    assert assertion not in logged
    assert assertion.split(".")[1] not in logged
