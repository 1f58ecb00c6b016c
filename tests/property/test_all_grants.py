"""Tokens by every grant type in random hands: what a user allowed a client or a device, what a client or a workload has
in its own name, and what was passed on from one resource server to the next, is good exactly as long as the model says.

The model: a token counts until its end, or until it was given back; or until the grant ends that it stands on, or the
one that that stands on. A device code gives tokens once, when its user has said yes, and a second use ends them; the
word of a workload's platform gives a token once, and a second use nothing.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tenants.acts.device import INTERVAL, LIFETIME, begin
from tenants.acts.device_consent import AskDevice, AskUserCode, DeviceDecision, TypedCode, decide, look_up
from tenants.acts.issue import Tokens
from tenants.acts.token import exchange
from tenants.acts.who import start_session
from tenants.acts.workload_issuers import NewWorkloadIssuer, Settings, add_workload_issuer
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import (
    DEVICE_CODE,
    JWT_BEARER,
    TOKEN_EXCHANGE,
    AssertionRequest,
    DeviceAuthorizationRequest,
    DeviceCodeRequest,
    TokenExchangeRequest,
)
from tenants.records import DAY, ClaimMatch, Policy, WorkloadRule
from tests.support.signer import Signer
from tests.support.tenant import ALICE, BROWSER, ATenant, Registered, a_tenant

SHORT = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)
LONG = settings(SHORT, max_examples=300, stateful_step_count=60, derandomize=False)

POLICY = Policy(
    scopes=("mcp", "admin"),
    access_token_ttl=600,
    refresh_token_ttl=2 * DAY,
    grant_ttl=5 * DAY,
    session_ttl=366 * DAY,
    unused_client_ttl=3_000 * DAY,
)
A, B, C = (f"https://{name}.example/mcp" for name in "abc")
RELAYS = {A: ("S", B), B: ("T", C)}
"""Who is shown tokens for a resource, and for what it may exchange them."""
PLATFORM = Signer("ES256")
CLUSTER = NewWorkloadIssuer(
    id="cluster",
    issuer_uri="spiffe://cluster.example",
    settings=Settings(
        jwks=PLATFORM.jwks,
        rules=(WorkloadRule(client_id="W", claims=(ClaimMatch(claim="sub", pattern="agent"),)),),
    ),
)


@dataclass
class Grown:
    """A grant: a user's, a client's own, or one that stands on another."""

    client: str
    resource: str
    scopes: frozenset[str]
    parent: "Grown | None" = None
    refresh_token: str | None = None
    dead: bool = False

    @property
    def lives(self) -> bool:
        return not self.dead and (self.parent is None or self.parent.lives)


@dataclass
class Token:
    text: str
    grant: Grown
    end: int
    scopes: frozenset[str]
    withdrawn: bool = False

    def counts(self, now: int) -> bool:
        return self.grant.lives and not self.withdrawn and self.end > now


@dataclass
class Device:
    code: str
    user_code: str
    end: int
    interval: int = INTERVAL
    polled_at: int | None = None
    decided: bool | None = None
    grant: Grown | None = None


class AllGrants(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clients: dict[str, Registered] = {}
        self.tokens: list[Token] = []
        self.devices: list[Device] = []
        self.own: dict[tuple[str, str], Grown] = {}
        self.shown: list[str] = []
        self.session = ""
        self.t: ATenant

    @initialize(opaque=st.booleans())
    def found(self, opaque: bool) -> None:
        policy = replace(POLICY, token_format="opaque" if opaque else "jwt")
        self.t = self.runner.run(self.stack.enter_async_context(a_tenant(Path(self.directory.name), policy)))
        self.runner.run(self._settle())

    async def _settle(self) -> None:
        for name, uri in zip("abc", (A, B, C), strict=True):
            await self.t.resource(name, uri)
        self.clients["P"] = await self.t.client()
        both = [DEVICE_CODE, "refresh_token"]
        self.clients["D"] = await self.t.operators_client("D", token_endpoint_auth_method="none", grant_types=both)
        self.clients["M"] = await self.t.operators_client("M", grant_types=["client_credentials"])
        self.clients["W"] = await self.t.operators_client(
            "W", token_endpoint_auth_method="none", grant_types=[JWT_BEARER]
        )
        await self.t.run(add_workload_issuer, CLUSTER)
        for uri, (name, target) in RELAYS.items():
            self.clients[name] = await self.t.operators_client(name, (uri,), (target,), grant_types=[TOKEN_EXCHANGE])
        self.session, _, _ = await self.t.run(lambda turn, _: start_session(turn, ALICE), None)

    @property
    def now(self) -> int:
        return self.t.clock.now

    # --- what happens

    @rule(scope=st.sampled_from(["mcp", "mcp admin"]))
    def a_user_allows_a_client(self, scope: str) -> None:
        tokens = self.run(self.t.tokens(self.clients["P"], scope=scope, resource=A))
        grant = Grown("P", A, frozenset(scope.split()), refresh_token=tokens.refresh_token)
        self.gained(grant, tokens, POLICY.access_token_ttl)

    @rule(seconds=st.sampled_from([0, 1, 299]), times=st.integers(1, 2))
    def a_user_allows_a_client_and_it_is_passed_on(self, seconds: int, times: int) -> None:
        """So that there is something that can go wrong."""
        self.a_user_allows_a_client("mcp admin")
        self.t.clock.forward(seconds)
        for _ in range(times):
            self.pass_on(self.tokens[-1], None)

    @rule(resource=st.sampled_from([A, B]), scope=st.sampled_from(["mcp", "admin mcp", None]))
    def a_machine_asks_for_itself(self, resource: str, scope: str | None) -> None:
        tokens = self.run(self.t.tokens_for_itself(self.clients["M"], scope=scope, resources=(resource,)))
        self.gained_for_itself("M", resource, scope, tokens)

    @rule(resource=st.sampled_from([A, B]), scope=st.sampled_from(["mcp", "admin mcp", None]))
    def a_workload_shows_its_platforms_word(self, resource: str, scope: str | None) -> None:
        said = {"iss": CLUSTER.issuer_uri, "sub": "agent", "aud": f"{self.t.tenant.uri}/token"}
        said |= {"jti": str(len(self.shown)), "iat": self.now, "exp": self.now + 300}
        self.shown.append(PLATFORM.token(said))
        tokens = self.run(self.t.run(exchange, AssertionRequest(None, self.shown[-1], scope, (resource,))))
        self.gained_for_itself("W", resource, scope, tokens)

    @precondition(lambda self: self.shown)
    @rule(data=st.data(), resource=st.sampled_from([A, B]))
    def somebody_shows_it_again(self, data: st.DataObject, resource: str) -> None:
        word = data.draw(st.sampled_from(self.shown[-3:]))
        self.refused(self.t.run(exchange, AssertionRequest(None, word, None, (resource,))), "invalid_grant")

    @rule()
    def a_device_begins(self) -> None:
        asked = DeviceAuthorizationRequest(self.clients["D"].credentials, "mcp", (A,))
        told = self.run(self.t.run(begin, asked))
        self.devices.append(Device(told["device_code"], told["user_code"], self.now + LIFETIME))

    @precondition(lambda self: self.devices)
    @rule(data=st.data(), allow=st.sampled_from([True, True, False]))
    def its_user_decides(self, data: st.DataObject, allow: bool) -> None:
        device = data.draw(st.sampled_from(self.devices[-3:]))
        typed = TypedCode(browser=BROWSER, session=self.session, user_code=device.user_code)
        page = self.run(self.t.run(look_up, typed))
        if device.decided is not None or device.end <= self.now:
            assert isinstance(page, AskUserCode)
            return
        assert isinstance(page, AskDevice)
        said = DeviceDecision(ticket=page.ticket, browser=BROWSER, session=self.session, allow=allow)
        assert self.run(self.t.run(decide, said)) is allow
        self.refused(self.t.run(decide, replace(said, allow=True)), "invalid_request")
        device.decided = allow

    @precondition(lambda self: self.devices)
    @rule(data=st.data())
    def a_device_polls(self, data: st.DataObject) -> None:
        device = data.draw(st.sampled_from(self.devices[-3:]))
        asked = self.t.run(exchange, DeviceCodeRequest(self.clients["D"].credentials, device.code))
        if device.grant is not None:
            self.refused(asked, "invalid_grant", "expired_token")  # expired_token where nothing is left of it
            device.grant.dead = True
        elif device.end <= self.now:
            self.refused(asked, "expired_token")
        elif device.decided:
            tokens = self.run(asked)
            device.grant = Grown("D", A, frozenset({"mcp"}), refresh_token=tokens.refresh_token)
            self.gained(device.grant, tokens, POLICY.access_token_ttl)
        elif device.decided is False:
            self.refused(asked, "access_denied")
        else:
            early = device.polled_at is not None and self.now - device.polled_at < device.interval - 1
            device.interval += INTERVAL if early else 0
            device.polled_at = self.now
            self.refused(asked, "slow_down" if early else "authorization_pending")

    @precondition(lambda self: any(token.grant.resource in RELAYS for token in self.tokens))
    @rule(data=st.data(), scope=st.sampled_from([None, "mcp", "admin"]))
    def a_server_passes_on_what_it_was_shown(self, data: st.DataObject, scope: str | None) -> None:
        self.pass_on(
            data.draw(st.sampled_from([one for one in self.tokens if one.grant.resource in RELAYS][-6:])), scope
        )

    def pass_on(self, shown: Token, scope: str | None) -> None:
        name, target = RELAYS[shown.grant.resource]
        asked = self.t.run(exchange, TokenExchangeRequest(self.clients[name].credentials, shown.text, scope, (target,)))
        if not shown.counts(self.now) or shown.grant.client in ("M", "W"):
            self.refused(asked, "invalid_request")
        elif scope is not None and scope not in shown.scopes:
            self.refused(asked, "invalid_scope")
        else:
            tokens = self.run(asked)
            grant = Grown(name, target, shown.scopes, parent=shown.grant)
            self.gained(grant, tokens, min(POLICY.access_token_ttl, shown.end - self.now))
            assert self.tokens[-1].scopes == (shown.scopes if scope is None else {scope})

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), all_of_it=st.booleans())
    def a_client_gives_back(self, data: st.DataObject, all_of_it: bool) -> None:
        refreshed = [one for one in self.tokens if one.grant.refresh_token is not None] if all_of_it else []
        token = data.draw(st.sampled_from((refreshed or self.tokens)[-6:]))
        if all_of_it and token.grant.refresh_token is not None:
            self.run(self.t.revoke(self.clients[token.grant.client], token.grant.refresh_token))
            token.grant.dead = True
        else:
            self.run(self.t.revoke(self.clients[token.grant.client], token.text))
            token.withdrawn = True

    @rule(seconds=st.sampled_from([1, 4, 5, 11, 299, 601, DAY]))
    def wait(self, seconds: int) -> None:
        self.t.clock.forward(seconds)

    @rule()
    def fall_asleep(self) -> None:
        self.run(self.t.sleep())

    @rule()
    def maintain(self) -> None:
        self.run(self.t.maintain())

    # --- what holds

    @invariant()
    def access_tokens_count_or_not(self) -> None:
        for token in self.tokens[-6:]:
            told = self.run(self.t.introspect(self.clients[token.grant.client], token.text))
            assert told["active"] == token.counts(self.now), token
            if told["active"]:
                assert told["aud"] == token.grant.resource
                assert frozenset(told["scope"].split()) == token.scopes <= token.grant.scopes
                assert told["exp"] == token.end

    @invariant()
    def nothing_grows_with_what_is_asked(self) -> None:
        if not self.tokens:
            return
        grants = self.run(self.t.grants())
        own = [(grant.client_id, grant.resource) for grant in grants if grant.user_id is None]
        passed_on = [(grant.parent_id, grant.client_id, grant.resource) for grant in grants if grant.parent_id]
        assert len(own) == len(set(own))
        assert len(passed_on) == len(set(passed_on))

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.directory.cleanup()

    # --- in other words

    def run(self, asked: Any) -> Any:
        return self.runner.run(asked)

    def gained(self, grant: Grown, tokens: Tokens, lives: int) -> None:
        assert tokens.expires_in == lives
        self.tokens.append(Token(tokens.access_token, grant, self.now + lives, frozenset(tokens.scope.split())))

    def gained_for_itself(self, client: str, resource: str, scope: str | None, tokens: Tokens) -> None:
        grant = self.own.setdefault((client, resource), Grown(client, resource, frozenset(POLICY.scopes)))
        assert frozenset(tokens.scope.split()) == frozenset((scope or "mcp admin").split())
        self.gained(grant, tokens, POLICY.access_token_ttl)

    def refused(self, asked: Any, *codes: str) -> None:
        try:
            self.run(asked)
        except Refusal as refusal:
            assert refusal.code in codes, refusal.code  # noqa: PT017  whatever else it raises fails as it should
        else:
            raise AssertionError("it was not refused")


TestAllGrants = AllGrants.TestCase
TestAllGrants.settings = LONG if os.environ.get("STORAGE_TESTS") == "long" else SHORT
