"""The development identity provider: users from the settings, in dev mode only. Nobody's password is kept here."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from server.settings import DevUser
from tenants.acts.who import DEV
from tenants.oauth.claims import Profile


@dataclass(frozen=True, slots=True)
class DevProvider:
    users: tuple[DevUser, ...]
    allow_any_credentials: bool = False
    auto_sign_in: str | None = None
    automatic_consent: bool = False

    @property
    def automatic_user(self) -> Profile | None:
        return None if self.auto_sign_in is None else self._profile(self.auto_sign_in)

    def check(self, email: str, password: str) -> Profile | None:
        """Who signs in with these, or None. An unknown address takes as long as a wrong password."""
        given = sha256(password.encode("utf-8")).digest()
        matching = False
        for user in self.users:
            same = hmac.compare_digest(given, sha256(user.password.encode("utf-8")).digest())
            matching |= same and user.email.lower() == email.lower()
        if not email or not (matching or self.allow_any_credentials):
            return None
        return self._profile(email)

    def _profile(self, email: str) -> Profile:
        user = next((user for user in self.users if user.email.lower() == email.lower()), DevUser(email, ""))
        return Profile(
            provider=DEV, subject=user.email.lower(), email=user.email, email_verified=True, name=user.name or None
        )
