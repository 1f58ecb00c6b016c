"""Tokens of random clients with random keys: none of them ever opens anything with another key, or with none.

The model is what a client was told: `token_type` and who had proven what when it was. A public client's refresh token
goes with the key of the answer that it came in, a confidential client's with the client alone.
"""

import asyncio
import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tenants.acts.issue import Tokens
from tenants.acts.userinfo import userinfo
from tenants.oauth.dpop import Proof
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ShownToken
from tenants.records import Policy
from tests.support.signer import b64
from tests.support.tenant import ATenant, Registered, a_tenant

R = TypeVar("R")

SHORT = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=300, stateful_step_count=60, derandomize=False)
KEYS = tuple(b64(digest(name)) for name in ("one key", "another key"))
keys = st.sampled_from((None, *KEYS))
POLICY = Policy(scopes=("openid", "email"), replay_window=60)


@dataclass
class Held:
    """A refresh token and an access token, and which key they were given for."""

    client: int
    key: str | None
    tokens: Tokens
    spent: bool = False


class BoundTokens(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._house = AsyncExitStack()
        self._numbers = count()
        self.held: list[Held] = []

    def teardown(self) -> None:
        self._loop.run_until_complete(self._house.aclose())
        self._loop.close()

    @initialize()
    def open(self) -> None:
        directory = self._house.enter_context(TemporaryDirectory())
        self.tenant: ATenant = self._loop.run_until_complete(
            self._house.enter_async_context(a_tenant(Path(directory), POLICY))
        )
        self.clients: list[Registered] = [
            self._loop.run_until_complete(self.tenant.client(token_endpoint_auth_method=method))
            for method in ("none", "client_secret_basic")
        ]

    @rule(client=st.integers(0, 1), named=keys, key=keys)
    def redeem(self, client: int, named: str | None, key: str | None) -> None:
        """A code, for one key or for any, is redeemed by whoever has a key or none."""
        code = self._loop.run_until_complete(self.tenant.code(self.clients[client], dpop_jkt=named))
        given = self._answer(self.tenant.redeem(self.clients[client], code, proof=self._proof(key)))
        assert (given is not None) == (named in (None, key))
        self._hold(client, key, given)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 1_000), key=keys)
    def refresh(self, which: int, key: str | None) -> None:
        held = self.held[which % len(self.held)]
        if held.spent:
            return
        client = self.clients[held.client]
        given = self._answer(self.tenant.refresh(client, held.tokens.refresh_token, proof=self._proof(key)))
        assert (given is not None) == (held.client == 1 or held.key in (None, key))
        if given is not None:
            held.spent = True
            self._hold(held.client, key, given)
            for other in (None, *KEYS):
                again = self._answer(self.tenant.refresh(client, held.tokens.refresh_token, proof=self._proof(other)))
                assert again == (given if other == key else None)

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 1_000), key=keys)
    def show(self, which: int, key: str | None) -> None:
        held = self.held[which % len(self.held)]
        access = held.tokens.access_token
        proof = self._proof(key, b64(digest(access)))
        told = self._answer(self.tenant.run(userinfo, ShownToken(access, proof)))
        counts = self._loop.run_until_complete(self.tenant.counts(self.clients[held.client], access))
        assert (told is not None) == (counts and held.key == key)

    def _hold(self, client: int, key: str | None, tokens: Tokens | None) -> None:
        if tokens is not None:
            assert tokens.token_type == ("Bearer" if key is None else "DPoP")
            self.held.append(Held(client, key, tokens))

    def _proof(self, key: str | None, token_hash: str | None = None) -> Proof | None:
        if key is None:
            return None
        now = self.tenant.clock.now
        return Proof(jkt=key, jti=str(next(self._numbers)), made_at=now, nonce=None, token_hash=token_hash)

    def _answer(self, asked: Awaitable[R]) -> R | None:
        async def answered() -> R | None:
            try:
                return await asked
            except Refusal:
                return None

        return self._loop.run_until_complete(answered())


TestBoundTokens = BoundTokens.TestCase
TestBoundTokens.settings = LONG if os.environ.get("STORAGE_TESTS") == "long" else SHORT
