"""The process is killed while issuers are made and changed: a request that is sent again has been done once, or is done
then."""

import random
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest

from protos.admin.v1.domain_service_pb2_grpc import DomainServiceStub
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DisableIssuerRequest,
    Issuer,
    ListIssuersRequest,
    UpdateIssuerRequest,
)
from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub
from tests.fault.served import Server, started
from tests.fault.test_kill import whole
from tests.support.requirement import requirement

UNANSWERED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Operator:
    def __init__(self, server: Server, data: Path) -> None:
        token = (data / "admin.token").read_text(encoding="ascii").strip()
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc}", options=[("grpc.enable_http_proxy", 0)])
        self._stubs: tuple[Any, ...] = (IssuerServiceStub(self._channel), DomainServiceStub(self._channel))

    def ask(self, request: Any) -> Any:
        """None if the server was gone before it answered."""
        name = type(request).__name__.removesuffix("Request")
        method = next(getattr(stub, name) for stub in self._stubs if hasattr(stub, name))
        try:
            return method(request, metadata=self._metadata, timeout=15)
        except grpc.RpcError as error:
            if error.code() not in UNANSWERED:
                raise
            return None

    def close(self) -> None:
        self._channel.close()


def asked(numbers: range) -> list[Any]:
    """What is asked for, in order: two requests an issuer."""
    requests: list[Any] = []
    for number in numbers:
        name, uri = f"i-{number}", f"http://i-{number}.localhost:8080"
        given = Issuer(issuer_uri=uri, display_name="Made")
        requests.append(CreateIssuerRequest(issuer_id=name, issuer=given, request_id=str(uuid.uuid4())))
        change = (
            UpdateIssuerRequest(issuer=Issuer(name=f"issuers/{name}", display_name="Changed"))
            if number % 2
            else DisableIssuerRequest(name=f"issuers/{name}")
        )
        change.request_id = str(uuid.uuid4())
        requests.append(change)
    return requests


def rounds_of_kills(data: Path, rounds: int, seed: str) -> None:
    dice = random.Random(seed)
    unanswered = 0
    for number in range(rounds):
        requests, answers = asked(range(100 * number, 100 * number + 6)), list[Any]()
        with started(data) as server:
            operator = Operator(server, data)
            kill_at = dice.randint(0, len(requests) - 1)
            for at, request in enumerate(requests[: kill_at + 1]):
                if at == kill_at:
                    server.process.kill() if dice.random() < 0.3 else server.kill_in(dice.random() * 0.02)
                answers.append(operator.ask(request))
            operator.close()
            unanswered += answers[-1] is None
        with started(data) as server:
            operator = Operator(server, data)
            for request, before in zip(requests[: kill_at + 1], answers, strict=True):
                after = operator.ask(request)
                assert before is None or (before.uid, before.create_time) == (after.uid, after.create_time)
            for request in requests[kill_at + 1 :]:
                assert operator.ask(request) is not None
            issuers = operator.ask(ListIssuersRequest(page_size=1_000)).issuers
            operator.close()
            server.stop()
        mine = {issuer.name: issuer for issuer in issuers if issuer.name.startswith("issuers/i-")}
        assert len(mine) == 6 * (number + 1)
        for n in range(100 * number, 100 * number + 6):
            issuer = mine[f"issuers/i-{n}"]
            # its first version, and one more for the one change that was asked for, however often that was
            assert issuer.etag.endswith(".2"), issuer
            assert (issuer.display_name, issuer.state) == (
                ("Changed", Issuer.STATE_ACTIVE) if n % 2 else ("Made", Issuer.STATE_DISABLED)
            )
    assert unanswered
    whole(data)


@requirement("aip155:a-request-is-done-once")
def test_a_request_that_met_a_kill_is_done_once(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 3, "short")


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_requests_that_met_many_kills_are_done_once(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 60, f"{random.random()}")
