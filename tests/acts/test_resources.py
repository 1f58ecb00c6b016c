"""Registered resources: which tokens can be had, what they tell, and what becomes of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.authorize import Arrival, AskConsent, Redirect, authorize
from tenants.acts.consent import decide
from tenants.acts.operate import NewClient, add_client
from tenants.acts.publish import publish
from tenants.acts.resources import (
    MAX_RESOURCES,
    ResourceChange,
    ResourceRemoval,
    all_resources,
    change_resource,
    describe_resource,
    etag,
    get_resource,
    remove_resource,
)
from tenants.acts.signing_keys import MARGIN, roll
from tenants.oauth import json_text
from tenants.problems import AlreadyThere, EtagMismatch, Invalid, NoSuchThing
from tenants.records import DAY, Policy, ResourceScope, TokenFormat
from tests.acts.test_consent import answer, asked_to_consent, session_of
from tests.acts.test_redeem_code import claims
from tests.support.requirement import requirement
from tests.support.tenant import BROWSER, CALLBACK, ATenant, Registered, a_tenant, parameters, refusal_of

FILES = "https://files.example/mcp"
NOTES = "https://notes.example"
SCOPES = (
    ResourceScope(name="files:admin", description="Do anything", implies=("files:write",)),
    ResourceScope(name="files:write", description="Change your files", implies=("files:read",)),
    ResourceScope(name="files:read", description="Read your files"),
    ResourceScope(name="files:list"),
)


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    """With the resources `files` and `notes`."""
    async with a_tenant(tmp_path) as made:
        await made.resource("files", FILES, display_name="Files", scopes=SCOPES)
        await made.resource("notes", f"{NOTES}/")
        yield made


async def limited(t: ATenant, scope: str, resources: tuple[str, ...] = ()) -> Registered:
    """A client of the operator's, which may ask for so much; it redirects where all clients here do."""
    metadata = {"redirect_uris": [CALLBACK], "scope": scope}
    made, secret = await t.run(add_client, NewClient(client_id=None, metadata=metadata, resources=resources))
    return Registered(made.id, made.auth_method, secret)


# --- what may be asked for


@requirement("rfc8707:invalid-target")
async def test_from_the_first_resource_on_no_other_is_served_but_the_issuer(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        client = await t.client()
        assert await t.tokens(client, resource=NOTES)
        await t.resource("files", FILES)
        await refusal_of(t.code(client, resource=NOTES), "invalid_target")
        for served in (FILES, t.tenant.uri, None):
            assert await t.tokens(client, resource=served)
        await t.change_resource("files", disabled=True)
        for gone in (FILES, NOTES):
            await refusal_of(t.code(client, resource=gone), "invalid_target")
        await t.remove_resource("files")
        assert await t.tokens(client, resource=NOTES)


@pytest.mark.parametrize("given", [NOTES, f"{NOTES}/", "HTTPS://Notes.Example", "https://notes.example:443/"])
@requirement("rfc8707:audience-is-the-resource-asked-for", "mcp:resource-canonical-form")
async def test_a_token_is_for_the_resource_as_the_operator_spells_it(t: ATenant, given: str) -> None:
    client = await t.client()
    tokens = await t.tokens(client, resource=given)
    assert (await claims(t, tokens.access_token, "at+jwt"))["aud"] == f"{NOTES}/"
    server = await limited(t, "openid", resources=(NOTES,))
    assert (await t.introspect(server, tokens.access_token))["aud"] == f"{NOTES}/"
    assert await t.refresh(client, tokens.refresh_token, resources=(given, NOTES))


@pytest.mark.parametrize(
    ("resource", "asked", "given"),
    [
        (FILES, "files:read openid", "files:read openid"),
        (FILES, "files:write offline_access", "files:write offline_access"),
        (FILES, None, "files:admin files:write files:read files:list openid profile email"),
        (NOTES, None, "openid profile email"),
        (None, None, "openid profile email"),
    ],
)
@requirement("rfc6749:granted-scope-is-the-intersection")
async def test_a_resources_own_scopes_and_the_issuers_can_be_had_there(
    t: ATenant, resource: str | None, asked: str | None, given: str
) -> None:
    assert (await t.tokens(await t.client(), resource=resource, scope=asked)).scope == given


@pytest.mark.parametrize(
    ("resource", "asked"),
    [(FILES, "files:delete"), (FILES, "files:read notes:read"), (NOTES, "files:read"), (None, "files:read")],
)
@requirement("rfc6749:unknown-scope-is-refused")
async def test_a_scope_of_no_or_of_another_resource_is_refused(t: ATenant, resource: str | None, asked: str) -> None:
    await refusal_of(t.code(await t.client(), resource=resource, scope=asked), "invalid_scope")


async def test_a_client_that_the_operator_limits_may_ask_for_what_its_scopes_imply_and_no_more(t: ATenant) -> None:
    client = await limited(t, "files:write openid")
    for asked, given in (("files:read", "files:read"), ("files:admin files:write", "files:write")):
        assert (await t.tokens(client, resource=FILES, scope=asked)).scope == given
    assert (await t.tokens(client, resource=FILES)).scope == "files:write openid"
    await refusal_of(t.code(client, resource=FILES, scope="files:admin"), "invalid_scope")


async def test_a_scope_that_nobody_offers_is_a_slip_where_the_operator_limits_a_client(t: ATenant) -> None:
    with pytest.raises(Invalid) as raised:
        await limited(t, "openid files:wirte")
    assert raised.value.field == "scope"
    assert "files:wirte" in raised.value.description


# --- what tokens tell


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@requirement("mcp:a-scope-tells-those-that-it-implies")
async def test_a_token_tells_the_resource_all_that_its_scopes_imply_and_the_client_what_it_asked_for(
    t: ATenant, token_format: TokenFormat
) -> None:
    await t.change_resource("files", token_format=token_format)
    client = await t.client()
    first = await t.tokens(client, resource=FILES, scope="files:write openid")
    narrow = await t.refresh(client, first.refresh_token, scope="files:read")
    whole = await t.refresh(client, narrow.refresh_token)
    for tokens, said, told in (
        (first, "files:write openid", "files:write openid files:read"),
        (narrow, "files:read", "files:read"),
        (whole, "files:write openid", "files:write openid files:read"),
    ):
        assert tokens.scope == said
        assert (await t.introspect(client, tokens.access_token))["scope"] == told
        if token_format == "jwt":
            assert (await claims(t, tokens.access_token, "at+jwt"))["scope"] == told


async def test_no_refresh_leads_to_a_wider_scope(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, resource=FILES, scope="files:write")
    before = await t.dump()
    for wider in ("files:admin", "files:write files:list", "openid"):
        await refusal_of(t.refresh(client, first.refresh_token, scope=wider), "invalid_scope")
    assert await t.dump() == before


async def test_what_a_scope_implies_is_what_the_operator_says_today(t: ATenant) -> None:
    await t.change_resource("files", token_format="opaque")
    client = await t.client()
    tokens = await t.tokens(client, resource=FILES, scope="files:write")
    await t.change_resource("files", scopes=tuple(replace(each, implies=()) for each in SCOPES))
    assert (await t.introspect(client, tokens.access_token))["scope"] == "files:write"
    await refusal_of(t.refresh(client, tokens.refresh_token, scope="files:read"), "invalid_scope")
    await t.change_resource("files", scopes=SCOPES[2:])
    assert (await t.refresh(client, tokens.refresh_token)).scope == ""


@pytest.mark.parametrize(("policy", "own"), [("jwt", "opaque"), ("opaque", "jwt")])
async def test_a_resource_has_tokens_of_its_own_form_and_life(
    tmp_path: Path, policy: TokenFormat, own: TokenFormat
) -> None:
    async with a_tenant(tmp_path, Policy(token_format=policy)) as t:
        await t.resource("files", FILES, token_format=own, access_token_ttl=60)
        await t.resource("notes", NOTES)
        client = await t.client()
        files, notes = await t.tokens(client, resource=FILES), await t.tokens(client, resource=NOTES)
        assert (files.expires_in, notes.expires_in) == (60, 3_600)
        for tokens, form in ((files, own), (notes, policy)):
            assert (tokens.access_token.count(".") == 2) is (form == "jwt")
        assert (await t.refresh(client, files.refresh_token)).expires_in == 60
        t.clock.forward(60)
        assert not await t.counts(client, files.access_token)
        assert await t.counts(client, notes.access_token)


SHORTER: dict[str, dict[str, Any] | None] = {
    "shorter": {"access_token_ttl": 60},
    "as the policy says": {"access_token_ttl": None},
    "disabled": {"disabled": True},
    "removed": None,
}


@pytest.mark.parametrize("changes", SHORTER.values(), ids=list(SHORTER))
@requirement("rfc9068:signed-with-a-published-key")
async def test_a_key_stays_published_until_the_last_token_of_any_resource_has_ended(
    t: ATenant, changes: dict[str, Any] | None
) -> None:
    await t.change_resource("files", access_token_ttl=DAY)
    token = (await t.tokens(await t.client(), resource=FILES)).access_token
    await (t.remove_resource("files") if changes is None else t.change_resource("files", **changes))
    await t.run(lambda turn, _: roll(turn), None)
    t.clock.forward(DAY + MARGIN - 1)
    await t.maintain()
    assert (await claims(t, token, "at+jwt"))["aud"] == FILES
    t.clock.forward(1)
    await t.maintain()
    assert await claims(t, token, "at+jwt") is None


# --- what becomes of them


async def test_a_disabled_resource_has_tokens_that_count_no_more_until_it_is_enabled(t: ATenant) -> None:
    client = await t.client()
    tokens, code = await t.tokens(client, resource=FILES), await t.code(client, resource=FILES)
    elsewhere = await t.tokens(client, resource=NOTES)
    spent = await t.refresh(client, tokens.refresh_token)
    await t.change_resource("files", disabled=True)
    assert not await t.counts(client, tokens.access_token)
    for again in (tokens, spent):  # the first is in its replay window
        await refusal_of(t.refresh(client, again.refresh_token), "invalid_target")
    await refusal_of(t.redeem(client, code), "invalid_target")
    assert await t.counts(client, elsewhere.access_token)
    await t.change_resource("files", disabled=False)
    assert await t.counts(client, tokens.access_token)
    assert await t.refresh(client, spent.refresh_token)
    assert await t.redeem(client, code)


async def test_a_token_that_is_given_back_while_its_resource_is_disabled_stays_dead(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client, resource=FILES)
    await t.change_resource("files", disabled=True)
    await t.revoke(client, tokens.access_token)
    await t.change_resource("files", disabled=False)
    assert not await t.counts(client, tokens.access_token)
    assert await t.refresh(client, tokens.refresh_token)


async def test_what_was_granted_for_a_removed_resource_is_over_whoever_has_its_uri_next(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, scope="openid", resource=NOTES)
    code = parameters((await t.run(decide, answer(page.ticket, session))).uri)["code"]
    tokens = await t.redeem(client, code)
    assert isinstance(await t.authorize(client, session=session, scope="openid", resource=NOTES), Redirect)
    elsewhere = await t.tokens(client, resource=FILES)
    await t.remove_resource("notes")
    assert not await t.counts(client, tokens.access_token)
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")
    await t.resource("again", f"{NOTES}/")
    assert not await t.counts(client, tokens.access_token)
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")
    assert isinstance(await t.authorize(client, session=session, scope="openid", resource=NOTES), AskConsent), (
        "the yes was for the resource that is gone"
    )
    assert await t.counts(client, elsewhere.access_token)


async def test_what_was_granted_before_the_resource_was_registered_ends_with_it_too(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        client = await t.client()
        before = await t.tokens(client, resource=f"{NOTES}/")
        await t.resource("notes", f"{NOTES}/")
        assert await t.counts(client, before.access_token)
        await t.remove_resource("notes")
        assert not await t.counts(client, before.access_token), "though any resource is served again"
        told = (await t.events())[-1].details
        assert (told["before"]["uri"], told["grants_ended"]) == (f"{NOTES}/", 1)


# --- consent


def shown(page: AskConsent) -> tuple[list[str], list[str]]:
    """What is new on the page, and what was allowed before."""
    return [scope.name for scope in page.asks.scopes], [scope.name for scope in page.allowed_before]


async def allowed(t: ATenant, client: Registered, session: str, scope: str, **more: str) -> None:
    page = await asked_to_consent(t, client, session, resource=FILES, scope=scope, **more)
    await t.run(decide, answer(page.ticket, session))


async def test_the_page_names_the_resource_and_the_widest_scopes_in_the_operators_words(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:read files:write openid")
    assert (page.asks.resource, page.asks.resource_name) == (FILES, "Files")
    [write, openid] = page.asks.scopes
    assert (write.name, write.description) == ("files:write", "Change your files")
    assert [(scope.name, scope.description) for scope in write.includes] == [("files:read", "Read your files")]
    assert (openid.name, openid.description, openid.includes) == ("openid", "", ())
    assert page.allowed_before == ()
    page = await asked_to_consent(t, client, session, scope="openid")
    assert (page.asks.resource, page.asks.resource_name) == (t.tenant.uri, "")


async def test_more_than_was_allowed_is_asked_for_alone_and_shown_beside_what_was(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    await allowed(t, client, session, "files:read")
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:read files:list")
    assert shown(page) == (["files:list"], ["files:read"])
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:read files:write files:list")
    assert shown(page) == (["files:write", "files:list"], ["files:read"])
    code = parameters((await t.run(decide, answer(page.ticket, session))).uri)["code"]
    tokens = await t.redeem(client, code)
    assert tokens.scope == "files:read files:write files:list"


@requirement("mcp:a-scope-tells-those-that-it-implies")
async def test_what_an_allowed_scope_implies_is_not_asked_for_again(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    await allowed(t, client, session, "files:write")
    for narrower in ("files:write", "files:read", "files:read files:write"):
        assert isinstance(await t.authorize(client, session=session, resource=FILES, scope=narrower), Redirect)
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:admin")
    assert shown(page) == (["files:admin"], [])
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:read", prompt="consent")
    assert shown(page) == ([], ["files:read"])


async def test_a_scope_that_no_longer_implies_another_is_no_yes_to_that_one(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    await allowed(t, client, session, "files:write")
    await t.change_resource("files", scopes=tuple(replace(each, implies=()) for each in SCOPES))
    page = await asked_to_consent(t, client, session, resource=FILES, scope="files:read files:write")
    assert shown(page) == (["files:read"], ["files:write"])


async def test_a_yes_for_one_resource_is_none_for_another(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    await allowed(t, client, session, "openid")
    assert shown(await asked_to_consent(t, client, session, resource=NOTES, scope="openid")) == (["openid"], [])


async def test_who_asks_without_a_page_gets_the_same(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    await allowed(t, client, session, "files:write")
    asked = t.arrival(client, session=session, resource=FILES, scope="files:read", prompt="none")
    arrival = Arrival(query=asked.query, browser=BROWSER, session=session)
    assert isinstance(await t.run(authorize, arrival), Redirect)
    more = t.arrival(client, session=session, resource=FILES, scope="files:list", prompt="none")
    refusal = await refusal_of(t.run(authorize, more), "consent_required")
    assert refusal.redirect is not None


# --- what the operator may say


@pytest.mark.parametrize(
    ("uri", "said", "field"),
    [
        ("mcp", {}, "uri"),
        ("http://mcp.example", {}, "uri"),
        ("https://mcp.example/#f", {}, "uri"),
        ("https://u@mcp.example", {}, "uri"),
        ("https://acme.example", {}, "uri"),
        ("HTTPS://acme.example:443/", {}, "uri"),
        ("https://mcp.example", {"display_name": "x" * 64}, "display_name"),
        ("https://mcp.example", {"display_name": "a\u202eb"}, "display_name"),
        ("https://mcp.example", {"access_token_ttl": 9}, "access_token_ttl"),
        ("https://mcp.example", {"access_token_ttl": 30 * DAY + 1}, "access_token_ttl"),
        ("https://mcp.example", {"token_format": "paseto"}, "token_format"),
        ("https://mcp.example", {"scopes": [("a b",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("é",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a",), ("a",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("offline_access",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("openid",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "x" * 256)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "one\ntwo")]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "", ("b",))]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "", ("a",))]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "", ("b", "b")), ("b",)]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "", ("b",)), ("b", "", ("a",))]}, "scopes"),
        ("https://mcp.example", {"scopes": [("a", "", ("openid",))]}, "scopes"),
        ("https://mcp.example", {"scopes": [(f"s{n}",) for n in range(101)]}, "scopes"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field_and_nothing_is_kept(
    t: ATenant, uri: str, said: dict[str, Any], field: str
) -> None:
    before = await t.dump()
    scopes = [dict(zip(("name", "description", "implies"), given, strict=False)) for given in said.get("scopes", ())]
    settings = {**said, "scopes": tuple(ResourceScope(**scope) for scope in scopes)}
    with pytest.raises(Invalid) as raised:
        await t.resource("odd", uri, **settings)
    assert raised.value.field == field
    if field != "uri":
        with pytest.raises(Invalid) as raised:
            await t.change_resource("files", **{name: settings[name] for name in said})
        assert raised.value.field == field
    assert await t.dump() == before


async def test_neither_id_nor_uri_is_given_twice(t: ATenant) -> None:
    before = await t.dump()
    for resource_id, uri, taken in (
        ("files", "https://else.example", "files"),
        ("new", FILES, "files"),
        ("new", "HTTPS://notes.example:443", "notes"),
    ):
        with pytest.raises(AlreadyThere) as raised:
            await t.resource(resource_id, uri)
        assert str(raised.value) == taken
    assert await t.dump() == before


async def test_an_issuer_has_a_bounded_number_of_them(t: ATenant) -> None:
    for n in range(2, MAX_RESOURCES):
        await t.resource(f"r{n}", f"https://r{n}.example")
    with pytest.raises(Invalid) as raised:
        await t.resource("more", "https://more.example")
    assert raised.value.field == "parent"
    assert len(await t.run(all_resources, None)) == MAX_RESOURCES


async def test_a_resource_is_changed_by_who_saw_it_last(t: ATenant) -> None:
    seen = await t.run(get_resource, "files")
    t.clock.forward(5)
    after = await t.change_resource("files", display_name="New")
    assert after == replace(seen, display_name="New", updated_at=t.clock.now, version=2)
    assert await t.run(get_resource, "files") == after
    old = ResourceChange(id="files", change=lambda now: replace(now, disabled=True), etag=etag(seen))
    with pytest.raises(EtagMismatch) as raised:
        await t.run(change_resource, old)
    assert raised.value.current == etag(after)
    with pytest.raises(EtagMismatch):
        await t.run(remove_resource, ResourceRemoval(id="files", etag=etag(seen)))
    before = await t.dump()
    assert await t.change_resource("files", display_name="New") == after
    assert await t.dump() == before
    for missing in (t.change_resource("nobody"), t.remove_resource("nobody"), t.run(get_resource, "nobody")):
        with pytest.raises(NoSuchThing):
            await missing


async def test_since_when_a_resource_is_disabled_is_kept(t: ATenant) -> None:
    since = (await t.change_resource("files", disabled=True)).disabled_at
    assert since == t.clock.now
    t.clock.forward(5)
    assert (await t.change_resource("files", display_name="New")).disabled_at == since
    assert (await t.change_resource("files", disabled=False)).disabled_at is None


async def test_what_the_operator_does_is_remembered(t: ATenant) -> None:
    await t.change_resource("files", display_name="New", access_token_ttl=60)
    await t.remove_resource("files")
    told = [(event.type, event.actor, event.subject) for event in (await t.events())[-3:]]
    assert told == [
        ("resource.created", "op", "notes"),
        ("resource.changed", "op", "files"),
        ("resource.removed", "op", "files"),
    ]
    told = (await t.events())[-2].details
    assert [list(told[side]) for side in ("before", "after")] == [["display_name", "access_token_ttl"]] * 2


# --- what is published


async def documents(t: ATenant) -> dict[str, Any]:
    published = await t.run(publish, None)
    return {resource_id: json_text.parse(document) for resource_id, document in published.resources.items()}


@requirement("rfc9728:the-document-names-resource-and-issuer", "mcp:offline-access-is-no-scope-of-a-resource")
async def test_each_resource_that_is_served_has_a_document(t: ATenant) -> None:
    assert await documents(t) == {
        "files": {
            "resource": FILES,
            "authorization_servers": ["https://acme.example"],
            "scopes_supported": ["files:admin", "files:write", "files:read", "files:list"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Files",
        },
        "notes": {
            "resource": f"{NOTES}/",
            "authorization_servers": ["https://acme.example"],
            "scopes_supported": ["openid", "profile", "email"],
            "bearer_methods_supported": ["header"],
        },
    }
    await t.policy(lambda policy: replace(policy, scopes=("offline_access",)))
    await t.change_resource("files", disabled=True)
    assert (await documents(t)).keys() == {"notes"}
    assert "scopes_supported" not in (await documents(t))["notes"]


async def test_what_is_published_is_of_today(t: ATenant) -> None:
    for change in (
        lambda: t.resource("new", "https://new.example"),
        lambda: t.change_resource("new", display_name="New"),
        lambda: t.remove_resource("new"),
    ):
        before = (await t.tenant.published()).resources
        await change()
        assert (await t.tenant.published()).resources != before


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("https://r.example", "https://r.example/.well-known/oauth-protected-resource"),
        ("https://r.example/", "https://r.example/.well-known/oauth-protected-resource"),
        ("https://r.example/mcp", "https://r.example/.well-known/oauth-protected-resource/mcp"),
        ("https://r.example/a/b/", "https://r.example/.well-known/oauth-protected-resource/a/b/"),
        ("http://localhost:8000/mcp?x=1", "http://localhost:8000/.well-known/oauth-protected-resource/mcp?x=1"),
    ],
)
@requirement("rfc9728:a-document-lies-at-the-path-of-its-resource")
async def test_a_resource_is_told_where_clients_look_for_its_document(t: ATenant, uri: str, place: str) -> None:
    await t.resource("r", uri)
    described = await t.run(describe_resource, "r")
    assert described.served_at == place
    assert described.challenge == f'Bearer resource_metadata="{place}"'
    assert json_text.parse(described.document.encode("utf-8"))["resource"] == uri
