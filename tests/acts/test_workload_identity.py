"""A workload's token at the act: what it lacks it asks for, and other keys than its issuer's help nobody."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.acts.client_credentials import MAX_LIVE
from tenants.acts.issue import Tokens
from tenants.acts.token import exchange
from tenants.acts.workload_issuers import (
    NewWorkloadIssuer,
    Settings,
    WorkloadIssuerChange,
    add_workload_issuer,
    change_workload_issuer,
)
from tenants.oauth.requests import JWT_BEARER, AssertionRequest
from tenants.oauth.workload_assertion import WorkloadKeys, WorkloadKeysNeeded
from tenants.records import DAY, ClaimMatch, Policy, WorkloadIssuer, WorkloadRule
from tenants.turn import Turn
from tests.support.signer import Signer
from tests.support.tenant import ATenant, a_tenant, refusal_of

KEY = Signer("ES256")
RULES = (WorkloadRule(client_id="deploy", claims=(ClaimMatch(claim="sub", pattern="w"),)),)


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path, Policy(scopes=("mcp",))) as made:
        await made.operators_client("deploy", token_endpoint_auth_method="none", grant_types=[JWT_BEARER])
        yield made


async def trusted(t: ATenant, id: str = "one") -> WorkloadIssuer:
    new = NewWorkloadIssuer(id=id, issuer_uri=f"https://{id}.example", settings=Settings(rules=RULES))
    return await t.run(add_workload_issuer, new)


async def asked(t: ATenant, keys: Callable[[Turn], WorkloadKeys | None] | None = None, number: int = 1) -> Tokens:
    now = t.clock.now
    said = {"iss": "https://one.example", "sub": "w", "aud": f"{t.tenant.uri}/token", "jti": f"j{number}"}
    request = AssertionRequest(None, KEY.token({**said, "iat": now, "exp": now + 60}), None, ())
    return await t.run(
        lambda turn, _: exchange(replace(turn, workload_keys=None if keys is None else keys(turn)), request), None
    )


async def test_keys_are_asked_for_and_newer_ones_where_none_of_them_signed_it(t: ATenant) -> None:
    issuer = await trusted(t)
    with pytest.raises(WorkloadKeysNeeded) as needed:
        await asked(t)
    assert (needed.value.issuer, needed.value.fresh) == (issuer, False)
    with pytest.raises(WorkloadKeysNeeded) as needed:
        await asked(t, lambda _: WorkloadKeys(issuer, [], fresh=False))
    assert (needed.value.issuer, needed.value.fresh) == (issuer, True)
    await refusal_of(asked(t, lambda _: WorkloadKeys(issuer, [], fresh=True)), "invalid_grant")
    assert await asked(t, lambda _: WorkloadKeys(issuer, [KEY.public], fresh=False))


async def test_keys_of_another_issuer_or_of_what_the_operator_has_changed_since_prove_nothing(t: ATenant) -> None:
    issuer, other = await trusted(t), await trusted(t, "other")
    with pytest.raises(WorkloadKeysNeeded) as needed:
        await asked(t, lambda _: WorkloadKeys(other, [KEY.public], fresh=True))
    assert needed.value.issuer == issuer
    moved = WorkloadIssuerChange(id="one", change=lambda now: replace(now, jwks_uri="https://new.example"), etag="")
    changed = await t.run(change_workload_issuer, moved)
    with pytest.raises(WorkloadKeysNeeded) as needed:
        await asked(t, lambda _: WorkloadKeys(issuer, [KEY.public], fresh=True))
    assert needed.value.issuer == changed


async def test_however_many_tokens_it_has_they_are_one_row_and_its_client_is_in_use(t: ATenant) -> None:
    issuer = await trusted(t)
    t.clock.forward(2 * DAY)
    for number in range(MAX_LIVE + 1):
        await asked(t, lambda _: WorkloadKeys(issuer, [KEY.public], fresh=False), number)
    [grant] = await t.grants()
    assert (grant.user_id, grant.client_id, len(grant.access)) == (None, "deploy", MAX_LIVE)
    client = await t.run(lambda turn, _: turn.tx.clients.find("deploy"), None)
    assert client is not None
    assert client.last_used_at == t.clock.now
