"""Clients come by registering or from the operator; the operator sets the policy, within bounds."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.authorize import AskConsent, AskSignIn
from tenants.acts.client_changes import Named, list_clients, remove_client
from tenants.acts.operate import (
    NewClient,
    SecretRotation,
    add_client,
    get_client,
    policy_of,
    rotate_secret,
)
from tenants.acts.register import Newcomer, register
from tenants.acts.walk import Walk
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import DAY, Policy
from tests.support.tenant import CALLBACK, ATenant, Registered, a_tenant, refusal_of


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


def new_client(**changes: Any) -> NewClient:
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
    return NewClient(**{"client_id": None, "metadata": metadata, "resources": (), **changes})


# --- registration


async def test_a_registered_client_is_told_all_that_was_registered_and_its_secret_this_once(t: ATenant) -> None:
    answer = await t.run(register, Newcomer({"redirect_uris": [CALLBACK], "client_name": "Mine", "trusted": True}))
    assert answer["client_id_issued_at"] == t.clock.now
    assert answer["token_endpoint_auth_method"] == "client_secret_basic"
    assert answer["client_secret_expires_at"] == 0
    assert "trusted" not in answer
    assert None not in answer.values()
    assert answer["client_secret"] not in "\n".join(await t.dump())
    client = Registered(answer["client_id"], "client_secret_basic", answer["client_secret"])
    assert await t.tokens(client)


async def test_a_public_client_gets_no_secret(t: ATenant) -> None:
    answer = await t.run(register, Newcomer({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}))
    assert not {"client_secret", "client_secret_expires_at"} & answer.keys()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], "invalid_client_metadata"),
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#f"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK], "grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "response_types": ["token"]}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "logo_uri": "http://169.254.169.254/"}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, "invalid_client_metadata"),
        ({"redirect_uris": [CALLBACK], "jwks": {"keys": [{"kty": "EC", "x": "A" * 8_192}]}}, "invalid_client_metadata"),
    ],
)
async def test_metadata_that_may_not_be_registered_leaves_nothing(t: ATenant, given: Any, code: str) -> None:
    before = await t.dump()
    await refusal_of(t.run(register, Newcomer(given)), code)
    assert await t.dump() == before


async def test_registration_can_be_closed(t: ATenant) -> None:
    await t.policy(lambda policy: replace(policy, registration="closed"))
    await refusal_of(t.client(), "access_denied")
    assert await t.run(add_client, new_client())


# --- the operator's clients


async def test_the_operator_names_a_client_and_no_second_bears_the_name(t: ATenant) -> None:
    client, secret = await t.run(add_client, new_client(client_id="portal"))
    assert (client.id, client.origin) == ("portal", "admin")
    assert secret is not None
    before = await t.dump()
    with pytest.raises(AlreadyThere):
        await t.run(add_client, new_client(client_id="portal"))
    assert await t.dump() == before
    assert await t.run(get_client, "portal") == client
    assert [each.id for each in (await t.run(list_clients, Walk("", 10))).found] == ["portal"]


async def test_a_public_client_speaks_for_no_resource(t: ATenant) -> None:
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    with pytest.raises(Invalid) as raised:
        await t.run(add_client, new_client(metadata=metadata, resources=("https://mcp.example",)))
    assert raised.value.field == "resources"


@pytest.mark.parametrize(
    ("metadata", "resources"), [({}, ()), ({"grant_types": ["authorization_code"]}, ("https://mcp.example",))]
)
async def test_who_introspects_nothing_or_has_users_sent_to_it_needs_to_say_where(
    t: ATenant, metadata: dict[str, Any], resources: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as raised:
        await t.run(add_client, new_client(metadata=metadata, resources=resources))
    assert raised.value.field == "redirect_uris"


async def test_a_resource_server_may_ask_about_tokens_for_itself_and_others_may_not(t: ATenant) -> None:
    made, secret = await t.run(add_client, new_client(resources=("https://mcp.example",)))
    server = Registered(made.id, made.auth_method, secret)
    client, other = await t.client(), await t.client()
    tokens = await t.tokens(client, resource="https://mcp.example")
    elsewhere = await t.tokens(client, resource="https://else.example")
    assert await t.counts(server, tokens.access_token)
    assert not await t.counts(server, elsewhere.access_token)
    assert not await t.counts(other, tokens.access_token)


async def test_a_new_secret_counts_at_once_and_the_former_one_until_the_overlap_ends(t: ATenant) -> None:
    made, secret = await t.run(add_client, new_client())
    old = Registered(made.id, made.auth_method, secret)
    fresh, end = await t.run(rotate_secret, SecretRotation(made.id, 300))
    assert end == t.clock.now + 300
    new = Registered(made.id, made.auth_method, fresh)
    t.clock.forward(299)
    assert await t.tokens(old)
    assert await t.tokens(new)
    t.clock.forward(1)
    await refusal_of(t.tokens(old), "invalid_client")
    assert await t.tokens(new)


async def test_without_overlap_the_former_secret_ends_at_once(t: ATenant) -> None:
    made, secret = await t.run(add_client, new_client())
    await t.run(rotate_secret, SecretRotation(made.id, 0))
    await refusal_of(t.tokens(Registered(made.id, made.auth_method, secret)), "invalid_client")


async def test_a_second_rotation_does_not_lengthen_the_life_of_the_first_secret(t: ATenant) -> None:
    made, secret = await t.run(add_client, new_client())
    await t.run(rotate_secret, SecretRotation(made.id, 100))
    await t.run(rotate_secret, SecretRotation(made.id, 1_000))
    t.clock.forward(100)
    await refusal_of(t.tokens(Registered(made.id, made.auth_method, secret)), "invalid_client")


async def test_what_has_no_secret_has_none_to_rotate(t: ATenant) -> None:
    client = await t.client()
    with pytest.raises(Invalid):
        await t.run(rotate_secret, SecretRotation(client.id, 0))
    with pytest.raises(NoSuchThing):
        await t.run(rotate_secret, SecretRotation("c_unknown", 0))


async def test_a_removed_client_takes_its_grants_and_consents_with_it(t: ATenant) -> None:
    client, stays = await t.client(), await t.client()
    tokens, others = await t.tokens(client), await t.tokens(stays)
    await t.run(remove_client, Named(id=client.id))
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_client")
    assert await t.counts(stays, others.access_token)
    grants = await t.run(lambda turn, _: list(turn.tx.grants.page(0, 10)), None)
    assert {grant.client_id: grant.revoked_at is not None for grant in grants} == {client.id: True, stays.id: False}
    with pytest.raises(NoSuchThing):
        await t.run(remove_client, Named(id=client.id))


# --- policy


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("access_token_ttl", 10, 30 * DAY),
        ("refresh_token_ttl", 0, 5 * 366 * DAY),
        ("grant_ttl", 60, 10 * 366 * DAY),
        ("authorization_code_ttl", 5, 600),
        ("replay_window", 0, 600),
        ("session_ttl", 60, 366 * DAY),
        ("key_roll_interval", 3_600, 5 * 366 * DAY),
        ("unused_client_ttl", DAY, 10 * 366 * DAY),
    ],
)
async def test_a_duration_may_be_at_its_bounds_and_not_beyond(t: ATenant, name: str, least: int, most: int) -> None:
    def set_to(seconds: int) -> Callable[[Policy], Policy]:
        return lambda policy: replace(policy, **{name: seconds})

    for seconds in (least, most):
        assert getattr(await t.policy(set_to(seconds)), name) == seconds
    before = await t.dump()
    for seconds in (least - 1, most + 1):
        with pytest.raises(Invalid) as raised:
            await t.policy(set_to(seconds))
        assert raised.value.field == name
    assert await t.dump() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ()},
        {"scopes": ("a b",)},
        {"scopes": ("é",)},
        {"private_redirect_schemes": ("https",)},
        {"private_redirect_schemes": ("Cursor",)},
        {"private_redirect_schemes": ("",)},
        {"allowed_origins": ("https://a.example/path",)},
        {"allowed_origins": ("a.example",)},
        {"first_party_origins": ("https://a.example/",)},
        {"first_party_origins": ("*",)},
        {"client_documents": "some"},
        {"client_document_hosts": ("*",)},
        {"client_document_hosts": ("app.example",) * 101},
        {"first_party_origins": ("https://a.example",) * 101},
        {"signing_algorithm": "none"},
        {"token_format": "paseto"},
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused_whole(t: ATenant, wrong: dict[str, Any]) -> None:
    before = await t.dump()
    with pytest.raises(Invalid) as raised:
        await t.policy(lambda policy: replace(policy, access_token_ttl=60, **wrong))
    assert raised.value.field == next(iter(wrong))
    assert await t.dump() == before


async def test_a_policy_counts_from_the_next_turn_on_and_survives_sleep(t: ATenant) -> None:
    client = await t.client()
    await t.policy(lambda policy: replace(policy, access_token_ttl=60, refresh_token_ttl=0))
    await t.sleep()
    tokens = await t.tokens(client)
    assert (tokens.expires_in, tokens.refresh_token) == (60, None)
    assert (await t.run(policy_of, None)).access_token_ttl == 60


async def test_what_is_published_follows_the_policy(t: ATenant) -> None:
    assert b"files:read" not in (await t.tenant.published()).authorization_server
    await t.policy(lambda policy: replace(policy, scopes=("openid", "files:read")))
    assert b"files:read" in (await t.tenant.published()).authorization_server


async def test_the_same_policy_again_writes_nothing(t: ATenant) -> None:
    before = await t.dump()
    await t.policy(lambda policy: policy)
    assert await t.dump() == before


async def test_nobody_is_signed_in_by_changing_a_policy(t: ATenant) -> None:
    client = await t.client()
    await t.policy(lambda policy: replace(policy, session_ttl=60))
    assert isinstance(await t.authorize(client), AskSignIn)
    assert not isinstance(await t.authorize(client, session="f" * 64), AskConsent)
