"""The process is killed at each step of an issuer's life and of its hosts: after the next start the step is done or it
is not, and what the registry says, who is found at which host and which files there are agree."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protos.admin.v1.domain_service_pb2 import (
    CreateDomainRequest,
    DeleteDomainRequest,
    Domain,
    ListDomainsRequest,
    ResolveHostRequest,
    VerifyDomainRequest,
)
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DeleteIssuerRequest,
    GetIssuerRequest,
    Issuer,
    ListIssuersRequest,
    UndeleteIssuerRequest,
)
from tests.fault.served import Caller, Server, started
from tests.fault.test_kill import whole
from tests.fault.test_once import Operator
from tests.support.dns_server import DnsServer, dns_server

METADATA = "/.well-known/oauth-authorization-server"
PORT = 8080
"""In the issuers' URIs, and so in their Host headers, wherever the server listens."""


def must(operator: Operator, request: Any) -> Any:
    answer = operator.ask(request)
    assert answer is not None, request
    return answer


def issuer_at(server: Server, host: str) -> str | None:
    """Whose metadata is there, by its URI."""
    caller = Caller(server.port, f"{host}:{PORT}")
    answer = caller.get(METADATA)
    caller.close()
    assert answer.status in (200, 404), answer
    return answer.members["issuer"] if answer.status == 200 else None


@dataclass
class Seen:
    """How it stands, as far as anybody outside can tell."""

    issuers: dict[str, int]
    """Their states, by their names."""
    domains: dict[str, tuple[str, int]]
    """Their hosts and states, by their names."""


def seen(server: Server, operator: Operator, data: Path, hosts: list[str]) -> Seen:
    """All that is said, having agreed with itself and with the files."""
    issuers = must(operator, ListIssuersRequest(page_size=1_000, show_deleted=True)).issuers
    uris = {issuer.name: issuer.issuer_uri for issuer in issuers}
    states = {issuer.name: issuer.state for issuer in issuers}
    domains: list[Domain] = []
    for name in states:
        domains += must(operator, ListDomainsRequest(parent=name)).domains
    assert len({domain.host for domain in domains}) == len(domains), "a host is of two issuers"
    for host in hosts:
        there = issuer_at(server, host)
        named = [
            (route.issuer, route.domain) for route in must(operator, ResolveHostRequest(host=f"{host}:{PORT}")).routes
        ]
        wanted = [
            (domain.name.partition("/domains/")[0], domain.name)
            for domain in domains
            if domain.host == host and domain.state == Domain.STATE_ACTIVE
        ]
        wanted += [(name, "") for name, uri in uris.items() if uri == f"http://{host}:{PORT}"]
        wanted = [(name, domain) for name, domain in wanted if states[name] == Issuer.STATE_ACTIVE]
        assert named == wanted, host
        assert there == (uris[wanted[0][0]] if wanted else None), host
    files = {path.stem for path in (data / "tenants").rglob("*.db")}
    assert files == {issuer.uid for issuer in issuers}
    return Seen(states, {domain.name: (domain.host, domain.state) for domain in domains})


@dataclass(frozen=True)
class Step:
    """One thing to ask for, and what tells that it is done."""

    request: Callable[[Operator], Any]
    done: Callable[[Seen], bool]


@dataclass(frozen=True)
class Asked:
    step: Step
    request: Any
    answer: Any
    """None: the server was gone before."""


def steps(number: int, dns: DnsServer) -> list[Step]:
    """Two issuers, and a host that the one has and the other gets."""
    one, two = f"issuers/one-{number}", f"issuers/two-{number}"
    host = f"login-{number}.example"
    first, second = f"{one}/domains/login", f"{two}/domains/login"

    def create(name: str) -> Step:
        issuer_id = name.partition("/")[2]
        given = Issuer(issuer_uri=f"http://{issuer_id}.localhost:{PORT}")
        return Step(
            lambda _: CreateIssuerRequest(issuer_id=issuer_id, issuer=given),
            lambda seen: seen.issuers.get(name) == Issuer.STATE_ACTIVE,
        )

    def claim(name: str) -> Step:
        parent = name.partition("/domains/")[0]
        return Step(
            lambda _: CreateDomainRequest(parent=parent, domain_id="login", domain=Domain(host=host)),
            lambda seen: seen.domains.get(name) == (host, Domain.STATE_PENDING),
        )

    def verify(name: str) -> Step:
        def say_and_ask(operator: Operator) -> Any:
            [domain] = must(operator, ListDomainsRequest(parent=name.partition("/domains/")[0])).domains
            dns.says[domain.challenge_name] = [domain.challenge_value]
            return VerifyDomainRequest(name=name)

        return Step(say_and_ask, lambda seen: seen.domains.get(name) == (host, Domain.STATE_ACTIVE))

    return [
        create(one),
        create(two),
        claim(first),
        verify(first),
        Step(lambda _: DeleteIssuerRequest(name=one), lambda seen: seen.issuers[one] == Issuer.STATE_DELETED),
        Step(lambda _: UndeleteIssuerRequest(name=one), lambda seen: seen.issuers[one] == Issuer.STATE_ACTIVE),
        Step(lambda _: DeleteDomainRequest(name=first), lambda seen: first not in seen.domains),
        claim(second),
        verify(second),
    ]


def rounds_of_kills(data: Path, rounds: int, seed: str) -> None:
    dice = random.Random(seed)
    unanswered = 0
    before: Asked | None = None
    hosts: list[str] = []
    with dns_server() as dns:
        everything = [(number, step) for number in range(rounds) for step in steps(number, dns)]
        for number, step in [*everything, (rounds, None)]:
            with started(data, TENANTRY_DNS_RESOLVER=dns.name) as server:
                operator = Operator(server, data)
                if before is not None:
                    state = seen(server, operator, data, hosts)
                    assert before.answer is None or before.step.done(state), before
                    must(operator, before.request)
                    assert before.step.done(seen(server, operator, data, hosts)), before
                    unanswered += before.answer is None
                if step is None:
                    for issuer in must(operator, ListIssuersRequest(page_size=1_000)).issuers:
                        must(operator, GetIssuerRequest(name=issuer.name))  # wakes it, which tidies up what a kill left
                    assert server.stop() == 0
                    break
                hosts = [f"login-{number}.example", *(f"{id}-{number}.localhost" for id in ("one", "two"))]
                request = step.request(operator)
                request.request_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
                server.kill_in(dice.random() * 0.02)
                before = Asked(step, request, operator.ask(request))
                server.process.wait(15)
                operator.close()
    assert unanswered
    whole(data)


def test_a_kill_at_any_step_leaves_nothing_half_done(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 1, "short")


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_many_kills_leave_nothing_half_done(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 20, f"{random.random()}")
