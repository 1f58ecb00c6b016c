"""The calls that every identity provider is asked with: redeem a code, and ask about whom a token is."""

import json
import re
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

from server.outbound.fetcher import Answer, Fetcher, Unreachable
from tenants.acts.upstream import Redemption
from tenants.oauth import json_text, own_assertion
from tenants.oauth.foreign_jwt import Unproven
from tenants.records import IdentityProvider

CALL_SECONDS = 5.0
MAX_BYTES = 65_536
_ERROR = re.compile(r"[a-z_]{1,40}")
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class InvalidGrant(Unproven):
    """The code or the refresh token counts no more (RFC 6749 §5.2)."""


@dataclass(frozen=True, slots=True)
class Said:
    """By a provider, of the user who signed in there."""

    claims: Mapping[str, Any]
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Calls:
    """On behalf of one tenant. Everything raises Unreachable or Unproven, neither of which quotes the provider."""

    fetcher: Fetcher
    tenant: str
    seconds: float = CALL_SECONDS
    """What one of them may take."""

    async def document(self, url: str) -> Mapping[str, Any]:
        """A public JSON object. A server that says that it cannot answer now is as unreachable as a silent one."""
        answer = await self.get(url)
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable(f"it answered with status {answer.status}")
        return json_object(answer)

    async def about(self, url: str, access_token: str) -> Mapping[str, Any]:
        """What the provider says to the bearer of a token (OpenID Connect Core §5.3)."""
        return json_object(await self.get(url, _bearer(access_token)))

    async def listed(self, url: str, access_token: str) -> list[Any]:
        """A JSON list, asked for by the bearer of a token."""
        answer = await self.get(url, _bearer(access_token))
        value = _json(answer)
        if answer.status != 200 or not isinstance(value, list):
            raise Unproven(f"it answered with status {answer.status} and not with a list")
        return cast("list[Any]", value)

    async def redeem(self, token_uri: str, redemption: Redemption, *, as_json: bool = False) -> Mapping[str, Any]:
        """The tokens for a code (RFC 6749 §4.1.3; RFC 7636 §4.5)."""
        grant = code_grant(redemption.code, redemption.redirect_uri, redemption.verifier)
        return await self.tokens(token_uri, redemption.provider, redemption.proof, grant, as_json=as_json)

    async def tokens(
        self,
        token_uri: str,
        provider: IdentityProvider,
        proof: str | None,
        grant: Mapping[str, str],
        *,
        as_json: bool = False,
    ) -> Mapping[str, Any]:
        """What its client is given at the token endpoint (RFC 6749 §5). `proof` is of provider_proof.shown."""
        answer = await self.present(token_uri, provider, proof, grant, as_json=as_json)
        said = said_in(answer)
        error = said.get("error")
        if answer.status != 200 or error is not None or not said:
            word = error if isinstance(error, str) and _ERROR.fullmatch(error) else "no error code"
            of_grant = word == "invalid_grant" and 400 <= answer.status < 500  # Auth0 answers 403 for a blocked user
            if provider.kind == "github":  # which has a word of its own, and says it with status 200 too
                of_grant = word == "bad_refresh_token" and answer.status < 500
            kind = InvalidGrant if of_grant else Unproven
            raise kind(f"the token endpoint answered with status {answer.status} and {word}")
        return said

    async def present(
        self,
        token_uri: str,
        provider: IdentityProvider,
        proof: str | None,
        grant: Mapping[str, str],
        *,
        as_json: bool = False,
    ) -> Answer:
        """What the token endpoint says to its client, whatever it is."""
        headers, members = _authenticated(provider, proof)
        members |= grant
        headers["Accept"] = "application/json"
        headers["Content-Type"] = "application/json" if as_json else "application/x-www-form-urlencoded"
        body = json.dumps(members) if as_json else urlencode(members)
        return await self.fetcher.fetch(
            self.tenant,
            "POST",
            token_uri,
            headers=headers,
            body=body.encode("ascii"),
            max_bytes=MAX_BYTES,
            seconds=self.seconds,
        )

    async def get(self, url: str, headers: Mapping[str, str] = _NO_HEADERS, *, max_bytes: int = MAX_BYTES) -> Answer:
        return await self.fetcher.fetch(
            self.tenant,
            "GET",
            url,
            headers={"Accept": "application/json", "User-Agent": "tenantry", **headers},
            max_bytes=max_bytes,
            seconds=self.seconds,
        )


def code_grant(code: str, redirect_uri: str, verifier: str) -> Mapping[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }


def _authenticated(provider: IdentityProvider, proof: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """The header fields and the parameters that say which client asks (RFC 6749 §2.3.1, RFC 7523 §2.2)."""
    method, client_id = provider.auth_method, provider.client_id
    if proof is None:
        return {}, {"client_id": client_id}
    if method == "client_secret_basic":
        pair = f"{quote_plus(client_id)}:{quote_plus(proof)}"
        return {"Authorization": f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"}, {}
    if method == "private_key_jwt":
        shown = {"client_assertion_type": own_assertion.TYPE, "client_assertion": proof}
        return {}, {"client_id": client_id, **shown}
    return {}, {"client_id": client_id, "client_secret": proof}


def text_of(said: Mapping[str, Any], member: str) -> str:
    """A token in an answer. Raises Unproven if it is not there."""
    value = said.get(member)
    if not isinstance(value, str) or not value:
        raise Unproven(f"there is no {member} in the answer of the token endpoint")
    return value


def refresh_token_in(tokens: Mapping[str, Any]) -> str | None:
    value = tokens.get("refresh_token")
    return value if isinstance(value, str) else None


def unverified(token: object) -> Mapping[str, Any]:
    """The claims of a JWT that came straight from its maker over TLS; none if it is not one."""
    try:
        segment = str(token).split(".")[1]
        value = json_text.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, IndexError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def said_in(answer: Answer) -> Mapping[str, Any]:
    """The members of the JSON object that it is, or none."""
    value = _json(answer)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def json_object(answer: Answer) -> Mapping[str, Any]:
    value = _json(answer)
    if answer.status != 200 or not isinstance(value, dict):
        raise Unproven(f"it answered with status {answer.status} and not with a JSON object")
    return cast("dict[str, Any]", value)


def _json(answer: Answer) -> object:
    try:
        return json_text.parse(answer.body)
    except json_text.NotJson:
        return None


def _bearer(access_token: str) -> dict[str, str]:
    if not access_token.isascii() or not access_token.isprintable():
        raise Unproven("the access token has characters that none can have")
    return {"Authorization": f"Bearer {access_token}"}
