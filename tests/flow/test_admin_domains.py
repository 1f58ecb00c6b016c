"""DomainService over gRPC, and what is answered at a further host of an issuer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest
from protos.admin.v1.domain_service_pb2 import (
    CreateDomainRequest,
    DeleteDomainRequest,
    Domain,
    GetDomainRequest,
    ListDomainsRequest,
    ResolveHostRequest,
    VerifyDomainRequest,
)
from protos.admin.v1.event_service_pb2 import ListEventsRequest
from protos.admin.v1.issuer_service_pb2 import (
    DeleteIssuerRequest,
    DisableIssuerRequest,
    EnableIssuerRequest,
    UndeleteIssuerRequest,
)
from tenants.domains import MOST
from tenants.listings import CLAIM_COUNTS, PURGE_AFTER
from tests.support.admin import Desk, admin_desk, refused
from tests.support.browser import Browser
from tests.support.clients import AZ, PUBLIC, RG, TK, changed
from tests.support.dns_server import DnsServer, dns_server
from tests.support.holder import Holder
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
TAKEN, STATE, ABORTED = (
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
)
DENIED = grpc.StatusCode.PERMISSION_DENIED
PENDING, ACTIVE = Domain.STATE_PENDING, Domain.STATE_ACTIVE
METADATA = "/.well-known/oauth-authorization-server"
NOBODY = (404, '{"error":"not_found"}')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dns() -> AsyncGenerator[DnsServer]:
    with dns_server() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, dns: DnsServer) -> AsyncGenerator[Desk]:
    """Issuers a and b, each at a host of its own, and two that share one."""
    async with admin_desk(tmp_path_factory.mktemp("house"), resolver=dns.address) as desk:
        for issuer_id in ("a", "b"):
            await desk.issuer(issuer_id)
        await desk.issuer("acme", "https://shared.test/acme")
        await desk.issuer("other", "https://shared.test/other")
        yield desk


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path: Path, dns: DnsServer) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path, resolver=dns.address) as desk:
        await desk.issuer("a")
        await desk.issuer("b")
        yield desk


async def claim(desk: Desk, host: str, issuer_id: str = "a", domain_id: str = "", **more: Any) -> Domain:
    given = CreateDomainRequest(
        parent=f"issuers/{issuer_id}",
        domain_id=domain_id,
        domain=Domain(host=host),
        **{name: value for name, value in more.items() if name != "token"},
    )
    return await desk.ask(given, **({"token": more["token"]} if "token" in more else {}))


async def verify(desk: Desk, domain: Domain) -> Domain:
    return await desk.ask(VerifyDomainRequest(name=domain.name))


async def verified(desk: Desk, dns: DnsServer, host: str, issuer_id: str = "a") -> Domain:
    """A domain whose owner said what they were told to say."""
    made = await claim(desk, host, issuer_id)
    dns.says[made.challenge_name] = [made.challenge_value]
    domain = await verify(desk, made)
    assert domain.state == ACTIVE, domain
    return domain


async def delete(desk: Desk, domain: Domain) -> None:
    await desk.ask(DeleteDomainRequest(name=domain.name))


async def at(desk: Desk, host: str, target: str = METADATA) -> tuple[int, str]:
    answer = await desk.house.ask("GET", target, host=host)
    return answer.status_code, answer.text


async def routes(desk: Desk, host: str, **more: Any) -> list[tuple[str, str, str]]:
    found = await desk.ask(ResolveHostRequest(host=host), **more)
    return [(route.issuer, route.path, route.domain) for route in found.routes]


async def events(desk: Desk) -> list[tuple[str, str, dict[str, Any]]]:
    found = (await desk.ask(ListEventsRequest(page_size=1_000))).events
    return [
        (event.type, event.subject, {name: value for name, value in event.details.items() if value is not None})
        for event in found
        if event.type.startswith("domain.")
    ]


@requirement("house:a-further-host-is-verified-first")
async def test_a_host_is_claimed_verified_and_then_found(desk: Desk, dns: DnsServer) -> None:
    made = await claim(desk, "login.a.example")
    assert made.name == "issuers/a/domains/login-a-example"
    assert (made.host, made.state) == ("login.a.example", PENDING)
    assert made.challenge_name == "_tenantry-challenge.login.a.example"
    assert len(made.challenge_value) == 40
    assert made.create_time.seconds == desk.house.clock.now
    assert not made.HasField("check_time")
    assert await at(desk, "login.a.example") == NOBODY
    assert await routes(desk, "login.a.example") == []
    absent = await verify(desk, made)
    assert (absent.state, absent.check_time.seconds) == (PENDING, desk.house.clock.now)
    assert absent.last_error == "there is no TXT record at _tenantry-challenge.login.a.example"
    dns.says[made.challenge_name] = ["something else", "v=spf1 -all"]
    wrong = await verify(desk, made)
    assert wrong.last_error.endswith(f"do not say {made.challenge_value}")
    assert (wrong.state, await at(desk, "login.a.example")) == (PENDING, NOBODY)
    dns.says[made.challenge_name] = ["v=spf1 -all", made.challenge_value]
    found = await verify(desk, made)
    assert (found.state, found.last_error, found.verify_time.seconds) == (ACTIVE, "", desk.house.clock.now)
    assert len({each.etag for each in (made, absent, wrong, found)}) == 4
    assert await desk.ask(GetDomainRequest(name=made.name)) == found
    status, text = await at(desk, "login.a.example")
    assert (status, json.loads(text)["issuer"]) == (200, "https://a.test")
    assert await routes(desk, "login.a.example") == [("issuers/a", "", made.name)]
    assert await routes(desk, "LOGIN.A.EXAMPLE:443") == [("issuers/a", "", made.name)]
    await delete(desk, found)
    assert await at(desk, "login.a.example") == NOBODY
    await refused(desk.ask(GetDomainRequest(name=made.name)), GONE, "NOT_FOUND")


@pytest.mark.parametrize(
    ("mood", "words"),
    [("silent", "the DNS did not say within"), ("broken", "the DNS could not say what is at")],
)
async def test_a_dns_that_does_not_answer_leaves_a_domain_pending(
    desk: Desk, dns: DnsServer, mood: Any, words: str
) -> None:
    made = await claim(desk, f"{mood}.example")
    dns.says[made.challenge_name] = [made.challenge_value]
    dns.mood = mood
    try:
        async with asyncio.timeout(9):
            domain = await verify(desk, made)
    finally:
        dns.mood = "well"
    assert (domain.state, domain.last_error.startswith(words)) == (PENDING, True), domain.last_error
    assert (await verify(desk, made)).state == ACTIVE


async def test_an_answer_of_the_dns_is_for_the_claim_that_it_was_asked_for(fresh: Desk, dns: DnsServer) -> None:
    former = await claim(fresh, "slow.example")
    dns.says[former.challenge_name] = [former.challenge_value]
    dns.heard.clear()
    dns.may_answer.clear()
    try:
        asking = asyncio.ensure_future(verify(fresh, former))
        assert await asyncio.to_thread(dns.heard.wait, 4)
        await delete(fresh, former)
        later = await claim(fresh, "slow.example")
    finally:
        dns.may_answer.set()
    await refused(asking, ABORTED, "ETAG_MISMATCH")
    assert await fresh.ask(GetDomainRequest(name=later.name)) == later
    assert await at(fresh, "slow.example") == NOBODY


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (["{}"], ACTIVE),
        (["x" * 600, "{}"], ACTIVE),
        ([], PENDING),
        ([""], PENDING),
        (["{}x"], PENDING),
        (["{} "], PENDING),
        (['"{}"'], PENDING),
        (["\\195\\169{}"], PENDING),
    ],
)
async def test_a_record_must_say_the_challenge_and_nothing_else(
    desk: Desk, dns: DnsServer, said: list[str], state: Any
) -> None:
    made = await claim(desk, "exact.example")
    dns.says[made.challenge_name] = [text.replace("{}", made.challenge_value).replace('"', '\\"') for text in said]
    assert (await verify(desk, made)).state == state
    await delete(desk, made)


async def test_the_challenge_may_be_said_elsewhere_by_an_alias(desk: Desk, dns: DnsServer) -> None:
    made = await claim(desk, "aliased.example")
    dns.aliases[made.challenge_name] = "challenges.elsewhere.example"
    dns.says["challenges.elsewhere.example"] = [made.challenge_value]
    assert (await verify(desk, made)).state == ACTIVE


async def test_what_is_verified_stays_so_and_nobody_is_asked_again(desk: Desk, dns: DnsServer) -> None:
    domain = await verified(desk, dns, "stays.example")
    dns.says.clear()
    asked = len(dns.asked)
    assert await verify(desk, domain) == domain
    assert len(dns.asked) == asked


@pytest.mark.parametrize(
    "host",
    [
        *(
            "LOGIN.example",
            "login.example.",
            ".login.example",
            "login..example",
            "login.example:443",
            "login.example/x",
        ),
        *(
            "https://login.example",
            "bücher.example",
            "ｌogin.example",
            "login\u3002example",
            "login.example\n",
            "a b.example",
        ),
        *("*.example", "_x.example", "-x.example", "x-.example", "example", "localhost", "127.0.0.1", "[::1]", "1.2"),
        *(
            "login.example\0",
            "login%2eexample",
            "user@login.example",
            "a" * 64 + ".example",
            ("a" * 60 + ".") * 4 + "b",
        ),
    ],
)
async def test_a_host_has_one_spelling(desk: Desk, host: str) -> None:
    before = len((await desk.ask(ListDomainsRequest(parent="issuers/a"))).domains)
    why = await refused(claim(desk, host), INVALID, "REQUEST_INVALID", "domain.host")
    assert len(why.message) < 300
    assert len((await desk.ask(ListDomainsRequest(parent="issuers/a"))).domains) == before


async def test_an_international_name_is_claimed_in_its_a_labels(desk: Desk, dns: DnsServer) -> None:
    await verified(desk, dns, "xn--bcher-kva.example")
    assert (await at(desk, "xn--bcher-kva.example"))[0] == 200
    assert len(await routes(desk, "xn--bcher-kva.example")) == 1
    for look_alike in ("bücher.example", "xn--bcher-\u212ava.example"):
        assert await routes(desk, look_alike) == []


@requirement("house:a-host-is-of-one-issuer")
async def test_a_host_is_of_one_issuer_at_a_time(fresh: Desk, dns: DnsServer) -> None:
    for own in ("a.test", "b.test"):
        why = await refused(claim(fresh, own), TAKEN, "HOST_TAKEN")
        assert why.resource == ("admin.tenantry.dev/Domain", own)
    claimed = await claim(fresh, "login.example")
    for issuer_id in ("a", "b"):
        await refused(claim(fresh, "login.example", issuer_id, "second"), TAKEN, "HOST_TAKEN")
    again = await refused(claim(fresh, "login.example"), TAKEN, "ALREADY_EXISTS")
    assert again.resource == ("admin.tenantry.dev/Domain", claimed.name)
    for uri in ("https://login.example", "https://login.example:8443/path"):
        await refused(fresh.issuer("c", uri), TAKEN, "ISSUER_URI_TAKEN")
    dns.says[claimed.challenge_name] = [claimed.challenge_value]
    await verify(fresh, claimed)
    await refused(claim(fresh, "login.example", "b"), TAKEN, "HOST_TAKEN")
    await refused(fresh.issuer("c", "https://login.example"), TAKEN, "ISSUER_URI_TAKEN")
    # it moves: the old challenge, which the DNS still says, proves nothing for the other issuer
    await delete(fresh, claimed)
    moved = await claim(fresh, "login.example", "b")
    assert (await verify(fresh, moved)).state == PENDING
    assert await at(fresh, "login.example") == NOBODY
    dns.says[moved.challenge_name] = [moved.challenge_value]
    assert (await verify(fresh, moved)).state == ACTIVE
    assert json.loads((await at(fresh, "login.example"))[1])["issuer"] == "https://b.test"
    await delete(fresh, moved)
    await fresh.issuer("c", "https://login.example/c")
    assert await routes(fresh, "login.example") == [("issuers/c", "/c", "")]
    assert [(type, subject, details["host"]) for type, subject, details in await events(fresh)] == [
        (f"domain.{what}", subject, "login.example")
        for what, subject in (
            ("created", "a"),
            ("verified", "a"),
            ("deleted", "a"),
            ("created", "b"),
            ("verified", "b"),
            ("deleted", "b"),
        )
    ]


async def test_a_claim_that_nobody_verifies_lapses(fresh: Desk, dns: DnsServer) -> None:
    first = await claim(fresh, "login.example")
    other = await claim(fresh, "late.example")
    for domain in (first, other):
        dns.says[domain.challenge_name] = [domain.challenge_value]
    fresh.house.clock.now += CLAIM_COUNTS - 1
    await refused(claim(fresh, "login.example", "b"), TAKEN, "HOST_TAKEN")
    fresh.house.clock.now += 1
    second = await claim(fresh, "login.example", "b")
    await refused(verify(fresh, first), GONE, "NOT_FOUND")
    assert (await verify(fresh, second)).state == PENDING
    await fresh.issuer("c", "https://late.example")  # nobody had it, and it is an issuer's own host from now on
    await refused(verify(fresh, other), TAKEN, "HOST_TAKEN")
    assert json.loads((await at(fresh, "late.example"))[1])["issuer"] == "https://late.example"
    assert "domain.lapsed" in [type for type, _, _ in await events(fresh)]


@requirement("house:a-further-host-changes-no-identity")
async def test_pages_at_a_further_host_lead_to_the_issuers_own(desk: Desk, dns: DnsServer) -> None:
    await verified(desk, dns, "pages.example")
    await verified(desk, dns, "pages-acme.example", "acme")
    query = "?client_id=P&state=%20%22a%22+b&x=[1]&redirect_uri=https://x.test/%3Fa"
    for method, target in (
        ("GET", f"/authorize{query}"),
        ("GET", "/authorize"),
        ("GET", "/login"),
        ("GET", "/device?user_code=BCDF-GHJK"),
        ("GET", "/callback/google?code=1&state=2"),
        ("GET", "/logout"),
        ("POST", "/consent"),
        ("POST", "/login"),
        ("POST", "/logout"),
    ):
        for host, uri, path in (
            ("pages.example", "https://a.test", ""),
            ("pages-acme.example", "https://shared.test/acme", "/acme"),
        ):
            form = {"x": "y"} if method == "POST" else None
            answer = await desk.house.ask(method, path + target, host=host, form=form)
            assert (answer.status_code, answer.headers["location"]) == (307, uri + target)
            assert "set-cookie" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert answer.text == ""
    html = [("Accept", "text/html")]
    for host, path, uri in (
        ("pages.example", "/", "https://a.test/"),
        ("pages-acme.example", "/acme", "https://shared.test/acme"),
    ):
        answer = await desk.house.ask("GET", path, host=host, headers=html)
        assert (answer.status_code, answer.headers["location"]) == (307, uri)
    lost = await desk.house.ask("GET", "/unknown", host="pages.example", headers=html)
    assert (lost.status_code, lost.text) == NOBODY
    strange = await desk.house.ask("GET", "/callback/x//evil.test/%0d%0aSet-Cookie:a=b?%0d%0a", host="pages.example")
    assert strange.headers["location"] == "https://a.test/callback/x//evil.test/%0d%0aSet-Cookie:a=b?%0d%0a"
    for path in ("/", "/unknown", "/.well-known/unknown", "//evil.test/"):
        assert await at(desk, "pages.example", path) == NOBODY
    for path in ("/authorize", "/other/authorize", METADATA, f"{METADATA}/other"):
        assert await at(desk, "pages-acme.example", path) == NOBODY


@requirement("house:a-further-host-changes-no-identity")
async def test_machines_are_answered_at_a_further_host_as_at_the_issuers_own(desk: Desk, dns: DnsServer) -> None:
    await verified(desk, dns, "machines.example")
    await verified(desk, dns, "machines-acme.example", "acme")
    for target in (METADATA, "/.well-known/openid-configuration", "/.well-known/jwks.json"):
        assert await at(desk, "machines.example", target) == await at(desk, "a.test", target)
        assert "machines" not in (await at(desk, "machines.example", target))[1]
    assert await at(desk, "machines-acme.example", f"{METADATA}/acme") == await at(
        desk, "shared.test", f"{METADATA}/acme"
    )
    made = await desk.house.ask("POST", "/register", json=RG, host="machines.example")
    assert made.status_code == 201
    assert made.json()["registration_client_uri"].startswith("https://a.test/register/")
    await desk.house.client("a", "P", **PUBLIC)
    await desk.house.resource("a", "mcp", "https://mcp.test/mcp")
    holder, now = Holder(), desk.house.clock.now
    for named, status in (("https://a.test/token", 200), ("https://machines.example/token", 400)):
        form = changed(TK, code=await Browser(desk.house).code(changed(AZ, scope=None, resource=None)), resource=None)
        proof = [("DPoP", holder.proof("POST", named, now))]
        answer = await desk.house.ask("POST", "/token", form=form, host="machines.example", headers=proof)
        assert answer.status_code == status, answer.text  # a proof is for the issuer, whichever host it is sent to


async def test_a_domain_follows_its_issuer_through_its_life(fresh: Desk, dns: DnsServer) -> None:
    domain = await verified(fresh, dns, "login.example")
    spare = await claim(fresh, "spare.example")
    await fresh.ask(DisableIssuerRequest(name="issuers/a"))
    assert (await at(fresh, "login.example"))[0] == 200  # metadata stays up
    assert (await verify(fresh, spare)).state == PENDING
    await fresh.ask(EnableIssuerRequest(name="issuers/a"))
    await fresh.ask(DeleteIssuerRequest(name="issuers/a"))
    assert await at(fresh, "login.example") == NOBODY
    assert await routes(fresh, "login.example") == []
    await refused(verify(fresh, domain), STATE, "ISSUER_STATE")
    await refused(claim(fresh, "new.example"), STATE, "ISSUER_STATE")
    await refused(claim(fresh, "login.example", "b"), TAKEN, "HOST_TAKEN")
    await delete(fresh, spare)
    assert list((await fresh.ask(ListDomainsRequest(parent="issuers/a"))).domains) == [domain]
    await fresh.ask(UndeleteIssuerRequest(name="issuers/a"))
    assert (await at(fresh, "login.example"))[0] == 200
    await fresh.ask(DeleteIssuerRequest(name="issuers/a"))
    fresh.house.clock.now += PURGE_AFTER
    await fresh.house.ring()
    await refused(fresh.ask(GetDomainRequest(name=domain.name)), GONE, "ISSUER_NOT_FOUND")
    await refused(fresh.ask(ListDomainsRequest(parent="issuers/a")), GONE, "ISSUER_NOT_FOUND")
    await verified(fresh, dns, "login.example", "b")
    assert json.loads((await at(fresh, "login.example"))[1])["issuer"] == "https://b.test"


async def test_domains_are_found_again_after_a_restart(fresh: Desk, dns: DnsServer) -> None:
    await verified(fresh, dns, "kept.example")
    await claim(fresh, "claimed.example")
    gone = await verified(fresh, dns, "gone.example")
    await delete(fresh, gone)
    before = await at(fresh, "kept.example")
    assert before[0] == 200
    await fresh.house.restart()
    assert await at(fresh, "kept.example") == before
    assert await at(fresh, "claimed.example") == NOBODY
    assert await at(fresh, "gone.example") == NOBODY


async def test_a_caller_bound_to_issuers_learns_of_their_hosts_alone(desk: Desk, dns: DnsServer) -> None:
    await verified(desk, dns, "bound.example", "b")
    for role in (AdminToken.ROLE_OPERATOR, AdminToken.ROLE_VIEWER):
        made = await desk.ask(
            CreateAdminTokenRequest(admin_token=AdminToken(role=role, issuers=["issuers/a", "issuers/acme"]))
        )
        theirs = {"token": made.token}
        for unseen in ("bound.example", "b.test", "nobody.example"):
            assert await routes(desk, unseen, **theirs) == []
        assert await routes(desk, "shared.test", **theirs) == [("issuers/acme", "/acme", "")]
        assert await routes(desk, "a.test", **theirs) == [("issuers/a", "", "")]
        await refused(claim(desk, "bound-too.example", "b", **theirs), DENIED, "ROLE_REQUIRED")
        await refused(desk.ask(ListDomainsRequest(parent="issuers/b"), **theirs), DENIED, "ROLE_REQUIRED")
    assert await routes(desk, "shared.test") == [("issuers/acme", "/acme", ""), ("issuers/other", "/other", "")]


async def test_who_may_not_provision_gives_no_hosts(desk: Desk, dns: DnsServer) -> None:
    domain = await verified(desk, dns, "provisioned.example")
    made = await desk.ask(CreateAdminTokenRequest(admin_token=AdminToken(role=AdminToken.ROLE_ISSUER_ADMIN)))
    for request in (
        CreateDomainRequest(parent="issuers/a", domain=Domain(host="x.example")),
        VerifyDomainRequest(name=domain.name),
        DeleteDomainRequest(name=domain.name),
    ):
        await refused(desk.ask(request, token=made.token), DENIED, "ROLE_REQUIRED")
    assert await desk.ask(GetDomainRequest(name=domain.name), token=made.token) == domain


async def test_names_below_localhost_are_active_at_once_in_development(desk: Desk, dns: DnsServer) -> None:
    await desk.issuer("near", "http://near.localhost:8080")
    asked = len(dns.asked)
    made = await claim(desk, "second.localhost", "near")
    assert (made.state, len(dns.asked)) == (ACTIVE, asked)
    assert json.loads((await at(desk, "second.localhost:8080"))[1])["issuer"] == "http://near.localhost:8080"
    for elsewhere in ("second.localhost", "second.localhost:80", "second.localhost:8081"):
        assert await at(desk, elsewhere) == NOBODY  # the port is that of the issuer's URI
    assert (await claim(desk, "localhost.example", "near")).state == PENDING


async def test_names_below_localhost_need_a_proof_in_production(tmp_path: Path, dns: DnsServer) -> None:
    async with admin_desk(tmp_path, resolver=dns.address, dev=False) as desk:
        await desk.issuer("near", "http://near.localhost:8080")
        made = await claim(desk, "third.localhost", "near")
        assert made.state == PENDING
        assert (await verify(desk, made)).last_error.startswith("there is no TXT record")
        assert await at(desk, "third.localhost:8080") == NOBODY


async def test_domains_are_listed_in_pages_and_deleted_as_they_were_seen(fresh: Desk) -> None:
    made = [await claim(fresh, f"h{number}.example") for number in range(5)]
    seen: list[Domain] = []
    request = ListDomainsRequest(parent="issuers/a", page_size=2)
    for _ in range(3):
        page = await fresh.ask(request)
        seen += page.domains
        request.page_token = page.next_page_token
    assert (seen, request.page_token) == (made, "")
    token = (await fresh.ask(ListDomainsRequest(parent="issuers/a", page_size=1))).next_page_token
    strange = ListDomainsRequest(parent="issuers/b", page_token=token)
    await refused(fresh.ask(strange), INVALID, "PAGE_TOKEN_INVALID", "page_token")
    later = await verify(fresh, made[0])
    stale = DeleteDomainRequest(name=made[0].name, etag=made[0].etag)
    await refused(fresh.ask(stale), ABORTED, "ETAG_MISMATCH")
    await fresh.ask(DeleteDomainRequest(name=made[0].name, etag=later.etag, validate_only=True))
    await fresh.ask(DeleteDomainRequest(name=made[0].name, etag=later.etag))
    await refused(fresh.ask(DeleteDomainRequest(name=made[0].name)), GONE, "NOT_FOUND")


async def test_what_is_only_tried_out_changes_nothing(fresh: Desk, dns: DnsServer) -> None:
    tried = await claim(fresh, "tried.example", validate_only=True)
    assert (tried.host, tried.challenge_value, tried.etag) == ("tried.example", "", "")
    await refused(fresh.ask(GetDomainRequest(name=tried.name)), GONE, "NOT_FOUND")
    made = await claim(fresh, "tried.example")
    dns.says[made.challenge_name] = [made.challenge_value]
    assert (await fresh.ask(VerifyDomainRequest(name=made.name, validate_only=True))).state == ACTIVE
    assert await at(fresh, "tried.example") == NOBODY
    assert await fresh.ask(GetDomainRequest(name=made.name)) == made


async def test_a_request_with_a_name_of_its_own_is_done_once(fresh: Desk, dns: DnsServer) -> None:
    name: dict[str, Any] = {"request_id": "6f1f0f58-1111-4222-8333-444455556666"}
    made = await claim(fresh, "once.example", **name)
    assert await claim(fresh, "once.example", **name) == made
    dns.says[made.challenge_name] = [made.challenge_value]
    await verify(fresh, made)
    removal = DeleteDomainRequest(name=made.name, **name)
    await fresh.ask(removal)
    await fresh.ask(removal)
    assert await claim(fresh, "once.example", **name) == made  # as it was answered, though it is gone
    assert await at(fresh, "once.example") == NOBODY


async def test_an_issuer_has_no_more_domains_than_fit_into_a_page(fresh: Desk) -> None:
    for number in range(MOST):
        await claim(fresh, f"many{number}.example")
    await refused(claim(fresh, "more.example"), INVALID, "REQUEST_INVALID", "domain.host")
    await claim(fresh, "more.example", "b")


@pytest.mark.parametrize("name", ["issuers/a/domains/", "issuers/a/domains/A", "issuers/a/domains/../b", "domains/a"])
async def test_a_name_has_its_form(desk: Desk, name: str) -> None:
    for request in (GetDomainRequest(name=name), DeleteDomainRequest(name=name), VerifyDomainRequest(name=name)):
        await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "name")


@pytest.mark.parametrize("host", ["1st.example", "a" * 60 + ".example"])
async def test_a_host_that_makes_no_id_needs_one(desk: Desk, host: str) -> None:
    await refused(claim(desk, host), INVALID, "REQUEST_INVALID", "domain_id")
    made = await claim(desk, host, domain_id="chosen")
    assert made.name == "issuers/a/domains/chosen"
    await delete(desk, made)


async def test_nobody_has_domains_who_is_no_issuer(desk: Desk) -> None:
    await refused(claim(desk, "x.example", "nobody"), GONE, "ISSUER_NOT_FOUND")
    await refused(desk.ask(ListDomainsRequest(parent="issuers/nobody")), GONE, "ISSUER_NOT_FOUND")
    await refused(desk.ask(VerifyDomainRequest(name="issuers/nobody/domains/x")), GONE, "ISSUER_NOT_FOUND")
    await refused(desk.ask(DeleteDomainRequest(name="issuers/nobody/domains/x")), GONE, "ISSUER_NOT_FOUND")
