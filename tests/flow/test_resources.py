"""Registered resources from the outside: what clients, users and resource servers see of them."""

from dataclasses import replace

import httpx
import pytest
import pytest_asyncio

from tenants.acts.resources import ResourceChange, ResourceRemoval, change_resource, remove_resource
from tenants.records import ResourceScope
from tests.flow.town import POLICY, Town
from tests.support.browser import Browser, form_of
from tests.support.clients import (
    AZ,
    CONFIDENTIAL,
    ISSUER,
    RG,
    TK,
    Pairs,
    authorize,
    changed,
    claims,
    refused,
    returned,
    sent_back,
)
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = "https://files.test/mcp"
SCOPES = (
    ResourceScope(name="files:write", description="Change <your> files", implies=("files:read",)),
    ResourceScope(name="files:read", description="Read your files"),
    ResourceScope(name="files:list"),
)
ASKING = changed(AZ, resource=FILES, scope="files:read")
DOCUMENT = "/.well-known/oauth-protected-resource/files"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _files(town: Town) -> None:
    await register(town)


async def register(town: Town) -> None:
    await town.house.resource("a", "files", FILES, display_name="Files & more", scopes=SCOPES)


async def change(town: Town, **changes: object) -> None:
    wanted = ResourceChange(id="files", change=lambda now: replace(now, **changes), etag="")
    await town.house.registry.tenant("a").actor.run(change_resource, wanted)


async def tokens(town: Town, browser: Browser, asking: Pairs = ASKING) -> dict[str, str]:
    code = await browser.code(asking)
    answer = await town.token(changed(TK, code=code, client_id=dict(asking)["client_id"]))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def page_of(browser: Browser, asking: Pairs) -> httpx.Response:
    """The consent page."""
    page = await browser.get(authorize(asking))
    if form_of(page)[0] == "/login":
        page = await browser.sign_in(page)
    assert form_of(page)[0] == "/consent", page.text
    return page


# --- the document


@requirement("rfc9728:the-document-names-resource-and-issuer", "mcp:no-null-members")
async def test_the_document_of_a_resource_is_there_for_everyone_to_read_and_keep_a_while(town: Town) -> None:
    answer = await town.ask("GET", DOCUMENT)
    assert answer.json() == {
        "resource": FILES,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["files:write", "files:read", "files:list"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Files & more",
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    head = await town.ask("HEAD", DOCUMENT)
    assert (head.status_code, head.content) == (200, b"")
    assert (await town.ask("OPTIONS", DOCUMENT)).status_code == 204
    posted = await town.ask("POST", DOCUMENT)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "target",
    [
        *(f"{DOCUMENT}{more}" for more in ("/", "/x", "x", "%00", "%2F")),
        *("/.well-known/oauth-protected-resource/", "/.well-known/oauth-protected-resource/FILES"),
        *("/.well-known/oauth-protected-resource/%66iles", "/x/.well-known/oauth-protected-resource/files"),
        "/.well-known/oauth-protected-resource//files",
    ],
)
async def test_no_other_path_is_a_document(town: Town, target: str) -> None:
    refused(await town.ask("GET", target), 404, "not_found")


async def test_a_document_is_its_own_issuers_alone(town: Town) -> None:
    refused(await town.ask("GET", DOCUMENT, host="b.test"), 404, "not_found")
    own = (await town.ask("GET", "/.well-known/oauth-protected-resource")).json()
    assert (own["resource"], own["authorization_servers"]) == (ISSUER, [ISSUER])
    listed = (await town.ask("GET", "/.well-known/oauth-authorization-server")).json()["scopes_supported"]
    assert "files:read" not in listed, "a client that asks for all of them at another resource would be refused"


@requirement("rfc8414:the-path-of-an-issuer-is-inserted")
async def test_the_documents_of_an_issuer_with_a_path_lie_below_it_in_both_forms(town: Town) -> None:
    uri = "https://paths.test/acme"
    await town.house.issuer("acme", uri, POLICY)
    await town.house.issuer("root", "https://paths.test", POLICY)
    await town.house.resource("acme", "files", FILES)
    for target in (f"/acme{DOCUMENT}", "/.well-known/oauth-protected-resource/acme/files"):
        told = (await town.ask("GET", target, host="paths.test")).json()
        assert (told["resource"], told["authorization_servers"]) == (FILES, [uri])
    refused(await town.ask("GET", DOCUMENT, host="paths.test"), 404, "not_found")


async def test_a_changed_resource_is_told_of_at_once_and_a_disabled_one_not_at_all(fresh: Town) -> None:
    await register(fresh)
    await change(fresh, display_name="Papers")
    assert (await fresh.ask("GET", DOCUMENT)).json()["resource_name"] == "Papers"
    await change(fresh, disabled=True)
    refused(await fresh.ask("GET", DOCUMENT), 404, "not_found")


async def test_all_documents_are_one_line_in_the_metrics(fresh: Town) -> None:
    for resource_id in ("files", "x", "y"):
        await fresh.ask("GET", f"/.well-known/oauth-protected-resource/{resource_id}")
    routes = {line.partition('"route": ')[2].partition(",")[0] for line in fresh.house.logged().splitlines()}
    assert not [route for route in routes if "oauth-protected-resource/" in route]


# --- the pages


async def test_the_pages_say_which_service_it_is_and_what_each_scope_allows(town: Town) -> None:
    stranger = Browser(town.house)
    asking = changed(ASKING, scope="files:read files:write email")
    page = await page_of(stranger, asking)
    for words in ("Files &amp; more", FILES, "Change &lt;your&gt; files", "See your e-mail address"):
        assert words in page.text
    included = page.text.partition("It includes")[2]
    assert page.text.count("Read your files") == included.count("Read your files") == 1, "it is no choice of its own"
    assert "Already allowed" not in page.text


@requirement("house:a-yes-is-asked-for-what-is-new")
async def test_who_allowed_a_part_is_asked_for_the_rest_beside_it(town: Town) -> None:
    await town.house.client("a", "steps", **CONFIDENTIAL)
    asking = changed(ASKING, client_id="steps")
    await town.user.code(asking)
    page = await page_of(town.user, changed(asking, scope="files:read files:list"))
    new, _, before = page.text.partition("Already allowed")
    assert "What is new" in new
    assert ("files:list" in new, "files:read" in new) == (True, False)
    assert ("files:list" in before, "Read your files" in before) == (False, True)
    assert "code" in returned(await town.user.allow(page))
    assert "code" in returned(await town.user.get(authorize(changed(asking, scope="files:list files:read"))))
    again = await page_of(town.user, [*asking, ("prompt", "consent")])
    assert "Nothing is new" in again.text
    assert "What it may do" not in again.text


# --- the tokens


async def test_an_old_yes_to_a_wider_scope_is_one_to_the_narrower(town: Town) -> None:
    await town.house.client("a", "wide", **CONFIDENTIAL)
    wide = changed(ASKING, client_id="wide", scope="files:write")
    await town.user.code(wide)
    told = returned(await town.user.get(authorize(changed(wide, scope="files:read"))))
    assert "code" in told


@requirement("mcp:a-scope-tells-those-that-it-implies")
async def test_a_resource_server_reads_every_scope_and_the_client_those_that_it_asked_for(town: Town) -> None:
    given = await tokens(town, town.user, changed(ASKING, scope="files:write"))
    assert given["scope"] == "files:write"
    said = claims(given["access_token"])
    assert (said["aud"], said["scope"]) == (FILES, "files:write files:read")
    _, secret = await town.house.client("a", "server", ("HTTPS://FILES.test/mcp",), **CONFIDENTIAL)
    assert secret is not None
    form = {"token": given["access_token"]}
    answer = await town.ask("POST", "/introspect", form=form, basic=("server", secret))
    assert (answer.json()["active"], answer.json()["scope"]) == (True, "files:write files:read")
    foreign = await town.ask("POST", "/introspect", form=form, basic=town.basic("R"))
    assert foreign.json() == {"active": False}


@pytest.mark.parametrize(
    ("resource", "scope", "error"),
    [
        (FILES, "files:delete", "invalid_scope"),
        ("https://mcp.test/mcp", "files:read", "invalid_scope"),
        ("https://files.test", "files:read", "invalid_target"),
        ("https://unknown.test", "mcp", "invalid_target"),
    ],
)
async def test_what_is_not_registered_is_refused_to_the_client(
    town: Town, resource: str, scope: str, error: str
) -> None:
    sent_back(await town.user.get(authorize(changed(AZ, resource=resource, scope=scope))), error)


async def test_one_resource_named_twice_is_one_and_two_are_refused(town: Town) -> None:
    twice = [*ASKING, ("resource", "HTTPS://files.test:443/mcp")]
    answer = await town.token(changed(TK, code=await town.user.code(twice)))
    assert claims(answer.json()["access_token"])["aud"] == FILES
    two = [*ASKING, ("resource", "https://mcp.test/mcp")]
    sent_back(await town.user.get(authorize(two)), "invalid_target")


async def test_a_client_that_registered_a_few_scopes_may_ask_for_more_later(town: Town) -> None:
    """As MCP clients do: they register what the first 401 asked for, and step up from there."""
    answer = await town.ask("POST", "/register", json={**RG, "scope": "files:read root"})
    registered = answer.json()
    assert registered["scope"] == "files:read"
    asking = changed(ASKING, client_id=registered["client_id"])
    assert (await tokens(town, town.user, asking))["scope"] == "files:read"
    more = await tokens(town, town.user, changed(asking, scope="files:read files:write"))
    assert more["scope"] == "files:read files:write"
    plain = await tokens(town, town.user, changed(asking, scope=None))
    assert plain["scope"] == "files:read", "who asks for nothing gets what it registered for"


async def test_tokens_of_a_disabled_or_removed_resource_are_worth_nothing_at_once(fresh: Town) -> None:
    await register(fresh)
    first = await tokens(fresh, fresh.user)
    await change(fresh, disabled=True)
    assert await fresh.introspect(first["access_token"]) == {"active": False}
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_target")
    sent_back(await fresh.user.get(authorize(ASKING)), "invalid_target")
    await change(fresh, disabled=False)
    assert (await fresh.introspect(first["access_token"]))["active"] is True
    removal = ResourceRemoval(id="files", etag="")
    await fresh.house.registry.tenant("a").actor.run(remove_resource, removal)
    assert await fresh.introspect(first["access_token"]) == {"active": False}
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
    await register(fresh)
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")


async def test_a_resource_outlives_a_restart(fresh: Town) -> None:
    await register(fresh)
    first = await tokens(fresh, fresh.user)
    await fresh.house.restart()
    assert (await fresh.ask("GET", DOCUMENT)).json()["resource"] == FILES
    assert (await fresh.introspect(first["access_token"]))["scope"] == "files:read"
    sent_back(await fresh.user.get(authorize(changed(AZ, resource="https://x.test"))), "invalid_target")
