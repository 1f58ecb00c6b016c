"""IdentityProviderService over gRPC: the issuer's identity providers, and the secrets that are told to nobody."""

import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from joserfc.jwk import import_key

from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    DeleteIdentityProviderRequest,
    GetIdentityProviderRequest,
    IdentityProvider,
    ListIdentityProvidersRequest,
    UpdateIdentityProviderRequest,
)
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from tests.support.admin import TOKEN, Desk, admin_desk, files, refused
from tests.support.house import EPOCH

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
SECRET = "our-secret-at-the-provider"
GOOGLE: dict[str, Any] = {"google": {}, "client_id": "ours", "client_secret": SECRET}
EVERYTHING: dict[str, Any] = {
    "display_name": "Acme staff",
    "disabled": True,
    "okta": {"domain": "acme.okta.com", "authorization_server": "default"},
    "client_id": "ours",
    "token_endpoint_auth_method": "client_secret_post",
    "scopes": ["openid", "email", "groups"],
    "claim_mapping": {
        "subject": "uid",
        "email": "mail",
        "email_verified": "mail_ok",
        "name": "display.name",
        "roles": "acme_roles",
        "permissions": "acme_permissions",
        "groups": "acme_groups",
        "organization": "unit",
    },
    "access_rule": {"email_domains": ["acme.test"], "organizations": ["sales"], "groups": ["staff", "guests"]},
    "login_domains": ["acme.test", "acme.example"],
    "vouches_for_email": True,
    "vouches_for_clients": True,
    "recheck_interval": Duration(seconds=86_400),
}
KEYED: dict[str, Any] = {
    "oidc": {"issuer_uri": "https://login.test"},
    "client_id": "ours",
    "token_endpoint_auth_method": "private_key_jwt",
}
ENDPOINTS = {
    "authorization_uri": "https://login.test/authorize",
    "token_uri": "https://login.test/token",
    "user_uri": "https://api.login.test/me",
    "jwks_uri": "https://login.test/jwks",
}
KINDS: list[dict[str, Any]] = [
    {"oidc": {"issuer_uri": "https://login.test/realms/acme"}},
    {"oidc": {"issuer_uri": "https://login.test", **ENDPOINTS, "id_token_algorithms": ["ES256", "EdDSA"]}},
    {
        "oauth2": {
            "authorization_uri": "https://id.test/authorize",
            "token_uri": "https://id.test/token",
            "user_uri": "https://id.test/me",
        }
    },
    {"workos": {}},
    {"auth0": {"domain": "acme.eu.auth0.com"}},
    {"okta": {"domain": "acme.okta.com"}},
    {"google": {"hosted_domain": "acme.test"}},
    {"github": {}},
    {"github": {"base_uri": "https://git.acme.test"}},
    {"entra": {"directory": "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"}},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        for issuer_id in ("a", "b", "kinds", "paged"):
            await desk.issuer(issuer_id, f"https://{issuer_id}.test")
        await desk.issuer("dev", "http://dev.localhost:8080")
        yield desk


async def create(desk: Desk, provider_id: str, issuer: str = "a", **members: Any) -> IdentityProvider:
    return await desk.ask(creation(provider_id, issuer, **members))


def creation(
    provider_id: str, issuer: str = "a", *, validate_only: bool = False, **members: Any
) -> CreateIdentityProviderRequest:
    given = IdentityProvider(**(members or GOOGLE))
    return CreateIdentityProviderRequest(
        parent=f"issuers/{issuer}",
        identity_provider_id=provider_id,
        identity_provider=given,
        validate_only=validate_only,
    )


def update(name: str, *mask: str, **members: Any) -> UpdateIdentityProviderRequest:
    given = IdentityProvider(name=name, **members)
    return UpdateIdentityProviderRequest(identity_provider=given, update_mask=FieldMask(paths=mask) if mask else None)


def named(provider_id: str, issuer: str = "a") -> str:
    return f"issuers/{issuer}/identityProviders/{provider_id}"


async def get(desk: Desk, name: str) -> IdentityProvider:
    return await desk.ask(GetIdentityProviderRequest(name=name))


async def there(desk: Desk, provider_id: str, **members: Any) -> IdentityProvider:
    """One that is as given, whatever stood there."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        await desk.ask(DeleteIdentityProviderRequest(name=named(provider_id)))
    return await create(desk, provider_id, **members)


async def test_a_provider_comes_back_as_it_was_made_but_for_its_secret(desk: Desk) -> None:
    made = await create(desk, "whole", **EVERYTHING, client_secret=SECRET)
    expected = IdentityProvider(
        **EVERYTHING,
        name="issuers/a/identityProviders/whole",
        client_secret_set=True,
        redirect_uri="https://a.test/callback/whole",
        etag=made.etag,
    )
    expected.create_time.seconds = expected.update_time.seconds = EPOCH
    assert made == expected
    assert made.etag
    assert await get(desk, made.name) == made
    listed = await desk.ask(ListIdentityProvidersRequest(parent="issuers/a"))
    assert list(listed.identity_providers).count(made) == 1


async def test_what_is_left_out_has_the_defaults_of_the_kind(desk: Desk) -> None:
    made = await create(desk, "plain")
    assert made.WhichOneof("config") == "google"
    assert (made.display_name, made.disabled) == ("Google", False)
    assert list(made.scopes) == ["openid", "profile", "email"]
    assert made.token_endpoint_auth_method == "client_secret_post"
    assert (made.claim_mapping.subject, made.claim_mapping.organization) == ("sub", "hd")
    assert made.access_rule == IdentityProvider.AccessRule()
    assert (made.vouches_for_email, made.HasField("recheck_interval")) == (False, False)
    assert (made.client_assertion_algorithm, made.public_jwk, made.client_jwks_uri) == ("", "", "")


async def test_a_provider_that_knows_us_by_a_key_is_shown_with_its_public_half(desk: Desk) -> None:
    made = await there(desk, "keyed", **KEYED)
    public = json.loads(made.public_jwk)
    assert not import_key(public).is_private
    assert (public["kid"], public["alg"], public["use"]) == (import_key(public).thumbprint(), "ES256", "sig")
    assert (made.client_secret_set, made.client_assertion_algorithm) == (False, "ES256")
    assert made.client_jwks_uri == "https://a.test/callback/keyed/jwks.json"
    assert await get(desk, made.name) == made
    for mask in ((), ("*",)):
        request = UpdateIdentityProviderRequest(identity_provider=made, update_mask=FieldMask(paths=mask))
        assert await desk.ask(request) == made


async def test_a_key_is_made_anew_where_the_mask_names_the_secret(desk: Desk) -> None:
    made = await there(desk, "rolled", **KEYED)
    assert (await desk.ask(update(made.name, display_name="Corp"))).public_jwk == made.public_jwk
    rolled = await desk.ask(update(made.name, "client_secret"))
    assert json.loads(rolled.public_jwk)["kid"] != json.loads(made.public_jwk)["kid"]
    given = desk.ask(update(made.name, client_secret=SECRET))
    await refused(given, INVALID, "REQUEST_INVALID", "identity_provider.client_secret")
    other = await desk.ask(update(made.name, "client_assertion_algorithm", client_assertion_algorithm="PS256"))
    assert json.loads(other.public_jwk)["alg"] == other.client_assertion_algorithm == "PS256"
    mask = ("token_endpoint_auth_method", "client_secret")
    secretive = update(made.name, *mask, token_endpoint_auth_method="client_secret_post", client_secret=SECRET)
    shown = await desk.ask(secretive)
    assert (shown.public_jwk, shown.client_jwks_uri, shown.client_assertion_algorithm) == ("", "", "")
    assert shown.client_secret_set


async def test_a_rehearsal_shows_no_key_that_nobody_keeps(desk: Desk) -> None:
    would_be = await desk.ask(creation("rehearsed-key", validate_only=True, **KEYED))
    assert (would_be.public_jwk, would_be.client_assertion_algorithm) == ("", "ES256")
    assert would_be.client_jwks_uri == "https://a.test/callback/rehearsed-key/jwks.json"


@pytest.mark.parametrize("kind", ["entra", "google", "github", "workos"])
async def test_a_vendor_that_takes_no_such_keys_is_refused_one(desk: Desk, kind: str) -> None:
    config: dict[str, Any] = {kind: {"directory": "common"} if kind == "entra" else {}}
    members = {"client_id": "ours", "token_endpoint_auth_method": "private_key_jwt", **config}
    field = "identity_provider.token_endpoint_auth_method"
    await refused(create(desk, "odd", **members), INVALID, "REQUEST_INVALID", field)


async def test_an_interval_of_nothing_is_said_without_a_mask(desk: Desk) -> None:
    made = await there(desk, "asked-again", **GOOGLE, recheck_interval=Duration(seconds=300), vouches_for_email=True)
    assert made.recheck_interval == Duration(seconds=300)
    never = await desk.ask(update(made.name, recheck_interval=Duration()))
    assert (never.HasField("recheck_interval"), never.vouches_for_email) == (False, True)
    again = await desk.ask(update(made.name, "recheck_interval", recheck_interval=Duration(seconds=600)))
    assert again.recheck_interval == Duration(seconds=600)
    mask = ("recheck_interval", "vouches_for_email")
    reset = await desk.ask(update(made.name, *mask))
    assert (reset.HasField("recheck_interval"), reset.vouches_for_email) == (False, False)


@pytest.mark.parametrize(
    "interval", [Duration(seconds=299), Duration(seconds=-1), Duration(seconds=300, nanos=1)], ids=str
)
async def test_an_interval_that_cannot_be_is_refused_in_a_creation_and_in_a_change(
    desk: Desk, interval: Duration
) -> None:
    field = "identity_provider.recheck_interval"
    await refused(create(desk, "odd", **GOOGLE, recheck_interval=interval), INVALID, "REQUEST_INVALID", field)
    kept = await there(desk, "steady", **GOOGLE)
    await refused(desk.ask(update(kept.name, recheck_interval=interval)), INVALID, "REQUEST_INVALID", field)
    assert await get(desk, kept.name) == kept


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_every_kind_can_be_made_and_sent_back_as_it_was_read(desk: Desk, kind: dict[str, Any]) -> None:
    made = await create(desk, "any", "kinds", **kind, client_id="ours", client_secret=SECRET)
    wanted = IdentityProvider(**kind)
    which = wanted.WhichOneof("config")
    assert which is not None
    assert made.WhichOneof("config") == which
    assert getattr(made, which) == getattr(wanted, which)
    for mask in ((), ("*",)):
        request = UpdateIdentityProviderRequest(identity_provider=made, update_mask=FieldMask(paths=mask))
        assert await desk.ask(request) == made
    await desk.ask(DeleteIdentityProviderRequest(name=made.name))


async def test_ids_are_given_once_at_each_issuer(desk: Desk) -> None:
    await create(desk, "same")
    why = await refused(create(desk, "same"), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    assert why.resource == ("admin.tenantry.dev/IdentityProvider", named("same"))
    other = await create(desk, "same", "b")
    await desk.ask(DeleteIdentityProviderRequest(name=other.name))
    why = await refused(get(desk, other.name), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/IdentityProvider", other.name)
    assert await get(desk, named("same"))


async def test_validating_only_makes_nothing(desk: Desk) -> None:
    would_be = await desk.ask(creation("rehearsed", validate_only=True))
    assert (would_be.name, would_be.client_secret, would_be.client_secret_set) == (named("rehearsed"), "", True)
    await refused(get(desk, would_be.name), GONE, "NOT_FOUND")
    wrong = creation("rehearsed", validate_only=True, google={}, client_id="ours")
    await refused(desk.ask(wrong), INVALID, "REQUEST_INVALID", "identity_provider.client_secret")
    await create(desk, "rehearsed")
    taken = desk.ask(creation("rehearsed", validate_only=True))
    await refused(taken, grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")


@pytest.mark.parametrize("provider_id", ["", "../x", "a/b", "A", "1a", "a-", "a" * 64, "é", "a\n", "dev"])
async def test_ga_05_an_id_that_is_not_a_plain_name_is_refused(desk: Desk, provider_id: str) -> None:
    await refused(create(desk, provider_id), INVALID, "REQUEST_INVALID", "identity_provider_id")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "a",
            "issuers/a",
            "issuers/a/identityProviders/",
            "issuers/a/identityProviders/x/y",
            "issuers/a/clients/x",
        ),
        *("issuers/A/identityProviders/x", "issuers/a/identityProviders/..", "issuers/a/identityProviders/x\n"),
    ],
)
async def test_ga_05_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    for request in (GetIdentityProviderRequest(name=name), DeleteIdentityProviderRequest(name=name)):
        await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "name")
    change = update(name, display_name="x")
    await refused(desk.ask(change), INVALID, "REQUEST_INVALID", "identity_provider.name")


# --- addresses


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)//x", "data:text/html,x", "http://login.test", "ftp://login.test", "login.test", ""),
        *(
            "https://a.test",
            "https://a.test:443/x",
            "https://169.254.169.254/latest",
            "https://10.0.0.1",
            "https://[::1]",
        ),
        *("https://localhost", "http://localhost:5556", "https://2130706433", "https://metadata.google.internal"),
        *("https://u:p@login.test", "https://login.test/#x", "https://login", f"https://{'x' * 3_000}.test"),
    ],
)
async def test_ga_21_an_address_that_must_not_be_called_is_refused(desk: Desk, address: str) -> None:
    given = {"client_id": "ours", "client_secret": SECRET}
    creation = create(desk, "odd", oidc={"issuer_uri": address}, **given)
    await refused(creation, INVALID, "REQUEST_INVALID", "identity_provider.oidc.issuer_uri")
    right = "https://id.test/x"
    for wrong in ("authorization_uri", "token_uri", "user_uri"):
        config = dict.fromkeys(("authorization_uri", "token_uri", "user_uri"), right) | {wrong: address}
        creation = create(desk, "odd", oauth2=config, **given)
        await refused(creation, INVALID, "REQUEST_INVALID", f"identity_provider.oauth2.{wrong}")
    for wrong in ENDPOINTS if address else ():
        config = {"issuer_uri": "https://login.test", **ENDPOINTS, wrong: address}
        creation = create(desk, "odd", oidc=config, **given)
        await refused(creation, INVALID, "REQUEST_INVALID", f"identity_provider.oidc.{wrong}")
    kept = await there(desk, "kept", oidc={"issuer_uri": "https://login.test"}, **given)
    change = update(kept.name, "oidc.issuer_uri", oidc={"issuer_uri": address})
    await refused(desk.ask(change), INVALID, "REQUEST_INVALID", "identity_provider.oidc.issuer_uri")
    assert await get(desk, kept.name) == kept


async def test_ga_21_an_issuer_in_development_may_use_loopback_but_not_itself(desk: Desk) -> None:
    given = {"client_id": "ours", "client_secret": SECRET}
    made = await create(desk, "dex", "dev", oidc={"issuer_uri": "http://localhost:5556/dex"}, **given)
    assert made.redirect_uri == "http://dev.localhost:8080/callback/dex"
    for address in ("http://dev.localhost:8080", "http://login.test", "https://10.0.0.1"):
        creation = create(desk, "odd", "dev", oidc={"issuer_uri": address}, **given)
        await refused(creation, INVALID, "REQUEST_INVALID", "identity_provider.oidc.issuer_uri")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"client_id": "ours", "client_secret": SECRET}, "config"),
        ({**GOOGLE, "client_id": ""}, "client_id"),
        ({**GOOGLE, "client_secret": ""}, "client_secret"),
        ({**GOOGLE, "client_secret": "a\nb"}, "client_secret"),
        ({**GOOGLE, "display_name": "\x1b[31mred"}, "display_name"),
        ({**GOOGLE, "token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({**GOOGLE, "scopes": ["email"]}, "scopes"),
        ({**GOOGLE, "google": {"hosted_domain": "Acme.test"}}, "google.hosted_domain"),
        ({**GOOGLE, "claim_mapping": {"roles": "\0"}}, "claim_mapping.roles"),
        ({**GOOGLE, "access_rule": {"organizations": ["acme.test"]}}, "access_rule.organizations"),
        ({**GOOGLE, "access_rule": {"email_domains": ["*"]}}, "access_rule.email_domains"),
        ({**GOOGLE, "login_domains": ["acme.test", "acme.test"]}, "login_domains"),
        ({**KEYED, "client_secret": SECRET}, "client_secret"),
        ({**KEYED, "client_assertion_algorithm": "HS256"}, "client_assertion_algorithm"),
        ({**GOOGLE, "client_assertion_algorithm": "ES256"}, "client_assertion_algorithm"),
        ({**KEYED, "oidc": {"issuer_uri": "https://login.test", "jwks_uri": "https://a.b"}}, "oidc.authorization_uri"),
        (
            {**KEYED, "oidc": {"issuer_uri": "https://l.test", "id_token_algorithms": ["none"]}},
            "oidc.id_token_algorithms",
        ),
    ],
    ids=str,
)
async def test_a_provider_that_cannot_be_is_refused_with_the_field(
    desk: Desk, members: dict[str, Any], field: str
) -> None:
    await refused(create(desk, "odd", **members), INVALID, "REQUEST_INVALID", f"identity_provider.{field}")
    await refused(get(desk, named("odd")), GONE, "NOT_FOUND")


# --- changing


async def test_ga_11_without_a_mask_what_is_set_is_changed_and_nothing_wiped(desk: Desk) -> None:
    made = await there(desk, "unmasked", **GOOGLE | {"google": {"hosted_domain": "acme.test"}})
    desk.house.clock.now += 5
    given = {
        "display_name": "New",
        "google": {},
        "access_rule": {"groups": ["staff"]},
        "claim_mapping": {"name": "nick"},
    }
    changed = await desk.ask(update(made.name, **given))
    made.display_name = "New"
    made.access_rule.groups.append("staff")
    made.claim_mapping.name = "nick"
    made.update_time.seconds += 5
    assert changed.etag != made.etag
    made.etag = changed.etag
    assert changed == made == await get(desk, made.name)
    assert await desk.ask(update(made.name)) == changed


async def test_ga_11_what_is_named_and_not_set_has_its_default(desk: Desk) -> None:
    plain = await there(desk, "reset", **GOOGLE)
    rest = {name: EVERYTHING[name] for name in EVERYTHING if name not in ("okta", "client_id", "access_rule")}
    full = {**rest, "google": {"hosted_domain": "acme.test"}, "access_rule": {"groups": ["staff"]}}
    full |= {"claim_mapping": full["claim_mapping"] | {"organization": "hd"}, "login_domains": ["reset.test"]}
    changed = await desk.ask(update(plain.name, **full))
    assert changed.google.hosted_domain == "acme.test"
    parts = ("google.hosted_domain", "claim_mapping.email", "access_rule.groups")
    reset = await desk.ask(update(plain.name, *parts))
    assert reset.google.hosted_domain == ""
    assert (reset.claim_mapping.email, reset.claim_mapping.name) == ("email", "display.name")
    assert list(reset.access_rule.groups) == []
    wholes = ("google", "claim_mapping", "access_rule", "scopes", "login_domains", "disabled", "display_name")
    wholes += ("token_endpoint_auth_method", "vouches_for_email", "vouches_for_clients", "recheck_interval")
    reset = await desk.ask(update(plain.name, *wholes))
    plain.etag = reset.etag
    plain.update_time.CopyFrom(reset.update_time)
    assert reset == plain


async def test_ga_11_a_star_replaces_everything_but_the_secret(desk: Desk) -> None:
    made = await there(desk, "starred", **GOOGLE | {"display_name": "Acme", "login_domains": ["starred.test"]})
    changed = await desk.ask(update(made.name, "*", client_id="other", google={"hosted_domain": "acme.test"}))
    assert (changed.client_id, changed.display_name, list(changed.login_domains)) == ("other", "Google", [])
    assert changed.google.hosted_domain == "acme.test"
    assert changed.client_secret_set


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        *((["bogus"], "UPDATE_MASK_INVALID"), (["config"], "UPDATE_MASK_INVALID"), ([""], "UPDATE_MASK_INVALID")),
        *((["google.bogus"], "UPDATE_MASK_INVALID"), (["scopes.x"], "UPDATE_MASK_INVALID")),
        *((["client_secret.x"], "UPDATE_MASK_INVALID"), (["claim_mapping.email.x"], "UPDATE_MASK_INVALID")),
        *((["client_secret_set"], "UPDATE_MASK_INVALID"), (["redirect_uri"], "UPDATE_MASK_INVALID")),
        *((["public_jwk"], "UPDATE_MASK_INVALID"), (["client_jwks_uri"], "UPDATE_MASK_INVALID")),
        *((["recheck_interval.seconds"], "UPDATE_MASK_INVALID"), (["oidc.nothing"], "UPDATE_MASK_INVALID")),
        *((["etag"], "UPDATE_MASK_INVALID"), (["create_time"], "UPDATE_MASK_INVALID")),
        *((["create_time.seconds"], "UPDATE_MASK_INVALID"), (["*", "display_name"], "UPDATE_MASK_INVALID")),
        *((["display_name"] * 10_000, "UPDATE_MASK_INVALID"), (["x" * 500_000], "UPDATE_MASK_INVALID")),
        (["name"], "FIELD_IMMUTABLE"),
    ],
    ids=str,
)
async def test_ga_11_a_mask_that_cannot_be_meant_is_refused(desk: Desk, mask: list[str], reason: str) -> None:
    kept = await there(desk, "masked", **GOOGLE)
    await refused(desk.ask(update(kept.name, *mask, display_name="No")), INVALID, reason, "update_mask")
    assert await get(desk, kept.name) == kept


@pytest.mark.parametrize(
    ("mask", "config"),
    [
        ((), {"workos": {}}),
        ((), {"github": {"base_uri": "https://git.acme.test"}}),
        (("*",), {"github": {}, "client_id": "ours"}),
        (("github",), {"github": {}}),
        (("google", "github"), {"github": {}}),
        (("oidc.issuer_uri",), {"oidc": {"issuer_uri": "https://login.test"}}),
    ],
    ids=str,
)
async def test_ga_11_a_provider_does_not_become_one_of_another_kind(
    desk: Desk, mask: tuple[str, ...], config: dict[str, Any]
) -> None:
    kept = await there(desk, "kind", **GOOGLE)
    change = update(kept.name, *mask, **config)
    await refused(desk.ask(change), INVALID, "FIELD_IMMUTABLE", "identity_provider.config")
    assert await get(desk, kept.name) == kept


async def test_what_stands_outside_the_mask_is_not_looked_at(desk: Desk) -> None:
    kept = await there(desk, "outside", **GOOGLE)
    change = update(kept.name, "display_name", display_name="Acme", github={}, client_secret="no\nsecret")
    assert (await desk.ask(change)).display_name == "Acme"


async def test_a_secret_is_changed_by_giving_another_and_kept_otherwise(desk: Desk) -> None:
    kept = await there(desk, "secretive", **GOOGLE)
    named_without = update(kept.name, "client_secret")
    await refused(desk.ask(named_without), INVALID, "REQUEST_INVALID", "identity_provider.client_secret")
    again = await desk.ask(update(kept.name, client_secret="another"))
    assert (again.client_secret, again.client_secret_set) == ("", True)
    assert again.etag != kept.etag
    public = await desk.ask(update(kept.name, "token_endpoint_auth_method", token_endpoint_auth_method="none"))
    assert not public.client_secret_set


async def test_an_old_etag_is_refused_with_the_new_one(desk: Desk) -> None:
    made = await there(desk, "versioned", **GOOGLE)
    changed = await desk.ask(update(made.name, display_name="1", etag=made.etag))
    for request in (
        update(made.name, display_name="2", etag=made.etag),
        DeleteIdentityProviderRequest(name=made.name, etag=made.etag),
        DeleteIdentityProviderRequest(name=made.name, etag="nonsense"),
    ):
        why = await refused(desk.ask(request), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == changed.etag
    assert await get(desk, made.name) == changed
    await desk.ask(DeleteIdentityProviderRequest(name=made.name, etag=changed.etag))
    for request in (
        GetIdentityProviderRequest(name=made.name),
        DeleteIdentityProviderRequest(name=made.name),
        update(made.name, display_name="3"),
    ):
        await refused(desk.ask(request), GONE, "NOT_FOUND")


# --- secrets, other issuers, other states


async def test_ga_20_a_secret_is_in_no_answer_refusal_log_line_or_file(tmp_path: Path) -> None:
    secrets = ["first-secret-of-ours", "second-secret-of-ours", "third-secret-of-ours"]
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a", "https://a.test", debug=True)
        made = await create(desk, "google", google={}, client_id="ours", client_secret=secrets[0])
        changed = await desk.ask(update(made.name, client_secret=secrets[1]))
        again = create(desk, "google", google={}, client_id="ours", client_secret=secrets[2])
        taken = await refused(again, grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
        odd = desk.ask(update(made.name, client_secret=f"{secrets[2]}\n"))
        wrong = await refused(odd, INVALID, "REQUEST_INVALID", "identity_provider.client_secret")
        listed = await desk.ask(ListIdentityProvidersRequest(parent="issuers/a"))
        rehearsed = await desk.ask(
            creation("other", validate_only=True, google={}, client_id="ours", client_secret=secrets[2])
        )
        seen = [str(each) for each in (made, changed, taken, wrong, listed, rehearsed, await get(desk, made.name))]
        logged = desk.logged()
        assert "UpdateIdentityProvider" in logged
        kept = b"".join(file.read_bytes() for file in files(tmp_path))
        for secret in (*secrets, TOKEN):
            assert not any(secret in text for text in (*seen, logged))
            assert secret.encode("ascii") not in kept


async def test_providers_of_an_issuer_that_is_not_there_are_not_found(desk: Desk) -> None:
    name = named("x", "nobody")
    for request in (
        creation("x", "nobody"),
        ListIdentityProvidersRequest(parent="issuers/nobody"),
        GetIdentityProviderRequest(name=name),
        update(name, display_name="x"),
        DeleteIdentityProviderRequest(name=name),
    ):
        why = await refused(desk.ask(request), GONE, "ISSUER_NOT_FOUND")
        assert why.resource == ("admin.tenantry.dev/Issuer", "issuers/nobody")


async def test_a_disabled_issuer_still_has_providers_and_a_deleted_one_shows_none(desk: Desk) -> None:
    await desk.issuer("closing")
    await desk.ask(DisableIssuerRequest(name="issuers/closing"))
    made = await create(desk, "x", "closing")
    assert await get(desk, made.name) == made
    await desk.ask(DeleteIssuerRequest(name="issuers/closing"))
    for call in (
        desk.ask(ListIdentityProvidersRequest(parent="issuers/closing")),
        get(desk, made.name),
        create(desk, "y", "closing"),
        desk.ask(update(made.name, display_name="x")),
        desk.ask(DeleteIdentityProviderRequest(name=made.name)),
    ):
        await refused(call, grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")


async def test_ga_18_pages_hold_every_provider_of_one_issuer_once(desk: Desk) -> None:
    names = [(await create(desk, f"p{n}", "paged")).name for n in range(5)]
    for size in (1, 2, 4, 5, 1_000_000):
        found: list[str] = []
        token = ""
        for _ in names:
            page = ListIdentityProvidersRequest(parent="issuers/paged", page_size=size, page_token=token)
            answer = await desk.ask(page)
            found += [provider.name for provider in answer.identity_providers]
            token = answer.next_page_token
            if not token:
                break
            foreign = ListIdentityProvidersRequest(parent="issuers/b", page_size=size, page_token=token)
            await refused(desk.ask(foreign), INVALID, "PAGE_TOKEN_INVALID", "page_token")
        assert (found, token) == (names, "")
    negative = ListIdentityProvidersRequest(parent="issuers/paged", page_size=-1)
    await refused(desk.ask(negative), INVALID, "REQUEST_INVALID", "page_size")
