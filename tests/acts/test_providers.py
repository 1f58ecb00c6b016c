"""Identity providers as the operator sets them: kept whole, with a sealed secret, or refused with the field."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.provider_kinds import (
    Auth0,
    Config,
    Entra,
    GitHub,
    Google,
    OAuth2,
    Oidc,
    Okta,
    WorkOS,
    addresses,
    kind_of,
)
from tenants.acts.provider_settings import MAX_ITEMS, Settings
from tenants.acts.providers import (
    MAX_PROVIDERS,
    NewProvider,
    ProviderChange,
    ProviderRemoval,
    add_provider,
    all_providers,
    change_provider,
    etag,
    get_provider,
    remove_provider,
    settings_of,
)
from tenants.acts.who import recognise
from tenants.oauth.claims import Profile
from tenants.problems import AlreadyThere, EtagMismatch, Invalid, NoSuchThing
from tenants.records import DAY, AccessRule, ClaimMapping, IdentityProvider
from tenants.turn import Turn
from tests.support.tenant import ATenant, a_tenant

SECRET = "a secret of ours at the provider"
AUTHORIZE, TOKEN, USER, JWKS = (f"https://login.example/{name}" for name in ("authorize?x=y", "token", "me", "jwks"))
CONFIGS: tuple[Config, ...] = (
    Oidc("https://login.example/realms/acme"),
    Oidc("https://login.example", id_token_algorithms=("ES256", "PS256")),
    Oidc("https://login.example", AUTHORIZE, TOKEN, "", JWKS),
    Oidc("https://login.example", AUTHORIZE, TOKEN, USER, JWKS, ("EdDSA",)),
    OAuth2("https://id.example/authorize?x=y", "https://id.example/token", "https://api.id.example/me"),
    WorkOS(),
    Auth0("acme.eu.auth0.com"),
    Okta("acme.okta.com"),
    Okta("acme.okta.com", "default"),
    Google(),
    Google("acme.com"),
    GitHub(),
    GitHub("https://git.acme.com"),
    Entra("organizations"),
    Entra("8eaef023-2b34-4da1-9baa-8bc8c9d6a490"),
    Entra("acme.onmicrosoft.com"),
)


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


def settings(**said: Any) -> Settings:
    whole: dict[str, Any] = {"config": Google(), "client_id": "ours", "claims": ClaimMapping(), "access": AccessRule()}
    return Settings(**{**whole, **said})


async def add(t: ATenant, provider_id: str = "google", secret: str = SECRET, **said: Any) -> IdentityProvider:
    new = NewProvider(id=provider_id, settings=settings(**said), secret=secret)
    return await t.run(add_provider, new)


async def change(
    t: ATenant, changing: Callable[[Settings], Settings], *, secret: str | None = None, etag: str = ""
) -> IdentityProvider:
    request = ProviderChange(id="google", change=changing, secret=secret, etag=etag)
    return await t.run(change_provider, request)


async def secret_of(t: ATenant, provider_id: str) -> bytes | None:
    def unsealed(turn: Turn, _: None) -> bytes | None:
        sealed = get_provider(turn, provider_id).sealed_secret
        return None if sealed is None else turn.keyring.unseal("provider secret", sealed, provider_id.encode("ascii"))

    return await t.run(unsealed, None)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
async def test_every_kind_is_kept_and_read_back_as_it_was_said(t: ATenant, config: Config) -> None:
    made = await add(t, "theirs", config=config)
    await t.sleep()
    kept = await t.run(get_provider, "theirs")
    assert kept == made
    assert settings_of(kept).config == config
    assert kept.kind == kind_of(config)
    assert kept.issuer_uri == addresses(config).issuer_uri
    assert await t.run(all_providers, None) == (kept,)
    assert (kept.created_at, kept.updated_at, kept.disabled_at) == (t.clock.now, t.clock.now, None)


async def test_what_is_left_out_has_the_default_of_the_kind(t: ATenant) -> None:
    google, github = await add(t), await add(t, "github", config=GitHub())
    assert (google.display_name, google.scopes) == ("Google", ("openid", "profile", "email"))
    assert (github.display_name, github.scopes) == ("GitHub", ("read:user", "user:email"))
    assert (google.claims.subject, github.claims.subject) == ("sub", "id")
    okta = await add(t, "staff", config=Okta("acme.okta.com"))
    assert (okta.display_name, okta.auth_method) == ("staff", "client_secret_basic")
    assert github.auth_method == "client_secret_post"
    other = await add(t, "other", claims=ClaimMapping(roles="acme.roles"))
    assert other.claims == replace(google.claims, roles="acme.roles")


async def test_a_hosted_domain_is_demanded_of_the_claim_that_proves_it(t: ATenant) -> None:
    made = await add(t, config=Google("acme.com"))
    assert (made.access.organizations, made.claims.organization) == (("acme.com",), "hd")
    assert settings_of(made).access == AccessRule()
    opened = await change(t, lambda said: replace(said, config=Google()))
    assert opened.access.organizations == ()


async def test_a_secret_is_sealed_and_stands_nowhere(t: ATenant) -> None:
    await add(t)
    await change(t, lambda said: replace(said, client_id="other"))
    assert await secret_of(t, "google") == SECRET.encode("ascii")
    await change(t, lambda said: said, secret="another secret")
    assert await secret_of(t, "google") == b"another secret"
    events = str(await t.events())
    dump = "\n".join(await t.dump())
    for secret in (SECRET, "another secret"):
        assert secret not in dump
        assert secret.encode("ascii").hex() not in dump.lower()
        assert secret not in events


async def test_a_secret_that_is_given_again_changes_nothing(t: ATenant) -> None:
    made = await add(t)
    before = await t.events()
    assert await change(t, lambda said: said, secret=SECRET) == made
    assert await t.events() == before
    assert (await change(t, lambda said: said, secret=SECRET[:-1])).version == made.version + 1


async def test_a_sealed_secret_is_of_no_use_under_another_name(t: ATenant) -> None:
    made = await add(t)

    def moved(turn: Turn, _: None) -> None:
        turn.tx.identity_providers.add(replace(made, id="thief"))

    await t.run(moved, None)
    assert await secret_of(t, "thief") is None


async def test_a_kept_secret_goes_to_no_other_address(t: ATenant) -> None:
    await add(t, "corp", config=Oidc("https://login.example"))
    there = replace(settings(), config=Oidc("https://login.evil.example"))
    with pytest.raises(Invalid, match="client_secret"):
        await t.run(change_provider, ProviderChange(id="corp", change=lambda _: there, secret=None, etag=""))
    assert (await t.run(get_provider, "corp")).issuer_uri == "https://login.example"
    moved = ProviderChange(id="corp", change=lambda _: there, secret="another", etag="")
    assert (await t.run(change_provider, moved)).issuer_uri == "https://login.evil.example"


@pytest.mark.parametrize("moved", ["authorization_uri", "token_uri", "user_uri", "jwks_uri"])
async def test_a_kept_secret_goes_to_no_other_endpoint(t: ATenant, moved: str) -> None:
    """Neither to one that takes the place of discovery, nor to another one than before."""
    await add(t, config=Oidc("https://login.example"))
    there = Oidc("https://login.example", AUTHORIZE, TOKEN, USER, JWKS)
    await refused(change(t, lambda said: replace(said, config=there)), "client_secret")
    await change(t, lambda said: replace(said, config=there), secret=SECRET)
    changes: dict[str, Any] = {moved: "https://evil.example"}
    elsewhere = replace(there, **changes)
    await refused(change(t, lambda said: replace(said, config=elsewhere)), "client_secret")
    await t.run(lambda turn, _: recognise(turn, Profile(provider="google", subject="248")), None)
    await refused(change(t, lambda said: replace(said, config=elsewhere), secret=SECRET), "kind")
    algorithms = replace(there, id_token_algorithms=("ES256",))
    changed = await change(t, lambda said: replace(said, config=algorithms))
    assert (settings_of(changed).config, changed.token_algorithms) == (algorithms, ("ES256",))


@pytest.mark.parametrize("config", CONFIGS, ids=str)
async def test_whether_it_vouches_and_is_asked_again_is_kept_and_changed(t: ATenant, config: Config) -> None:
    made = await add(t, config=config, vouches_for_email=True, recheck_interval=300)
    assert (made.vouches_for_email, made.recheck_interval) == (True, 300)
    assert (settings_of(made).vouches_for_email, settings_of(made).recheck_interval) == (True, 300)
    changed = await change(t, lambda said: replace(said, vouches_for_email=False, recheck_interval=0))
    assert (changed.vouches_for_email, changed.recheck_interval) == (False, 0)
    assert etag(changed) != etag(made)
    [event] = [event for event in await t.events() if event.type == "identity_provider.changed"]
    before = {"vouches_for_email": True, "recheck_interval": 300}
    assert event.details == {"before": before, "after": {"vouches_for_email": False, "recheck_interval": 0}}


async def test_only_who_signs_can_vouch_for_clients_and_only_one_for_each_issuer(t: ATenant) -> None:
    for config in (GitHub(), OAuth2(AUTHORIZE, TOKEN, USER)):
        await refused(add(t, "unsigned", config=config, vouches_for_clients=True), "vouches_for_clients")
    made = await add(t, config=Oidc("https://login.example"), vouches_for_clients=True)
    assert made.vouches_for_clients
    assert settings_of(made).vouches_for_clients
    same = Oidc("https://login.example")
    await refused(add(t, "again", config=same, vouches_for_clients=True), "vouches_for_clients")
    await add(t, "again", config=same)
    await add(t, "other", config=Oidc("https://other.example"), vouches_for_clients=True)
    changed = await change(t, lambda said: replace(said, vouches_for_clients=False))
    assert not changed.vouches_for_clients


async def test_users_belong_to_the_provider_that_they_came_from(t: ATenant) -> None:
    await add(t, "corp", config=Oidc("https://login.example"))
    eve = Profile(provider="corp", subject="248")
    await t.run(lambda turn, _: recognise(turn, eve), None)
    there = replace(settings(), config=Oidc("https://login.evil.example"))
    moved = ProviderChange(id="corp", change=lambda _: there, secret="another", etag="")
    with pytest.raises(Invalid, match="kind"):
        await t.run(change_provider, moved)
    await t.run(remove_provider, ProviderRemoval(id="corp", etag=""))
    with pytest.raises(Invalid, match="id"):
        await add(t, "corp", config=Oidc("https://login.evil.example"))


async def test_the_method_none_has_no_secret_and_the_others_need_one(t: ATenant) -> None:
    await refused(add(t, secret=""), "client_secret")
    await refused(add(t, auth_method="none"), "client_secret")
    public = await add(t, secret="", auth_method="none")
    assert public.sealed_secret is None
    await refused(change(t, lambda said: replace(said, auth_method="client_secret_post")), "client_secret")
    await change(t, lambda said: replace(said, auth_method="client_secret_post"), secret=SECRET)
    await refused(change(t, lambda said: said, secret=""), "client_secret")
    dropped = await change(t, lambda said: replace(said, auth_method="none"))
    assert dropped.sealed_secret is None


LONG = "x" * 256


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"config": Oidc("https://acme.example")}, "oidc.issuer_uri"),
        ({"config": Oidc("https://acme.example:443/x")}, "oidc.issuer_uri"),
        ({"config": Oidc("http://login.example")}, "oidc.issuer_uri"),
        ({"config": Oidc("https://localhost")}, "oidc.issuer_uri"),
        ({"config": Oidc("https://login.example?x")}, "oidc.issuer_uri"),
        ({"config": Oidc("")}, "oidc.issuer_uri"),
        ({"config": Oidc("", AUTHORIZE, TOKEN, USER, JWKS)}, "oidc.issuer_uri"),
        ({"config": Oidc("https://login.example", "", TOKEN, USER, JWKS)}, "oidc.authorization_uri"),
        ({"config": Oidc("https://login.example", AUTHORIZE, "", USER, JWKS)}, "oidc.token_uri"),
        ({"config": Oidc("https://login.example", AUTHORIZE, TOKEN, USER, "")}, "oidc.jwks_uri"),
        ({"config": Oidc("https://login.example", "", "", USER, "")}, "oidc.authorization_uri"),
        ({"config": Oidc("https://login.example", "javascript:alert(1)", TOKEN, "", JWKS)}, "oidc.authorization_uri"),
        ({"config": Oidc("https://login.example", AUTHORIZE, "https://10.0.0.1", "", JWKS)}, "oidc.token_uri"),
        ({"config": Oidc("https://login.example", AUTHORIZE, TOKEN, "https://a.internal", JWKS)}, "oidc.user_uri"),
        ({"config": Oidc("https://login.example", AUTHORIZE, TOKEN, "", "https://acme.example/k")}, "oidc.jwks_uri"),
        ({"config": Oidc("https://login.example", id_token_algorithms=("HS256",))}, "oidc.id_token_algorithms"),
        ({"config": Oidc("https://login.example", id_token_algorithms=("none",))}, "oidc.id_token_algorithms"),
        ({"config": Oidc("https://login.example", id_token_algorithms=("RS256",) * 2)}, "oidc.id_token_algorithms"),
        (
            {"config": OAuth2("javascript:alert(1)", "https://i.example", "https://i.example")},
            "oauth2.authorization_uri",
        ),
        ({"config": OAuth2("https://i.example", "https://169.254.169.254", "https://i.example")}, "oauth2.token_uri"),
        ({"config": OAuth2("https://i.example", "https://i.example", "")}, "oauth2.user_uri"),
        ({"config": Auth0("https://acme.auth0.com")}, "auth0.domain"),
        ({"config": Auth0("acme.auth0.com/")}, "auth0.domain"),
        ({"config": Auth0("acme.example")}, "auth0.domain"),
        ({"config": Okta("10.0.0.1")}, "okta.domain"),
        ({"config": Okta("okta.internal")}, "okta.domain"),
        ({"config": Okta("acme.okta.com", "../x")}, "okta.authorization_server"),
        ({"config": Google("Acme.com")}, "google.hosted_domain"),
        ({"config": GitHub("https://git.example/")}, "github.base_uri"),
        ({"config": GitHub("http://git.example")}, "github.base_uri"),
        ({"config": Entra("")}, "entra.directory"),
        ({"config": Entra("8EAEF023-2B34-4DA1-9BAA-8BC8C9D6A490")}, "entra.directory"),
        ({"config": Entra("x/../y")}, "entra.directory"),
        ({"display_name": "x" * 64}, "display_name"),
        ({"display_name": "\x1b[31m"}, "display_name"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "ö"}, "client_id"),
        ({"client_id": LONG}, "client_id"),
        ({"auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"scopes": ("openid", "two words")}, "scopes"),
        ({"scopes": ("email",)}, "scopes"),
        ({"claims": ClaimMapping(email=LONG)}, "claim_mapping.email"),
        ({"claims": ClaimMapping(groups="a\n")}, "claim_mapping.groups"),
        ({"config": Google("acme.com"), "claims": ClaimMapping(organization="x")}, "claim_mapping.organization"),
        ({"access": AccessRule(organizations=("acme.com",))}, "access_rule.organizations"),
        ({"access": AccessRule(email_domains=("Acme.com",))}, "access_rule.email_domains"),
        ({"access": AccessRule(email_domains=("@acme.com",))}, "access_rule.email_domains"),
        ({"access": AccessRule(groups=("",))}, "access_rule.groups"),
        ({"access": AccessRule(groups=("a", "a"))}, "access_rule.groups"),
        ({"access": AccessRule(groups=tuple(map(str, range(MAX_ITEMS + 1))))}, "access_rule.groups"),
        ({"login_domains": ("acme",)}, "login_domains"),
        ({"recheck_interval": 299}, "recheck_interval"),
        ({"recheck_interval": 30 * DAY + 1}, "recheck_interval"),
        ({"recheck_interval": -1}, "recheck_interval"),
        ({"secret": "two\nlines"}, "client_secret"),
        ({"secret": "ö"}, "client_secret"),
        ({"secret": "x" * 5_000}, "client_secret"),
        ({"provider_id": "dev"}, "id"),
    ],
    ids=str,
)
async def test_a_provider_that_cannot_be_leaves_nothing(t: ATenant, said: dict[str, Any], field: str) -> None:
    before = await t.dump()
    why = await refused(add(t, **said), field)
    assert said.get("secret", "no secret") not in str(why)
    assert await t.dump() == before


async def test_an_e_mail_domain_leads_to_one_provider(t: ATenant) -> None:
    await add(t, login_domains=("acme.com", "acme.org"))
    await refused(add(t, "other", login_domains=("acme.net", "acme.org")), "login_domains")
    await add(t, "other", login_domains=("acme.net",))
    assert (await change(t, lambda said: replace(said, display_name="G"))).login_domains == ("acme.com", "acme.org")


async def test_no_second_provider_bears_the_name(t: ATenant) -> None:
    await add(t)
    before = await t.dump()
    with pytest.raises(AlreadyThere):
        await add(t, config=GitHub())
    assert await t.dump() == before


async def test_an_issuer_has_only_so_many(t: ATenant) -> None:
    for number in range(MAX_PROVIDERS):
        await add(t, f"p{number}")
    await refused(add(t, "one-too-many"), "parent")


async def test_a_change_makes_a_new_version_and_the_same_again_writes_nothing(t: ATenant) -> None:
    made = await add(t)
    t.clock.forward(10)
    changed = await change(t, lambda said: replace(said, display_name="Acme", scopes=()), etag=etag(made))
    assert (changed.display_name, changed.version, changed.scopes) == ("Acme", 2, made.scopes)
    assert (changed.created_at, changed.updated_at) == (made.created_at, made.created_at + 10)
    with pytest.raises(EtagMismatch) as raised:
        await change(t, lambda said: replace(said, display_name="Late"), etag=etag(made))
    assert raised.value.current == etag(changed) != etag(made)
    before = await t.dump()
    t.clock.forward(10)
    assert await change(t, lambda said: said) == changed
    assert await t.dump() == before


async def test_a_provider_is_switched_off_and_on_again(t: ATenant) -> None:
    await add(t)
    off = await change(t, lambda said: replace(said, disabled=True))
    assert off.disabled_at == t.clock.now
    t.clock.forward(10)
    still = await change(t, lambda said: replace(said, display_name="Off"))
    assert still.disabled_at == off.disabled_at
    assert (await change(t, lambda said: replace(said, disabled=False))).disabled_at is None


async def test_a_provider_does_not_become_one_of_another_kind(t: ATenant) -> None:
    made = await add(t)
    await refused(change(t, lambda said: replace(said, config=GitHub())), "kind")
    assert await t.run(get_provider, "google") == made


async def test_every_change_is_remembered_by_name(t: ATenant) -> None:
    await add(t)
    await change(t, lambda said: replace(said, client_id="other"), secret="new")
    await t.run(remove_provider, ProviderRemoval(id="google", etag=""))
    events = [event for event in await t.events() if event.type.startswith("identity_provider.")]
    assert [(event.type, event.actor, event.subject) for event in events] == [
        ("identity_provider.created", "op", "google"),
        ("identity_provider.changed", "op", "google"),
        ("identity_provider.removed", "op", "google"),
    ]
    assert events[1].details["after"] == {"client_id": "other", "sealed_secret": "(secret)"}


async def test_a_removed_provider_is_gone_with_its_secret(t: ATenant) -> None:
    made = await add(t)
    changed = await change(t, lambda said: replace(said, display_name="New"))
    with pytest.raises(EtagMismatch):
        await t.run(remove_provider, ProviderRemoval(id="google", etag=etag(made)))
    await t.run(remove_provider, ProviderRemoval(id="google", etag=etag(changed)))
    with pytest.raises(NoSuchThing):
        await t.run(remove_provider, ProviderRemoval(id="google", etag=""))
    with pytest.raises(NoSuchThing):
        await t.run(get_provider, "google")
    with pytest.raises(NoSuchThing):
        await change(t, lambda said: said)
    t.clock.forward(1)
    assert etag(await add(t)) != etag(made)


async def refused(asked: Any, field: str) -> Invalid:
    with pytest.raises(Invalid) as raised:
        await asked
    assert raised.value.field == field, raised.value
    return raised.value
