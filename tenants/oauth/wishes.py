"""How a user is to sign in, and which one, as who asks wishes it (OpenID Connect Core §3.1.2.1, §5.5)."""

import re
from dataclasses import dataclass
from urllib.parse import quote_plus

from tenants.oauth import claims_request
from tenants.oauth.claims_request import ClaimsRequest
from tenants.oauth.parameters import Parameters, parse
from tenants.oauth.refusal import Refusal

MAX_LOGIN_HINT = 320
MAX_ACR_VALUES = 512
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_ANEW = frozenset({"login", "select_account"})
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    """Who is expected, if that was said in a way that can be read."""
    id_token_hint: str | None = None
    acr_values: str | None = None
    """How well the user is to prove who they are, with spaces between, the best first; a wish, no more."""
    claims: ClaimsRequest = claims_request.NONE

    @property
    def anew(self) -> frozenset[str]:
        """The prompts that no sign-in of before can meet."""
        return self.prompt & _ANEW

    def met_by(self, authenticated_at: int, now: int, acr: str | None) -> bool:
        """Whether a sign-in of then, of this class, is recent and good enough now."""
        if self.claims.acr and acr not in self.claims.acr:
            return False
        return not self.anew and (self.max_age is None or now - authenticated_at < max(self.max_age, 1))


NONE = Wishes(prompt=frozenset(), max_age=None, login_hint=None)


def read(asked: Parameters) -> Wishes:
    """Refusal `invalid_request` for a prompt or an age that says nothing, and for malformed claims."""
    claims = claims_request.read(asked.raw("claims"))
    return Wishes(
        prompt=_prompt(asked.one("prompt")),
        max_age=_max_age(asked.one("max_age")),
        login_hint=_login_hint(asked.raw("login_hint")),
        id_token_hint=asked.raw("id_token_hint"),
        acr_values=_acr_values(asked.raw("acr_values"), claims),
        claims=claims,
    )


def granted(query: bytes) -> bytes:
    """The query string without the wish for a fresh sign-in, which has just been granted."""
    pairs: list[str] = []
    for name, values in parse(query).values.items():
        for value in values:
            if name == "prompt":
                value = " ".join(word for word in value.split(" ") if word not in _ANEW)
            if name != "max_age" and (name != "prompt" or value):
                pairs.append(f"{quote_plus(name)}={quote_plus(value)}")
    return "&".join(pairs).encode("ascii")


def _prompt(text: str | None) -> frozenset[str]:
    prompt = frozenset(text.split(" ")) if text else frozenset[str]()
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise Refusal("invalid_request", "prompt must be none, or any of login, consent and select_account")
    return prompt


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise Refusal("invalid_request", "max_age must be a number of seconds")
    return int(text)


def _acr_values(text: str | None, claims: ClaimsRequest) -> str | None:
    """Of both ways to say it. Like a login hint it only helps."""
    wished = " ".join(dict.fromkeys((*(text or "").split(" "), *claims.acr_wished))).strip(" ")
    return wished if wished and len(wished) <= MAX_ACR_VALUES and wished.isprintable() else None


def _login_hint(text: str | None) -> str | None:
    """It only helps, so one that is no use is as good as none."""
    return text if text is not None and len(text) <= MAX_LOGIN_HINT and text.isprintable() else None
