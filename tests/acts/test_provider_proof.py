"""How we prove to a provider that we are its client: by a secret that it gave us, or by a key that we made for it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import import_key

from tenants.acts.provider_kinds import Auth0, Config, Entra, GitHub, Google, OAuth2, Oidc, Okta, WorkOS
from tenants.acts.provider_proof import key_set, shown
from tenants.acts.provider_settings import Settings
from tenants.acts.providers import (
    NewProvider,
    ProviderChange,
    add_provider,
    change_provider,
    etag,
    get_provider,
    settings_of,
)
from tenants.oauth import json_text
from tenants.problems import Broken, Invalid
from tenants.records import AccessRule, ClaimMapping, IdentityProvider
from tenants.turn import Turn
from tests.support.requirement import requirement
from tests.support.tenant import ATenant, a_tenant

KEY = "private_key_jwt"
LOGIN = Oidc("https://login.example")
OAUTH2 = OAuth2("https://id.example/authorize", "https://id.example/token", "https://id.example/me")
ENDPOINTS = ("https://login.example/authorize", "https://api.login.example/token", "", "https://login.example/jwks")
TYPES = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "RS256": ("RSA", None), "PS256": ("RSA", None)}


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


def new(provider_id: str = "corp", secret: str = "", **said: Any) -> NewProvider:
    whole: dict[str, Any] = {
        "config": LOGIN,
        "client_id": "ours",
        "auth_method": KEY,
        "claims": ClaimMapping(),
        "access": AccessRule(),
    }
    return NewProvider(id=provider_id, settings=Settings(**{**whole, **said}), secret=secret)


async def add(t: ATenant, provider_id: str = "corp", secret: str = "", **said: Any) -> IdentityProvider:
    return await t.run(add_provider, new(provider_id, secret, **said))


async def change(t: ATenant, secret: str | None = None, **said: Any) -> IdentityProvider:
    def changing(now: Settings) -> Settings:
        return replace(now, **said)

    return await t.run(change_provider, ProviderChange(id="corp", change=changing, secret=secret, etag=""))


async def refused(asked: Any, field: str) -> str:
    with pytest.raises(Invalid) as raised:
        await asked
    assert raised.value.field == field, raised.value
    return raised.value.description


def kid(provider: IdentityProvider) -> str:
    assert provider.public_jwk is not None
    return provider.public_jwk["kid"]


async def proven(t: ATenant, provider_id: str = "corp") -> jwt.Token:
    """What we sign for this provider, checked by another hand."""

    def act(turn: Turn, _: None) -> tuple[IdentityProvider, str | None]:
        provider = get_provider(turn, provider_id)
        return provider, shown(turn, provider)

    provider, assertion = await t.run(act, None)
    assert assertion is not None
    assert provider.public_jwk is not None
    return jwt.decode(assertion, import_key(dict(provider.public_jwk)), algorithms=[provider.public_jwk["alg"]])


# --- the key


@pytest.mark.parametrize("algorithm", TYPES)
async def test_a_key_is_made_for_the_provider_and_its_public_half_is_told(t: ATenant, algorithm: str) -> None:
    made = await add(t, assertion_algorithm=algorithm)
    await t.sleep()
    assert await t.run(get_provider, "corp") == made
    assert settings_of(made).assertion_algorithm == algorithm
    assert made.public_jwk is not None
    public = import_key(dict(made.public_jwk))
    assert not public.is_private
    assert (made.public_jwk["kty"], made.public_jwk.get("crv")) == TYPES[algorithm]
    assert (made.public_jwk["alg"], made.public_jwk["use"]) == (algorithm, "sig")
    assert made.public_jwk["kid"] == public.thumbprint()
    assert (await proven(t)).header == {"alg": algorithm, "typ": "client-authentication+jwt", "kid": kid(made)}


@pytest.mark.parametrize(
    ("config", "algorithm"),
    [(LOGIN, "ES256"), (OAUTH2, "ES256"), (Okta("acme.okta.com"), "ES256"), (Auth0("acme.eu.auth0.com"), "RS256")],
    ids=str,
)
async def test_the_key_is_of_a_sort_that_the_vendor_takes(t: ATenant, config: Config, algorithm: str) -> None:
    assert settings_of(await add(t, config=config)).assertion_algorithm == algorithm


async def test_the_private_half_stands_nowhere_and_is_of_no_use_under_another_name(t: ATenant) -> None:
    made = await add(t)

    def private(turn: Turn, _: None) -> str:
        return str(turn.keyring.provider_key(get_provider(turn, "corp")).as_dict(private=True)["d"])

    secret = await t.run(private, None)
    assert secret not in "\n".join(await t.dump()) + str(await t.events()) + str(made)

    def stolen(turn: Turn, _: None) -> None:
        turn.tx.identity_providers.add(replace(made, id="thief"))
        with pytest.raises(Broken):
            shown(turn, get_provider(turn, "thief"))

    await t.run(stolen, None)


async def test_no_two_providers_know_the_same_key(t: ATenant) -> None:
    assert kid(await add(t)) != kid(await add(t, "other"))


@pytest.mark.parametrize("config", [WorkOS(), Google(), GitHub(), Entra("organizations")], ids=str)
async def test_a_provider_that_takes_no_such_keys_is_refused_one(t: ATenant, config: Config) -> None:
    why = await refused(add(t, config=config), "token_endpoint_auth_method")
    assert ("certificate" in why) == isinstance(config, Entra)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"secret": "a secret"}, "client_secret"),
        ({"assertion_algorithm": "HS256"}, "client_assertion_algorithm"),
        ({"assertion_algorithm": "ES384"}, "client_assertion_algorithm"),
        ({"config": Auth0("acme.eu.auth0.com"), "assertion_algorithm": "ES256"}, "client_assertion_algorithm"),
        ({"config": Okta("acme.okta.com"), "assertion_algorithm": "EdDSA"}, "client_assertion_algorithm"),
        ({"auth_method": "none", "assertion_algorithm": "ES256"}, "client_assertion_algorithm"),
        (
            {"auth_method": "client_secret_post", "secret": "a secret", "assertion_algorithm": "ES256"},
            "client_assertion_algorithm",
        ),
    ],
    ids=str,
)
async def test_what_cannot_be_meant_leaves_nothing(t: ATenant, said: dict[str, Any], field: str) -> None:
    before = await t.dump()
    await refused(add(t, **said), field)
    assert await t.dump() == before


async def test_a_key_stays_until_another_one_is_needed_or_asked_for(t: ATenant) -> None:
    made = await add(t)
    kids = [kid(made)]
    same = await change(t, display_name="Corp", client_id="other", scopes=("openid", "email"))
    assert (kid(same), same.sealed_secret) == (kids[0], made.sealed_secret)
    for secret, said in (
        ("", {}),
        (None, {"assertion_algorithm": "EdDSA"}),
        (None, {"config": Oidc("https://elsewhere.example")}),
    ):
        changed = await change(t, secret, **said)
        assert etag(changed) != etag(made)
        kids.append(kid(changed))
        assert (await proven(t)).header["kid"] == kids[-1]
    assert len(set(kids)) == len(kids)
    events = [list(event.details["after"]) for event in await t.events() if event.type == "identity_provider.changed"]
    assert all(names[-2:] == ["sealed_secret", "public_jwk"] for names in events[1:])
    assert [names[:-2] for names in events[1:]] == [[], [], ["issuer_uri"]]


async def test_a_key_and_a_secret_never_take_each_others_place(t: ATenant) -> None:
    await add(t, secret="a secret", auth_method="client_secret_basic")
    keyed = await change(t, auth_method=KEY)
    assert (await proven(t)).header["kid"] == kid(keyed)
    await refused(change(t, auth_method="client_secret_post"), "client_secret")
    assert await t.run(get_provider, "corp") == keyed
    secret = await change(t, "another", auth_method="client_secret_post")
    assert (secret.public_jwk, settings_of(secret).assertion_algorithm) == (None, "")
    assert await t.run(lambda turn, _: shown(turn, secret), None) == "another"
    public = await change(t, auth_method="none")
    assert await t.run(lambda turn, _: shown(turn, public), None) is None


async def test_a_provider_may_fetch_its_own_key_and_no_other(t: ATenant) -> None:
    made = await add(t)
    await add(t, "other")
    await add(t, "secretive", "a secret", auth_method="client_secret_basic")

    async def keys(provider_id: str) -> Any:
        return json_text.parse(await t.run(key_set, provider_id))

    assert await keys("corp") == {"keys": [made.public_jwk]}
    assert await keys("secretive") == await keys("nobody") == {"keys": []}
    again = await change(t, "")
    assert await keys("corp") == {"keys": [again.public_jwk]}


# --- what it signs


AUDIENCES: list[tuple[Config, str]] = [
    (LOGIN, "https://login.example"),
    (Oidc("https://login.example/"), "https://login.example/"),
    (Oidc("https://login.example", *ENDPOINTS), "https://api.login.example/token"),
    (OAUTH2, "https://id.example/token"),
    (Auth0("acme.eu.auth0.com"), "https://acme.eu.auth0.com/"),
    (Okta("acme.okta.com"), "https://acme.okta.com/oauth2/v1/token"),
    (Okta("acme.okta.com", "default"), "https://acme.okta.com/oauth2/default/v1/token"),
]


@pytest.mark.parametrize(("config", "audience"), AUDIENCES, ids=str)
@requirement("rfc7523:our-assertions-are-for-one-provider-once")
async def test_an_assertion_is_made_out_to_the_provider_for_a_minute(t: ATenant, config: Config, audience: str) -> None:
    await add(t, config=config)
    said = (await proven(t)).claims
    assert said == {
        "iss": "ours",
        "sub": "ours",
        "aud": audience,
        "jti": said["jti"],
        "iat": t.clock.now,
        "exp": t.clock.now + 60,
    }


@requirement("rfc7523:our-assertions-are-for-one-provider-once")
async def test_every_assertion_is_another_one(t: ATenant) -> None:
    await add(t)
    names = {(await proven(t)).claims["jti"] for _ in range(5)}
    assert len(names) == 5
    assert all(len(bytes.fromhex(name)) == 16 for name in names)


async def test_the_name_of_an_assertion_comes_from_the_chance_that_is_given(t: ATenant) -> None:
    await add(t)

    def act(turn: Turn, _: None) -> str | None:
        def drawn(count: int, /) -> bytes:
            return b"\7" * count

        return shown(replace(turn, entropy=drawn), get_provider(turn, "corp"))

    assertion = await t.run(act, None)
    provider = await t.run(get_provider, "corp")
    assert assertion is not None
    assert provider.public_jwk is not None
    assert jwt.decode(assertion, import_key(dict(provider.public_jwk))).claims["jti"] == "07" * 16


async def test_auth0_is_told_no_name_of_the_key(t: ATenant) -> None:
    """It gives the keys that are registered there names of its own, and looks for the one that it is told."""
    await add(t, config=Auth0("acme.eu.auth0.com"))
    assert "kid" not in (await proven(t)).header
