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
        if shown is None or not (self._is_certified(shown) or self.limits.knows(self._acquaintance(shown))):
            self.limits.admit("failure", self.address, self.policy.failure_limit)
            if shown is not None and shown.method == "none":
                self.limits.admit("failure", self._name(shown), self.policy.failure_limit)

    def was_answered(self, shown: Credentials | None, *, proven: bool, with_tokens: bool) -> None:
        """`proven` tells that it showed more than a name that anybody may use. Who did not has proved something only if
        it got tokens."""
        if shown is None:
            return
        if proven and shown.method == "none":
            self.limits.meet(self._by_certificate(shown))
        elif proven or with_tokens:
            self.limits.meet(self._acquaintance(shown))
        self._pay(shown)

    def was_refused(self, shown: Credentials | None, why: Refusal) -> None:
        """What a public client had to send, anybody may have made up and given to it. Where it is hosted, others share
        its address: so that is held against its name at this address, and it stays known.
        """
        if why.code == "invalid_client" or (shown is None and why.code == "invalid_grant"):
            self.fail()
            if shown is not None:
                self.limits.forget(self._acquaintance(shown))
                self.limits.forget(self._by_certificate(shown))
        elif why.code == "invalid_grant" and shown is not None and self._is_public(shown):
            self.limits.count("failure", self._name(shown), self.policy.failure_limit)
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
        return (shown.client_id, self.address) if self._is_public(shown) else (shown.client_id,)

    def _is_public(self, shown: Credentials) -> bool:
        """Whether anybody may show the same, as far as we know: that a certificate proves its client is known later."""
        return shown.method == "none" and not self._is_certified(shown)

    def _is_certified(self, shown: Credentials) -> bool:
        return shown.method == "none" and self.limits.knows(self._by_certificate(shown))

    def _acquaintance(self, shown: Credentials) -> int:
        """Who shows the same at the same address. A hash, so that no secret is kept."""
        return hash((self.address, shown.client_id, shown.method, shown.secret))

    def _by_certificate(self, shown: Credentials) -> int:
        """Whom it proved at the same address."""
        thumbprint = None if shown.certificate is None else shown.certificate.thumbprint
        return hash((self.address, shown.client_id, "certificate", thumbprint))


async def caller(tenant: Tenant, address: str) -> Caller:
    """`address` is that of the peer, or whom a trusted proxy says that it speaks for."""
    return Caller(tenant.limits, (await tenant.published()).policy, counted(address))
