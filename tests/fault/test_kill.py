"""The process is killed at random moments, again and again: nothing that was acknowledged is taken back."""

import random
import sqlite3
from pathlib import Path

import pytest

from tests.fault.recorded import Chain, Client, Count, Hand, check, check_ended
from tests.fault.served import started

CLIENTS = 8
CHECKED = 30
"""How many of the chains of a round that nothing befell are looked at; of the others, all are."""


def rounds_of_kills(data: Path, rounds: int, seed: str) -> None:
    dice = random.Random(seed)
    host: str | None = None
    chains: list[Chain] = []
    ended: list[Chain] = []
    unanswered = 0
    for number in range(rounds + 1):
        with started(data, host=host) as server:
            host = server.host
            hand = Hand(server.caller())
            for chain in chains:
                check(hand, chain)
            for chain in dice.sample(ended, min(len(ended), 20)):
                check_ended(hand, chain)
            ended += chains
            hand.caller.close()
            if number == rounds:
                assert server.stop() == 0
                break
            acknowledged = Count()
            clients = [Client(Hand(server.caller()), f"{seed} {number} {n}", acknowledged) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            acknowledged.reaches(dice.randint(60, 300))
            server.kill()
            for client in clients:
                client.join()
            for client in clients:
                if client.failure is not None:
                    raise client.failure
            unanswered += sum(client.went_unanswered for client in clients)
            chains = worth_checking([chain for client in clients for chain in client.chains], dice)
    assert unanswered == rounds * CLIENTS
    assert {chain.ended for chain in ended} == {True, False}
    assert any(chain.unanswered for chain in ended), "no kill ever met a request"
    whole(data)


def worth_checking(chains: list[Chain], dice: random.Random) -> list[Chain]:
    befallen = [chain for chain in chains if chain.unanswered is not None or chain.ended]
    others = [chain for chain in chains if chain.unanswered is None and not chain.ended]
    return befallen + dice.sample(others, min(len(others), CHECKED))


def whole(data: Path) -> None:
    """Every file is sound, and nothing half-made lies about."""
    files = [path for path in data.rglob("*") if path.is_file() and path.suffix not in (".token", ".key", ".id")]
    assert {path.suffix for path in files if path.name != "LOCK"} == {".db"}
    for path in files:
        if path.suffix == ".db":
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            connection.close()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 3, "short")


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_what_was_acknowledged_survives_many_kills(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 50, f"{random.random()}")
