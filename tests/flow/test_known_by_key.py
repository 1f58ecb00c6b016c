"""A provider that knows us by a key: what is signed for it signs users in, and nothing else does."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from tenants.acts import provider_proof
from tenants.acts.provider_proof import Wanted
from tenants.acts.providers import get_provider
from tenants.records import IdentityProvider
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.flow.town import Town
from tests.support.clients import sent_back
from tests.support.openid_provider import CLIENT_ID, JWT_BEARER

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def known_by_key(abroad: Abroad, algorithm: str = "ES256", **changes: Any) -> IdentityProvider:
    """`corp` with a new key of ours, which the provider has registered."""
    await abroad.configure(auth_method="private_key_jwt", **changes)

    def act(turn: Turn, _: None) -> IdentityProvider:
        former = get_provider(turn, "corp")
        wanted = Wanted(
            provider_id="corp", kind=former.kind, method="private_key_jwt", algorithm=algorithm, secret=None
        )
        proof = provider_proof.keep(turn, wanted, None, moved=False)
        provider = replace(former, sealed_secret=proof.sealed, public_jwk=proof.public_jwk)
        assert turn.tx.identity_providers.change(provider, version=former.version)
        return provider

    provider = await abroad.town.house.registry.tenant("a").actor.run(act, None)
    assert provider.public_jwk is not None
    abroad.corp.client_jwk = dict(provider.public_jwk)
    return provider


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
async def test_users_sign_in_where_a_key_of_ours_is_known(abroad: Abroad, algorithm: str) -> None:
    await known_by_key(abroad, algorithm)
    assert await abroad.code()
    [assertion] = abroad.corp.assertions
    assert assertion.claims["aud"] == abroad.corp.uri
    assert assertion.claims["exp"] - assertion.claims["iat"] <= 60
    form = parse_qs(abroad.corp.bodies[abroad.corp.asked.index("/token")].decode())
    assert form["client_assertion_type"] == [JWT_BEARER]
    assert form["client_id"] == [CLIENT_ID]
    assert "client_secret" not in form


async def test_each_sign_in_has_an_assertion_of_its_own(abroad: Abroad) -> None:
    await known_by_key(abroad)
    for _ in range(3):
        assert (await abroad.come_back()).status_code == 303
    assert len({assertion.claims["jti"] for assertion in abroad.corp.assertions}) == 3


async def test_okta_is_shown_what_is_made_out_to_its_token_endpoint(abroad: Abroad) -> None:
    abroad.corp.audience = f"{abroad.corp.uri}/oauth2/v1/token"
    await known_by_key(abroad, kind="okta")
    assert (await abroad.come_back()).status_code == 303
    assert len(await abroad.users()) == 1


@pytest.mark.parametrize("wrong", ["key", "audience"])
async def test_a_provider_that_does_not_believe_it_signs_nobody_in(abroad: Abroad, wrong: str) -> None:
    provider = await known_by_key(abroad)
    if wrong == "key":
        await known_by_key(abroad)
        abroad.corp.client_jwk = dict(provider.public_jwk or {})
    else:
        abroad.corp.audience = "https://elsewhere.test"
    sent_back(await abroad.come_back(), "server_error")
    assert abroad.corp.assertions == []
    assert await abroad.users() == []


async def test_the_provider_can_fetch_the_key_and_nobody_fetches_more(abroad: Abroad) -> None:
    provider = await known_by_key(abroad)
    await abroad.configure(provider_id="secretive")
    town: Town = abroad.town
    answer = await town.ask("GET", "/callback/corp/jwks.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"  # a new key is there at once
    assert json.loads(answer.text) == {"keys": [provider.public_jwk]}
    for nobody in ("secretive", "nobody", "%00", "..%2fcorp"):
        answer = await town.ask("GET", f"/callback/{nobody}/jwks.json")
        assert answer.status_code == 404 or json.loads(answer.text) == {"keys": []}
    assert json.loads((await town.ask("GET", "/callback/corp/jwks.json", host="b.test")).text) == {"keys": []}
    ours = json.loads((await town.ask("GET", "/.well-known/jwks.json")).text)["keys"]
    assert provider.public_jwk not in ours  # nobody must take what it signs for a token of the issuer
