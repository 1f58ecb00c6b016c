"""Identity assertions (ID-JAG): the enterprise's provider vouches for client and user, and nobody is asked here."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from tenants.oauth.foreign_jwt import LEEWAY
from tenants.oauth.identity_assertion import LIFETIME
from tenants.oauth.requests import JWT_BEARER
from tenants.records import AccessRule
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.flow.town import Town, disable_client
from tests.support.clients import AZ, ISSUER, RESOURCE, RG, Pairs, authorize, changed, claims, is_page, refused
from tests.support.holder import Holder
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.requirement import requirement
from tests.support.signer import Signer, b64

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = itertools.count(1)
OTHER = "https://mcp.test/other"
UNSIGNED = b64(b'{"alg":"none","typ":"oauth-id-jag+jwt"}')
PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"


@dataclass
class Enterprise:
    """`corp` vouches at issuer A for its users, and for X, which has a secret there."""

    town: Town
    corp: OpenIdProvider
    abroad: Abroad
    secrets: dict[str, str] = field(default_factory=dict[str, str])

    async def vouches(self, **changes: Any) -> None:
        whole: dict[str, Any] = {"vouches_for_clients": True, **changes}
        await self.abroad.configure(**whole)

    async def client(self, client_id: str, **metadata: Any) -> None:
        given: dict[str, Any] = {"grant_types": [JWT_BEARER], **metadata}
        _, secret = await self.town.house.client("a", client_id, **given)
        self.secrets[client_id] = secret or ""

    def said(self, **changes: Any) -> dict[str, Any]:
        """As it should be; None takes a claim away."""
        now = self.town.clock.now
        whole = {
            "iss": self.corp.uri,
            "sub": "248",
            "aud": ISSUER,
            "client_id": "X",
            "resource": RESOURCE,
            "scope": "mcp",
            "jti": f"jag {next(NUMBERS)}",
            "iat": now,
            "exp": now + 300,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def assertion(self, header: dict[str, Any] | None = None, key: str = "first", **changes: Any) -> str:
        told = {"typ": "oauth-id-jag+jwt", "kid": key, **(header or {})}
        told = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(self.said(**changes), self.corp.key(key).private_key, "RS256", told)

    async def asked(self, assertion: str | None = None, client_id: str = "X", **more: Any) -> httpx.Response:
        """The client brings an assertion; `more` goes into the form."""
        form: Pairs = [("grant_type", JWT_BEARER), ("assertion", assertion or self.assertion())]
        headers = more.pop("headers", ())
        return await self.town.token(
            [*form, *more.items()], basic=(client_id, self.secrets[client_id]), headers=headers
        )

    async def token(self, **changes: Any) -> str:
        answer = await self.asked(self.assertion(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    async def counts(self, token: str) -> bool:
        answer = await self.town.ask("POST", "/introspect", form={"token": token}, basic=("X", self.secrets["X"]))
        return answer.json()["active"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_client(town: Town) -> tuple[Town, dict[str, str]]:
    secrets: dict[str, str] = {}
    there = Enterprise(town, OpenIdProvider(), Abroad(town, OpenIdProvider()), secrets)
    await there.client("X", client_name="An assistant")
    await there.client("Y", scope="mcp openid")
    return town, secrets


@pytest_asyncio.fixture(loop_scope="module")
async def here(one_client: tuple[Town, dict[str, str]]) -> AsyncGenerator[Enterprise]:
    town, secrets = one_client
    async with openid_provider(OpenIdProvider(now=town.clock)) as corp:
        there = Enterprise(town, corp, Abroad(town, corp), secrets)
        await there.vouches()
        yield there
        await there.abroad.forget()


@requirement("mcp:an-enterprise-vouches-for-client-and-user")
async def test_a_client_gets_a_token_for_a_user_whom_the_provider_vouches_for(here: Enterprise) -> None:
    answer = await here.asked(here.assertion(email="eve@corp.test", email_verified=True, name="Eve", auth_time=7))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3_600, "mcp")
    [user] = await here.abroad.users()
    assert [(one.provider, one.subject) for one in user.identities] == [("corp", "248")]
    assert (user.email, user.name) == ("eve@corp.test", "Eve")
    said = claims(given["access_token"])
    assert (said["sub"], said["client_id"], said["aud"], said["scope"]) == (user.id, "X", RESOURCE, "mcp")
    assert said["auth_time"] == 7
    told = await here.town.ask("POST", "/introspect", form={"token": given["access_token"]}, basic=here.town.basic("R"))
    assert (told.json()["active"], told.json()["sub"]) == (True, user.id)
    assert (await here.town.ask("GET", "/.well-known/jwks.json")).status_code == 200


async def test_it_is_advertised_where_somebody_vouches(here: Enterprise) -> None:
    async def published() -> tuple[bool, Any]:
        said = (await here.town.ask("GET", "/.well-known/oauth-authorization-server")).json()
        return JWT_BEARER in said["grant_types_supported"], said.get("authorization_grant_profiles_supported")

    tenant = here.town.house.registry.tenant("a")
    tenant.announce()
    assert await published() == (True, [PROFILE])
    for changes in ({"vouches_for_clients": False}, {"disabled_at": 1}):
        await here.vouches(**changes)
        tenant.announce()
        assert await published() == (False, None)
        refused(await here.asked(), 400, "unsupported_grant_type")
    await here.vouches()
    assert (await here.asked()).status_code == 200


async def test_who_signed_in_before_is_the_same_user_and_stays_as_they_were(here: Enterprise) -> None:
    await here.abroad.code()
    [before] = await here.abroad.users()
    assert claims(await here.token(name="Somebody else", email=None))["sub"] == before.id
    assert await here.abroad.users() == [before]


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        pytest.param({"aud": "https://b.test"}, {}, id="aud-other-issuer"),
        pytest.param({"aud": f"{ISSUER}/"}, {}, id="aud-with-a-slash"),
        pytest.param({"aud": f"{ISSUER}/token"}, {}, id="aud-token-endpoint"),
        pytest.param({"aud": [ISSUER, "https://b.test"]}, {}, id="aud-two"),
        pytest.param({"aud": []}, {}, id="aud-none"),
        pytest.param({"aud": None}, {}, id="no-aud"),
        pytest.param({"client_id": "Y"}, {}, id="other-client"),
        pytest.param({"client_id": ["X"]}, {}, id="client-list"),
        pytest.param({"client_id": None}, {}, id="no-client"),
        pytest.param({"iss": "https://corp.evil"}, {}, id="iss-unknown"),
        pytest.param({"iss": ISSUER}, {}, id="iss-ourselves"),
        pytest.param({"iss": None}, {}, id="no-iss"),
        pytest.param({"sub": None}, {}, id="no-sub"),
        pytest.param({"sub": ""}, {}, id="empty-sub"),
        pytest.param({"sub": ["248"]}, {}, id="sub-list"),
        pytest.param({"jti": None}, {}, id="no-jti"),
        pytest.param({"jti": "x" * 256}, {}, id="long-jti"),
        pytest.param({"jti": 7}, {}, id="jti-number"),
        pytest.param({"exp": None}, {}, id="no-exp"),
        pytest.param({"iat": None}, {}, id="no-iat"),
        pytest.param({"exp": "soon"}, {}, id="exp-text"),
        pytest.param({"resource": "https://other.test"}, {}, id="resource-unknown"),
        pytest.param({"resource": ISSUER}, {}, id="resource-the-issuer"),
        pytest.param({"resource": [RESOURCE, OTHER]}, {}, id="resource-two"),
        pytest.param({"resource": []}, {}, id="resource-empty"),
        pytest.param({"resource": {"uri": RESOURCE}}, {}, id="resource-object"),
        pytest.param({"resource": None}, {}, id="no-resource"),
        pytest.param({"scope": "mcp unheard-of"}, {}, id="scope-unknown"),
        pytest.param({"scope": ["mcp"]}, {}, id="scope-list"),
        pytest.param({"scope": 'm"cp'}, {}, id="scope-malformed"),
        pytest.param({}, {"typ": "JWT"}, id="typ-plain"),
        pytest.param({}, {"typ": None}, id="no-typ"),
        pytest.param({}, {"typ": "at+jwt"}, id="typ-access-token"),
        pytest.param({}, {"crit": ["x"], "x": 1}, id="JW-06-crit"),
        pytest.param({}, {"kid": "../../dev/null"}, id="JW-04-kid"),
    ],
)
@requirement("mcp:an-identity-assertion-is-for-this-issuer-client-and-resource")
async def test_an_assertion_that_is_not_what_it_must_be_is_refused(
    here: Enterprise, changes: dict[str, Any], header: dict[str, Any]
) -> None:
    refused(await here.asked(here.assertion(header, **changes)), 400, "invalid_grant")
    assert await here.abroad.users() == []


async def test_times_of_an_assertion(here: Enterprise) -> None:
    now = here.town.clock.now
    for claim, good, bad in (
        ("exp", now - LEEWAY + 1, now - LEEWAY),
        ("exp", now + LIFETIME + LEEWAY, now + LIFETIME + LEEWAY + 1),
        ("iat", now + LEEWAY, now + LEEWAY + 1),
        ("nbf", now + LEEWAY, now + LEEWAY + 1),
    ):
        wrong: dict[str, Any] = {claim: bad}
        refused(await here.asked(here.assertion(**wrong)), 400, "invalid_grant")
        right: dict[str, Any] = {claim: good}
        assert (await here.asked(here.assertion(**right))).status_code == 200, claim


async def test_only_the_provider_can_have_signed_it(here: Enterprise) -> None:
    stranger, said = Signer("RS256"), here.said()
    header: dict[str, Any] = {"typ": "oauth-id-jag+jwt", "kid": "first"}
    payload = here.assertion().split(".")[1]
    forged = [
        stranger.token(said, **header),
        stranger.token(said, **header, jwk=stranger.public),
        f"{UNSIGNED}.{payload}.",
        jwt.encode(said, "k" * 32, "HS256", header),
        here.assertion()[:-8] + "AAAAAAAA",
        here.corp.id_token(None, here.corp.user),
        "x",
        "x" * 9_000,
    ]
    for assertion in forged:
        refused(await here.asked(assertion), 400, "invalid_grant")
    assert await here.abroad.users() == []


@requirement("mcp:an-identity-assertion-is-used-once")
async def test_an_assertion_is_good_once_until_long_after_its_end(here: Enterprise) -> None:
    assertion = here.assertion()
    answers = await asyncio.gather(*(here.asked(assertion) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    here.town.clock.now += 300 + LEEWAY - 1
    await here.town.house.ring()
    refused(await here.asked(assertion), 400, "invalid_grant")
    here.town.clock.now += 1
    refused(await here.asked(assertion), 400, "invalid_grant")


async def test_a_refused_assertion_was_not_used(here: Enterprise) -> None:
    assertion = here.assertion()
    refused(await here.asked(assertion, resource=OTHER), 400, "invalid_target")
    refused(await here.asked(assertion, scope="admin"), 400, "invalid_scope")
    assert (await here.asked(assertion, resource=RESOURCE)).status_code == 200


async def test_the_token_is_for_the_resource_of_the_assertion_alone(here: Enterprise) -> None:
    for named in ([OTHER], "HTTPS://MCP.test/other"):
        assert claims(await here.token(resource=named))["aud"] == OTHER
    bare = await here.asked(here.assertion(resource=None), resource=OTHER)
    assert claims(bare.json()["access_token"])["aud"] == OTHER
    refused(await here.asked(here.assertion(resource=None), resource="https://other.test"), 400, "invalid_target")


@pytest.mark.parametrize(
    ("client_id", "said", "asked", "granted"),
    [
        pytest.param("X", "mcp admin", None, "mcp admin", id="what-the-provider-allowed"),
        pytest.param("X", "mcp admin", "admin", "admin", id="what-the-client-wants-of-it"),
        pytest.param("X", "mcp", "mcp admin", "mcp", id="no-more-than-the-provider-allowed"),
        pytest.param("Y", "mcp admin", None, "mcp", id="no-more-than-the-operator-allows"),
        pytest.param("X", None, "admin", "admin", id="the-provider-says-nothing"),
        pytest.param("X", "mcp offline_access", "mcp offline_access", "mcp", id="nothing-that-lasts"),
        pytest.param("Y", None, None, "mcp openid", id="nobody-says-anything"),
    ],
)
@requirement("mcp:scopes-of-an-identity-assertion-are-an-intersection")
async def test_which_scopes_it_gets(
    here: Enterprise, client_id: str, said: str | None, asked: str | None, granted: str
) -> None:
    more = {} if asked is None else {"scope": asked}
    answer = await here.asked(here.assertion(scope=said, client_id=client_id), client_id, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == granted


async def test_a_scope_that_is_not_offered_is_refused_as_such(here: Enterprise) -> None:
    refused(await here.asked(scope="unheard-of"), 400, "invalid_scope")


@pytest.mark.parametrize(
    ("rule", "said", "let_in"),
    [
        (AccessRule(email_domains=("corp.test",)), {"email": "eve@corp.test", "email_verified": True}, True),
        (AccessRule(email_domains=("corp.test",)), {"email": "eve@corp.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {}, False),
        (AccessRule(groups=("staff",)), {"groups": ["staff"]}, True),
        (AccessRule(groups=("staff",)), {"groups": ["guests"]}, False),
    ],
)
async def test_the_access_rule_of_the_provider_counts(
    here: Enterprise, rule: AccessRule, said: dict[str, Any], let_in: bool
) -> None:
    await here.vouches(access=rule)
    answer = await here.asked(here.assertion(**said))
    if let_in:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, 400, "invalid_grant")
        assert await here.abroad.users() == []


async def test_of_a_known_user_the_rule_is_met_by_what_the_last_sign_in_told(here: Enterprise) -> None:
    here.corp.user["groups"] = ["staff"]
    await here.vouches(access=AccessRule(email_domains=("corp.test",), groups=("staff",)))
    await here.abroad.code()
    await here.token()
    refused(await here.asked(here.assertion(groups=["guests"])), 400, "invalid_grant")
    refused(await here.asked(here.assertion(email="eve@corp.test")), 400, "invalid_grant")  # not verified


async def test_a_disabled_user_client_or_provider_ends_it(here: Enterprise) -> None:
    token = await here.token()
    [user] = await here.abroad.users()

    def disable(turn: Turn, at: int | None) -> None:
        turn.tx.users.change(replace(user, disabled_at=at))

    tenant = here.town.house.registry.tenant("a")
    await tenant.run(disable, 1)
    assert not await here.counts(token)
    refused(await here.asked(), 400, "invalid_grant")
    await tenant.run(disable, None)
    assert await here.counts(token)
    await here.vouches(disabled_at=1)
    assert not await here.counts(token)
    await here.vouches()
    await here.client("Z")
    await disable_client(here.town.house, "Z")
    refused(await here.asked(here.assertion(client_id="Z"), "Z"), 401, "invalid_client")


async def test_a_token_is_given_back_and_nothing_is_left_of_it_after_its_end(here: Enterprise) -> None:
    first, second = await here.token(), await here.token()
    form = {"token": first}
    assert (await here.town.ask("POST", "/revoke", form=form, basic=("X", here.secrets["X"]))).status_code == 200
    assert [await here.counts(token) for token in (first, second)] == [False, True]
    [user] = await here.abroad.users()
    tenant = here.town.house.registry.tenant("a")
    assert len(await tenant.run(lambda turn, _: list(turn.tx.grants.of_user(user.id)), None)) == 2
    here.town.clock.now += 90_000
    await here.town.house.ring()
    assert await tenant.run(lambda turn, _: list(turn.tx.grants.of_user(user.id)), None) == []


async def test_a_public_client_brings_no_assertion(here: Enterprise) -> None:
    form: Pairs = [("grant_type", JWT_BEARER), ("assertion", here.assertion(client_id="P")), ("client_id", "P")]
    refused(await here.town.token(form), 400, "unauthorized_client")
    form[1:] = [("assertion", here.assertion(client_id="K"))]
    refused(await here.town.token(form, basic=here.town.basic("K")), 400, "unauthorized_client")
    await here.client("open", token_endpoint_auth_method="none")
    form[1:] = [("assertion", here.assertion(client_id="open")), ("client_id", "open")]
    refused(await here.town.token(form), 400, "unauthorized_client")
    refused(await here.town.token(form[:2]), 401, "invalid_client")


async def test_a_client_may_register_itself_for_it_and_is_vouched_for_like_others(here: Enterprise) -> None:
    metadata = {**RG, "grant_types": [JWT_BEARER], "redirect_uris": [], "response_types": []}
    refused(await here.town.ask("POST", "/register", json=metadata), 400, "invalid_client_metadata")
    metadata["token_endpoint_auth_method"] = "client_secret_basic"
    made = (await here.town.ask("POST", "/register", json=metadata)).json()
    assert (made["grant_types"], made["redirect_uris"], made["response_types"]) == ([JWT_BEARER], [], [])
    client_id = made["client_id"]
    here.secrets[client_id] = made["client_secret"]
    refused(await here.asked(client_id=client_id), 400, "invalid_grant")
    assert (await here.asked(here.assertion(client_id=client_id), client_id)).status_code == 200
    is_page(await here.town.user.get(authorize(changed(AZ, client_id=client_id))))


async def test_a_new_key_of_the_provider_is_looked_for_once_and_a_silent_provider_is_no_refusal(
    here: Enterprise,
) -> None:
    await here.token()
    asked = len(here.corp.asked)
    await here.token()
    assert len(here.corp.asked) == asked
    here.corp.shown = ["second"]
    here.town.clock.now += 31
    assert (await here.asked(here.assertion(key="second"))).status_code == 200
    refused(await here.asked(here.assertion(key="first")), 400, "invalid_grant")
    here.corp.answers["/jwks"] = (503, b"")
    here.town.clock.now += 31
    silent = await here.asked(here.assertion(key="third"))
    assert (silent.status_code, silent.headers["retry-after"]) == (503, "30")


async def test_nobody_is_called_for_what_is_refused_anyway(here: Enterprise) -> None:
    here.corp.asked.clear()
    wrongs: tuple[dict[str, Any], ...] = (
        {"aud": "https://b.test"},
        {"client_id": "Y"},
        {"exp": 1},
        {"iss": "https://corp.evil"},
    )
    for changes in wrongs:
        refused(await here.asked(here.assertion(**changes)), 400, "invalid_grant")
    assert here.corp.asked == []


async def test_a_token_is_bound_to_the_key_that_was_proven(here: Enterprise) -> None:
    holder = Holder()
    shown = [("DPoP", holder.proof("POST", f"{ISSUER}/token", here.town.clock.now))]
    given = (await here.asked(headers=shown)).json()
    assert (given["token_type"], claims(given["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})


async def test_no_assertion_is_logged_or_kept(here: Enterprise) -> None:
    assertion = here.assertion()
    await here.asked(assertion)
    refused(await here.asked(assertion), 400, "invalid_grant")
    logged = here.town.house.logged()
    assert assertion not in logged
    assert assertion.split(".")[1] not in logged
