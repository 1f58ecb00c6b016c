"""Whoever asks from one address, and how often they still may.

Who proved who they are pays for themselves. Only where nobody did, the address pays: so hosted clients, many of which
share a few addresses, are held up by none of the others once they have authenticated.
"""

from dataclasses import dataclass

from server.web.peer import counted
from tenants.limits import Limits
from tenants.oauth.claims import Profile
from tenants.oauth.client_auth import Credentials
from tenants.oauth.refusal import Refusal
from tenants.records import Policy
from tenants.tenant import Tenant

MAX_ACCOUNT = 320
"""Characters that are remembered of what somebody typed."""


@dataclass(slots=True)
class Caller:
    limits: Limits
    policy: Policy
    address: str
    """As it is counted."""

    def ask(self, shown: Credentials | None) -> None:
        """Before a turn is spent on a client that shows this. Raises TooMany."""
        if shown is not None and self.policy.client_limit.per_minute:
            self.limits.admit("client", self._name(shown), self.policy.client_limit)
        if shown is None or not self.limits.knows(self._acquaintance(shown)):
            self.limits.admit("failure", self.address, self.policy.failure_limit)

    def was_answered(self, shown: Credentials | None, *, with_tokens: bool) -> None:
        """A public client, which shows a name that anybody may use, has proved something only if it got tokens."""
        if shown is None:
            return
        if with_tokens or shown.method != "none":
            self.limits.meet(self._acquaintance(shown))
        self._pay(shown)

    def was_refused(self, shown: Credentials | None, why: Refusal) -> None:
        public = shown is None or shown.method == "none"
        if why.code == "invalid_client" or (public and why.code == "invalid_grant"):
            self.fail()
            if shown is not None:
                self.limits.forget(self._acquaintance(shown))
        if shown is not None and why.code != "invalid_client":
            self._pay(shown)

    def fail(self) -> None:
        self.limits.count("failure", self.address, self.policy.failure_limit)

    def register(self) -> None:
        """A client registers itself, or a device that anybody can be begins; whatever comes of it counts. Raises
        TooMany."""
        self.limits.admit("registration", self.address, self.policy.registration_limit)
        self.limits.count("registration", self.address, self.policy.registration_limit)

    def guess(self, *accounts: str) -> None:
        """Before a password is looked at, or the code of a device, which is guessed at by whom not by whose. Raises
        TooMany."""
        for account in accounts:
            self.limits.admit("guess", account[:MAX_ACCOUNT], self.policy.guess_limit)
        self.limits.admit("failure", self.address, self.policy.failure_limit)

    def guessed_wrong(self, *accounts: str) -> None:
        for account in accounts:
            self.limits.count("guess", account[:MAX_ACCOUNT], self.policy.guess_limit)
        self.fail()

    def sign_in(self, profile: Profile) -> None:
        """A user, who has proved who they are, is to get a session; it counts. Raises TooMany."""
        user = profile.provider, profile.subject
        self.limits.admit("session", user, self.policy.session_limit)
        self.limits.count("session", user, self.policy.session_limit)

    def _pay(self, shown: Credentials) -> None:
        if self.policy.client_limit.per_minute:
            self.limits.count("client", self._name(shown), self.policy.client_limit)

    def _name(self, shown: Credentials) -> tuple[str, ...]:
        return (shown.client_id,) if shown.method != "none" else (shown.client_id, self.address)

    def _acquaintance(self, shown: Credentials) -> int:
        """Who shows the same at the same address. A hash, so that no secret is kept."""
        return hash((self.address, shown.client_id, shown.method, shown.secret))


async def caller(tenant: Tenant, address: str) -> Caller:
    """`address` is that of the peer, or whom a trusted proxy says that it speaks for."""
    return Caller(tenant.limits, (await tenant.published()).policy, counted(address))
