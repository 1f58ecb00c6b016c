"""Workload issuers: what an operator may say of one, and what becomes of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.client_changes import Named, remove_client
from tenants.acts.publish import publish
from tenants.acts.workload_issuers import (
    MAX_CLAIMS,
    MAX_ISSUERS,
    MAX_RULES,
    NewWorkloadIssuer,
    Settings,
    WorkloadIssuerChange,
    WorkloadIssuerRemoval,
    add_workload_issuer,
    all_workload_issuers,
    change_workload_issuer,
    etag,
    get_workload_issuer,
    remove_workload_issuer,
)
from tenants.oauth.requests import JWT_BEARER
from tenants.problems import AlreadyThere, EtagMismatch, Invalid, NoSuchThing
from tenants.records import ClaimMatch, Policy, WorkloadIssuer, WorkloadRule
from tests.support.requirement import requirement
from tests.support.signer import Signer
from tests.support.tenant import ATenant, a_tenant

GITHUB = "https://token.actions.example"
KEYS = Signer("ES256").jwks
POLICY = Policy(scopes=("mcp",))


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    """With the client `deploy`, which workloads may act as, and `reports`, which they may not."""
    async with a_tenant(tmp_path, POLICY) as made:
        none: dict[str, Any] = {"token_endpoint_auth_method": "none"}
        await made.operators_client("deploy", grant_types=[JWT_BEARER], **none)
        await made.operators_client("reports", grant_types=["client_credentials"])
        yield made


def rule(client_id: str = "deploy", claims: dict[str, str] | None = None, **more: Any) -> WorkloadRule:
    said = {"sub": "repo:acme/app:*"} if claims is None else claims
    matches = tuple(ClaimMatch(claim=claim, pattern=pattern) for claim, pattern in said.items())
    return WorkloadRule(client_id=client_id, claims=matches, **more)


def new(id: str = "github", uri: str = GITHUB, **settings: Any) -> NewWorkloadIssuer:
    return NewWorkloadIssuer(id=id, issuer_uri=uri, settings=Settings(**settings))


async def change(t: ATenant, etag: str = "", **changes: Any) -> WorkloadIssuer:
    def changed(settings: Settings) -> Settings:
        return replace(settings, **changes)

    return await t.run(change_workload_issuer, WorkloadIssuerChange(id="github", change=changed, etag=etag))


async def invalid(t: ATenant, field: str, **settings: Any) -> None:
    """It can be neither made nor, where its URI stays, changed so."""
    with pytest.raises(Invalid) as made:
        await t.run(add_workload_issuer, new(**settings))
    assert made.value.field == field
    if "uri" not in settings:
        await t.run(add_workload_issuer, new())
        with pytest.raises(Invalid) as changed:
            await change(t, **settings)
        assert changed.value.field == field
        await t.run(remove_workload_issuer, WorkloadIssuerRemoval(id="github", etag=""))


async def test_one_is_kept_as_it_was_said_until_it_is_changed_and_removed(t: ATenant) -> None:
    rules = (rule(scopes=("mcp",), resources=("https://mcp.example",)),)
    said: dict[str, Any] = {"display_name": "GitHub", "algorithms": ("RS256",), "audience": "api://x", "rules": rules}
    made = await t.run(add_workload_issuer, new(reusable=True, disabled=True, **said))
    assert made == WorkloadIssuer(
        id="github",
        issuer_uri=GITHUB,
        reusable=True,
        created_at=t.clock.now,
        updated_at=t.clock.now,
        disabled_at=t.clock.now,
        **said,
    )
    t.clock.forward(5)
    assert (await change(t, etag=etag(made), display_name="CI")).disabled_at == t.clock.now - 5
    enabled = await change(t, disabled=False, reusable=False)
    assert (enabled.display_name, enabled.disabled_at, enabled.reusable) == ("CI", None, False)
    assert (enabled.created_at, enabled.updated_at) == (t.clock.now - 5, t.clock.now)
    assert await change(t) == enabled
    with pytest.raises(EtagMismatch):
        await change(t, etag=etag(made), display_name="late")
    with pytest.raises(EtagMismatch):
        await t.run(remove_workload_issuer, WorkloadIssuerRemoval(id="github", etag=etag(made)))
    assert await t.run(all_workload_issuers, None) == (enabled,)
    await t.run(remove_workload_issuer, WorkloadIssuerRemoval(id="github", etag=etag(enabled)))
    with pytest.raises(NoSuchThing):
        await t.run(get_workload_issuer, "github")
    with pytest.raises(NoSuchThing):
        await t.run(remove_workload_issuer, WorkloadIssuerRemoval(id="github", etag=""))
    types = [type for type in await t.event_types() if type.startswith("workload_issuer")]
    assert types == [f"workload_issuer.{what}" for what in ("created", "changed", "changed", "removed")]


async def test_no_two_have_one_id_or_one_uri_and_they_are_few(t: ATenant) -> None:
    await t.run(add_workload_issuer, new())
    for second in (new(uri="https://other.example"), new("other")):
        with pytest.raises(AlreadyThere):
            await t.run(add_workload_issuer, second)
    for number in range(MAX_ISSUERS - 1):
        await t.run(add_workload_issuer, new(f"n{number}", f"https://n{number}.example"))
    with pytest.raises(Invalid):
        await t.run(add_workload_issuer, new("more", "https://more.example"))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"uri": ""}, "issuer_uri"),
        ({"uri": "github"}, "issuer_uri"),
        ({"uri": "spiffe://a b", "jwks": KEYS}, "issuer_uri"),
        ({"uri": "spiffe://é", "jwks": KEYS}, "issuer_uri"),
        ({"uri": f"https://{'x' * 255}", "jwks": KEYS}, "issuer_uri"),
        ({"uri": "https://acme.example", "jwks": KEYS}, "issuer_uri"),
        ({"uri": "https://acme.example/"}, "jwks_uri"),
        ({"uri": "spiffe://cluster.example"}, "jwks_uri"),
        ({"uri": "https://kubernetes.default.svc.cluster.local"}, "jwks_uri"),
        ({"uri": "http://ci.example"}, "jwks_uri"),
        ({"uri": f"{GITHUB}?a=b"}, "jwks_uri"),
        ({"jwks_uri": "http://keys.example"}, "jwks_uri"),
        ({"jwks_uri": "https://127.0.0.1/keys"}, "jwks_uri"),
        ({"jwks_uri": "https://metadata.internal/keys"}, "jwks_uri"),
        ({"jwks_uri": "https://keys.example", "jwks": KEYS}, "jwks_uri"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": ["keys"]}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}}, "jwks"),
        ({"jwks": {"keys": [{**KEYS["keys"][0], "d": "x"}]}}, "jwks"),
        ({"jwks": {**KEYS, "more": "x" * 65_536}}, "jwks"),
        ({"algorithms": ("HS256",)}, "algorithms"),
        ({"algorithms": ("none",)}, "algorithms"),
        ({"algorithms": ("RS256", "RS256")}, "algorithms"),
        ({"audience": "x" * 256}, "audience"),
        ({"audience": "a\nb"}, "audience"),
        ({"display_name": "x" * 64}, "display_name"),
    ],
)
async def test_what_cannot_be_kept_is_named(t: ATenant, settings: dict[str, Any], field: str) -> None:
    await invalid(t, field, **settings)


async def test_a_platform_that_tells_nothing_of_itself_is_known_by_its_keys(t: ATenant) -> None:
    made = await t.run(add_workload_issuer, new("mesh", "spiffe://cluster.example", jwks=KEYS))
    assert made.jwks == KEYS
    uri = "https://kubernetes.default.svc.cluster.local"
    made = await t.run(add_workload_issuer, new("cluster", uri, jwks_uri="https://keys.example/openid/v1/jwks"))
    assert made.jwks_uri == "https://keys.example/openid/v1/jwks"


@pytest.mark.parametrize(
    "wrong",
    [
        rule("unknown"),
        rule("reports"),
        rule(claims={}),
        rule(claims={"sub": ""}),
        rule(claims={"": "x"}),
        rule(claims={"sub": "*"}),
        rule(claims={"sub": "**", "actor": "*"}),
        rule(claims={"sub": "a***"}),
        rule(claims={"sub": "a\n"}),
        rule(claims={"sub": "x" * 2_049}),
        rule(claims={"x" * 256: "x"}),
        rule(claims={f"c{number}": "x" for number in range(MAX_CLAIMS + 1)}),
        *(rule(claims={"sub": "x", name: "x"}) for name in ("iss", "aud", "exp", "iat", "nbf", "jti")),
        WorkloadRule(client_id="deploy", claims=(ClaimMatch(claim="sub", pattern="x"),) * 2),
        rule(scopes=("unheard-of",)),
        rule(scopes=("mcp",) * 101),
        rule(resources=("http://mcp.example",)),
        rule(resources=("mcp",)),
        rule(resources=("https://mcp.example",) * 101),
    ],
)
@requirement("mcp:workloads-get-what-a-rule-says")
async def test_a_rule_that_lets_in_whom_nobody_meant_is_refused(t: ATenant, wrong: WorkloadRule) -> None:
    await invalid(t, "rules", rules=(rule(), wrong))


async def test_so_many_rules_and_no_more(t: ATenant) -> None:
    rules = tuple(rule(claims={"sub": f"w{number}"}) for number in range(MAX_RULES))
    await t.run(add_workload_issuer, new(rules=rules))
    with pytest.raises(Invalid):
        await change(t, rules=(*rules, rule()))
    with pytest.raises(Invalid):
        await t.run(add_workload_issuer, new("more", "https://more.example", rules=(*rules, rule())))


async def test_a_client_that_registered_itself_is_nobody_that_a_workload_may_be(t: ATenant) -> None:
    registered = await t.client(
        grant_types=[JWT_BEARER], token_endpoint_auth_method="client_secret_basic", redirect_uris=[], response_types=[]
    )
    await invalid(t, "rules", rules=(rule(registered.id),))


async def test_it_can_be_switched_off_although_the_client_of_a_rule_has_gone(t: ATenant) -> None:
    await t.run(add_workload_issuer, new(rules=(rule(),)))
    await t.run(remove_client, Named(id="deploy"))
    assert (await change(t, disabled=True)).disabled_at == t.clock.now
    with pytest.raises(Invalid):
        await change(t, rules=(rule(), rule(claims={"sub": "other"})))


async def test_metadata_tell_of_it_from_its_first_rule_on(t: ATenant) -> None:
    async def told() -> bool:
        return JWT_BEARER.encode() in (await t.run(publish, None)).authorization_server

    await t.run(add_workload_issuer, new())
    seen = [await told()]
    for changes in ({"rules": (rule(),)}, {"disabled": True}, {"disabled": False}):
        await change(t, **changes)
        seen.append(await told())
    await t.run(remove_workload_issuer, WorkloadIssuerRemoval(id="github", etag=""))
    assert [*seen, await told()] == [False, True, False, True, False]
