"""Clients that write down what was acknowledged to them, and what must hold of it after a crash.

What is checked: a consumption that was acknowledged never succeeds again; a revocation that was acknowledged stays;
what was given out is good; a code gives tokens once and a grant has one live chain; what was not answered is either
done or not, never half, and asking again gets an answer that is documented.
"""

import random
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from tenants.oauth.pkce import challenge_of
from tests.fault.served import Answer, Caller, Unanswered
from tests.support.tenant import CALLBACK, VERIFIER, parameters

Step = Literal["redeem", "refresh", "revoke", "reuse"]


@dataclass
class Chain:
    """One grant, as its client knows it."""

    client: str
    code: str
    answers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ended: bool = False
    """By a revocation, or the reuse of its code, that was acknowledged."""
    unanswered: Step | None = None

    @property
    def refresh_token(self) -> str:
        return self.answers[-1]["refresh_token"]

    @property
    def access_token(self) -> str:
        return self.answers[-1]["access_token"]


class Hand:
    """What a client does, over one connection. Every method may raise Unanswered."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def register(self) -> str:
        metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return told(self.caller.post_json("/register", metadata), 201)["client_id"]

    def authorize(self, client: str) -> Chain:
        answer = self.caller.get(
            "/authorize",
            response_type="code",
            client_id=client,
            redirect_uri=CALLBACK,
            code_challenge=challenge_of(VERIFIER),
            code_challenge_method="S256",
        )
        assert answer.status == 302, answer
        return Chain(client, parameters(answer.headers["location"])["code"])

    def redeem(self, chain: Chain) -> Answer:
        return self.caller.post(
            "/token",
            grant_type="authorization_code",
            code=chain.code,
            code_verifier=VERIFIER,
            redirect_uri=CALLBACK,
            client_id=chain.client,
        )

    def refresh(self, chain: Chain, token: str) -> Answer:
        return self.caller.post("/token", grant_type="refresh_token", refresh_token=token, client_id=chain.client)

    def revoke(self, chain: Chain) -> None:
        answer = self.caller.post("/revoke", token=chain.refresh_token, client_id=chain.client)
        assert answer.status == 200, answer

    def counts(self, chain: Chain) -> bool:
        return told(self.caller.post("/introspect", token=chain.access_token, client_id=chain.client), 200)["active"]


class Client(threading.Thread):
    """Does one thing after another until it is not answered any more."""

    def __init__(self, hand: Hand, seed: str, acknowledged: "Count") -> None:
        super().__init__(name=f"client {seed}", daemon=True)
        self.hand = hand
        self.dice = random.Random(seed)
        self.acknowledged = acknowledged
        self.chains: list[Chain] = []
        self.failure: BaseException | None = None
        self.went_unanswered = False

    def run(self) -> None:
        try:
            client = self.hand.register()
            while True:
                if self.dice.random() < 0.05:
                    client = self.hand.register()
                elif not self.chains or self.dice.random() < 0.3:
                    self.chains.append(self.hand.authorize(client))
                else:
                    self.go_on(self.dice.choice(self.chains[-6:]))
                self.acknowledged.one_more()
        except Unanswered:
            self.went_unanswered = True
        except BaseException as error:
            self.failure = error
            self.acknowledged.give_up()
        finally:
            self.hand.caller.close()

    def go_on(self, chain: Chain) -> None:
        dice = self.dice.random()
        if chain.ended:
            refused(self.hand.refresh(chain, chain.refresh_token))
            return
        step: Step = "refresh"
        if not chain.answers:
            step = "redeem"
        elif dice < 0.15:
            step = "revoke"
        elif dice < 0.25:
            step = "reuse"
        chain.unanswered = step
        if step == "redeem":
            chain.answers.append(told(self.hand.redeem(chain), 200))
        elif step == "refresh":
            chain.answers.append(told(self.hand.refresh(chain, chain.refresh_token), 200))
        elif step == "revoke":
            self.hand.revoke(chain)
            chain.ended = True
        else:
            refused(self.hand.redeem(chain))
            chain.ended = True
        chain.unanswered = None


class Count:
    """How much has been acknowledged to all of them."""

    def __init__(self) -> None:
        self._reached = threading.Condition()
        self.number = 0
        self._given_up = False

    def give_up(self) -> None:
        with self._reached:
            self._given_up = True
            self._reached.notify_all()

    def one_more(self) -> None:
        with self._reached:
            self.number += 1
            self._reached.notify_all()

    def reaches(self, number: int) -> None:
        with self._reached:
            there = self._reached.wait_for(lambda: self._given_up or self.number >= number, timeout=30)
            assert there, "the clients stand still"


def check(hand: Hand, chain: Chain) -> None:
    """What must hold of a chain after a crash. In the end the chain has ended."""
    if chain.ended:
        pass
    elif chain.unanswered in ("revoke", "reuse"):
        alive = hand.counts(chain)
        answer = hand.refresh(chain, chain.refresh_token)
        assert answer.status == (200 if alive else 400), ("half done", chain, answer)
        hand.revoke(chain)
    elif chain.unanswered == "redeem":
        answer = hand.redeem(chain)
        if answer.status == 200:
            chain.answers.append(answer.members)
            check_alive(hand, chain)
        else:
            refused(answer)  # it was done: this was the second use
    else:
        if not chain.answers:
            chain.answers.append(told(hand.redeem(chain), 200))
        check_alive(hand, chain)
    check_ended(hand, chain)


def check_alive(hand: Hand, chain: Chain) -> None:
    if chain.unanswered != "refresh":
        assert hand.counts(chain), ("an acknowledged token is worth nothing", chain)
    spent = chain.refresh_token
    chain.answers.append(told(hand.refresh(chain, spent), 200))
    assert told(hand.refresh(chain, spent), 200)["refresh_token"] == chain.refresh_token, ("two chains", chain)
    chain.answers.append(told(hand.refresh(chain, chain.refresh_token), 200))
    assert hand.counts(chain)
    refused(hand.refresh(chain, spent))


def check_ended(hand: Hand, chain: Chain) -> None:
    refused(hand.redeem(chain))
    for answer in chain.answers[-2:]:
        refused(hand.refresh(chain, answer["refresh_token"]))
    assert not chain.answers or not hand.counts(chain), ("what was ended lives", chain)


def told(answer: Answer, status: int) -> dict[str, Any]:
    assert answer.status == status, answer
    return answer.members


def refused(answer: Answer) -> None:
    assert (answer.status, answer.members["error"]) == (400, "invalid_grant"), answer
