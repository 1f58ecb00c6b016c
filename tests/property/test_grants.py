"""A grant in random hands: whatever is asked, in whatever order and at whatever time, is answered as the model says.

The model is a few lines: a code yields tokens once, one refresh token of a grant is live, a second use ends it, and
after its end nothing of it works. A refusal that was raised leaves no trace in the file; one that was returned stays.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tenants.acts.issue import MAX_LIVE, Tokens
from tenants.oauth.refusal import Refusal
from tenants.records import DAY, Policy
from tests.support.tenant import VERIFIER, ATenant, Registered, a_tenant

SHORT = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=300, stateful_step_count=60, derandomize=False)

POLICY = Policy(
    access_token_ttl=600,
    refresh_token_ttl=2 * DAY,
    grant_ttl=5 * DAY,
    authorization_code_ttl=300,
    replay_window=60,
    unused_client_ttl=3_000 * DAY,
)


@dataclass
class Model:
    """What is expected of one grant."""

    client: int
    code: str
    code_end: int
    end: int
    answers: list[Tokens] = field(default_factory=list[Tokens])
    """One a generation."""
    ends: list[int] = field(default_factory=list[int])
    """When the access token of each answer ends."""
    withdrawn: set[int] = field(default_factory=set[int])
    """Whose access token was revoked, or pushed out by newer ones."""
    refresh_end: int = 0
    rotated_at: int = 0
    dead: bool = False
    gone: bool = False
    """Swept: its row is no more."""

    def lives(self, now: int) -> bool:
        return not self.dead and not self.gone and self.end > now

    def gained(self, tokens: Tokens, now: int) -> None:
        kept = [n for n, end in enumerate(self.ends) if n not in self.withdrawn and end > now]
        self.withdrawn |= set(kept[: max(0, len(kept) - MAX_LIVE + 1)])
        self.answers.append(tokens)
        self.ends.append(min(now + POLICY.access_token_ttl, self.end))
        self.refresh_end = min(now + POLICY.refresh_token_ttl, self.end)
        self.rotated_at = now

    def sweep(self, now: int) -> None:
        spent = bool(self.answers) or self.code_end <= now
        last = max((end for n, end in enumerate(self.ends) if n not in self.withdrawn), default=0)
        self.gone |= self.dead or self.end <= now or (spent and self.refresh_end <= now and last <= now)


class Grants(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.grants: list[Model] = []
        self.clients: list[Registered] = []
        self.t: ATenant

    @initialize(opaque=st.booleans())
    def found(self, opaque: bool) -> None:
        policy = replace(POLICY, token_format="opaque" if opaque else "jwt")
        self.t = self.runner.run(self.stack.enter_async_context(a_tenant(Path(self.directory.name), policy)))
        self.clients = [self.runner.run(self.t.client()) for _ in range(2)]

    @property
    def now(self) -> int:
        return self.t.clock.now

    # --- what happens

    @rule(client=st.integers(0, 1))
    def authorize(self, client: int) -> None:
        code = self.runner.run(self.t.code(self.clients[client], scope="openid email"))
        self.grants.append(Model(client, code, self.now + POLICY.authorization_code_ttl, self.now + POLICY.grant_ttl))

    @rule(client=st.integers(0, 1), times=st.integers(0, 5))
    def authorize_and_use(self, client: int, times: int) -> None:
        """What nearly every client does: so that there is something that can go wrong."""
        self.authorize(client)
        grant, name = self.grants[-1], self.clients[client]
        grant.gained(self.runner.run(self.t.redeem(name, grant.code)), self.now)
        for _ in range(times):
            grant.gained(self.runner.run(self.t.refresh(name, grant.answers[-1].refresh_token)), self.now)

    @rule(seconds=st.sampled_from([1, 59, 61, 299, 301, 601, DAY, 2 * DAY]))
    def wait(self, seconds: int) -> None:
        self.t.clock.forward(seconds)

    @rule()
    def fall_asleep(self) -> None:
        self.runner.run(self.t.sleep())

    @rule()
    def maintain(self) -> None:
        self.runner.run(self.t.maintain())
        for grant in self.grants:
            grant.sweep(self.now)

    @precondition(lambda self: self.grants)
    @rule(
        data=st.data(),
        proven=st.sampled_from([True, True, True, False]),
        stranger=st.sampled_from([False] * 4 + [True]),
    )
    def redeem(self, data: st.DataObject, proven: bool, stranger: bool) -> None:
        fresh = [grant for grant in self.grants if not grant.answers]
        grant = data.draw(st.sampled_from([*fresh[-2:], self.grants[-1]]))
        asked = self.t.redeem(self.by(grant, stranger), grant.code, verifier=VERIFIER if proven else "w" * 43)
        if stranger or grant.gone or grant.dead:
            self.runner.run(self.refused_without_a_trace(asked))
        elif grant.answers:
            self.runner.run(self.refused_for_good(asked, grant))
        elif grant.code_end <= self.now:
            self.runner.run(self.refused_without_a_trace(asked))
        elif not proven:
            self.runner.run(self.refused_for_good(asked, grant))
        else:
            grant.gained(self.runner.run(asked), self.now)

    @precondition(lambda self: any(grant.answers for grant in self.grants))
    @rule(data=st.data(), stranger=st.sampled_from([False] * 4 + [True]))
    def refresh(self, data: st.DataObject, stranger: bool) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.grants if grant.answers][-3:]))
        asked = self.t.refresh(self.by(grant, stranger), grant.answers[-1].refresh_token)
        if stranger or grant.gone or grant.dead or grant.refresh_end <= self.now:
            self.runner.run(self.refused_without_a_trace(asked))
        else:
            grant.gained(self.runner.run(asked), self.now)

    @precondition(lambda self: any(len(grant.answers) > 1 for grant in self.grants))
    @rule(data=st.data(), back=st.sampled_from([2, 2, 3]), stranger=st.sampled_from([False] * 4 + [True]))
    def refresh_with_a_spent_one(self, data: st.DataObject, back: int, stranger: bool) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.grants if len(grant.answers) > 1][-3:]))
        back = min(back, len(grant.answers))
        asked = self.t.refresh(self.by(grant, stranger), grant.answers[-back].refresh_token)
        if stranger or grant.gone or grant.dead:
            self.runner.run(self.refused_without_a_trace(asked))
        elif back == 2 and self.now - grant.rotated_at <= POLICY.replay_window:
            self.runner.run(self.answered_alike(asked, grant))
        else:
            self.runner.run(self.refused_for_good(asked, grant))

    @precondition(lambda self: any(self.refreshable(grant) for grant in self.grants))
    @rule(data=st.data(), times=st.integers(2, 5))
    def refresh_at_once(self, data: st.DataObject, times: int) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.grants if self.refreshable(grant)]))
        token, client = grant.answers[-1].refresh_token, self.clients[grant.client]
        answers = self.runner.run(self.at_once([self.t.refresh(client, token) for _ in range(times)]))
        assert all(answer == answers[0] for answer in answers)
        assert isinstance(answers[0], Tokens)
        grant.gained(answers[0], self.now)

    @precondition(lambda self: any(self.redeemable(grant) for grant in self.grants))
    @rule(data=st.data(), times=st.integers(2, 5))
    def redeem_at_once(self, data: st.DataObject, times: int) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.grants if self.redeemable(grant)]))
        client = self.clients[grant.client]
        answers = self.runner.run(self.at_once([self.t.redeem(client, grant.code) for _ in range(times)]))
        assert [isinstance(answer, Tokens) for answer in answers] == [True] + [False] * (times - 1)
        assert isinstance(answers[0], Tokens)
        grant.gained(answers[0], self.now)
        grant.dead = True

    @precondition(lambda self: any(grant.answers for grant in self.grants))
    @rule(data=st.data(), back=st.integers(1, 3), of_access=st.booleans())
    def revoke(self, data: st.DataObject, back: int, of_access: bool) -> None:
        grant = data.draw(st.sampled_from([grant for grant in self.grants if grant.answers][-3:]))
        place = max(len(grant.answers) - back, 0)
        answer = grant.answers[place]
        token = answer.access_token if of_access else answer.refresh_token
        self.runner.run(self.t.revoke(self.clients[grant.client], token))
        if of_access:
            if grant.lives(self.now):
                grant.withdrawn.add(place)
        elif not grant.gone:
            grant.dead = True

    # --- what holds

    @invariant()
    def access_tokens_count_or_not(self) -> None:
        for grant in self.grants[-3:]:
            expected = [
                grant.lives(self.now) and number not in grant.withdrawn and end > self.now
                for number, end in enumerate(grant.ends)
            ]
            told = [
                self.runner.run(self.t.counts(self.clients[grant.client], answer.access_token))
                for answer in grant.answers
            ]
            assert told == expected

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.directory.cleanup()

    # --- in other words

    def by(self, grant: Model, stranger: bool) -> Registered:
        return self.clients[1 - grant.client if stranger else grant.client]

    def redeemable(self, grant: Model) -> bool:
        return grant.lives(self.now) and not grant.answers and grant.code_end > self.now

    def refreshable(self, grant: Model) -> bool:
        return grant.lives(self.now) and bool(grant.answers) and grant.refresh_end > self.now

    async def at_once(self, asked: list[Coroutine[Any, Any, Tokens]]) -> list[object]:
        return await asyncio.gather(*asked, return_exceptions=True)

    async def refused_without_a_trace(self, asked: Coroutine[Any, Any, Tokens]) -> None:
        before = await self.t.dump()
        await refused(asked)
        assert await self.t.dump() == before

    async def refused_for_good(self, asked: Coroutine[Any, Any, Tokens], grant: Model) -> None:
        before = await self.t.dump()
        await refused(asked)
        assert await self.t.dump() != before
        grant.dead = True

    async def answered_alike(self, asked: Coroutine[Any, Any, Tokens], grant: Model) -> None:
        before = but_clients(await self.t.dump())
        last = grant.answers[-1]
        waited = self.now - grant.rotated_at
        assert await asked == replace(last, expires_in=max(last.expires_in - waited, 0))
        assert but_clients(await self.t.dump()) == before


def but_clients(dump: list[str]) -> list[str]:
    """All but when a client was last used, which any answer may note."""
    return [line for line in dump if not line.startswith('INSERT INTO "clients"')]


async def refused(asked: Coroutine[Any, Any, Tokens]) -> None:
    try:
        await asked
    except Refusal as refusal:
        assert refusal.code == "invalid_grant"  # noqa: PT017  whatever else it raises fails the test as it should
    else:
        raise AssertionError("it was not refused")


TestGrants = Grants.TestCase
TestGrants.settings = LONG if os.environ.get("STORAGE_TESTS") == "long" else SHORT
