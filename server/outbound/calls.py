"""The calls that every identity provider is asked with: redeem a code, and ask about whom a token is."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

from server.outbound.fetcher import Answer, Fetcher
from tenants.acts.upstream import Redemption
from tenants.oauth import json_text
from tenants.oauth.id_token import Unproven

CALL_SECONDS = 5.0
MAX_BYTES = 65_536
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Calls:
    """On behalf of one tenant. Everything raises Unreachable or Unproven, neither of which quotes the provider."""

    fetcher: Fetcher
    tenant: str

    async def document(self, url: str) -> Mapping[str, Any]:
        """A public JSON object."""
        return json_object(await self._get(url, {}))

    async def about(self, url: str, access_token: str) -> Mapping[str, Any]:
        """What the provider says to the bearer of a token (OpenID Connect Core §5.3)."""
        return json_object(await self._get(url, _bearer(access_token)))

    async def listed(self, url: str, access_token: str) -> list[Any]:
        """A JSON list, asked for by the bearer of a token."""
        answer = await self._get(url, _bearer(access_token))
        value = _json(answer)
        if answer.status != 200 or not isinstance(value, list):
            raise Unproven(f"it answered with status {answer.status} and not with a list")
        return cast("list[Any]", value)

    async def redeem(self, token_uri: str, redemption: Redemption, *, as_json: bool = False) -> Mapping[str, Any]:
        """The token endpoint's answer (RFC 6749 §4.1.3, §5.2; RFC 7636 §4.5)."""
        provider, secret = redemption.provider, redemption.secret
        members = {
            "grant_type": "authorization_code",
            "code": redemption.code,
            "redirect_uri": redemption.redirect_uri,
            "code_verifier": redemption.verifier,
        }
        headers = {"Accept": "application/json"}
        if provider.auth_method == "client_secret_basic" and secret is not None:
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"  # RFC 6749 §2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"
        else:
            members |= {"client_id": provider.client_id, **({"client_secret": secret} if secret is not None else {})}
        headers["Content-Type"] = "application/json" if as_json else "application/x-www-form-urlencoded"
        body = json.dumps(members) if as_json else urlencode(members)
        answer = await self.fetcher.fetch(
            self.tenant,
            "POST",
            token_uri,
            headers=headers,
            body=body.encode("ascii"),
            max_bytes=MAX_BYTES,
            seconds=CALL_SECONDS,
        )
        value = _json(answer)
        said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        error = said.get("error")
        if answer.status != 200 or error is not None or not said:
            word = error if isinstance(error, str) and _ERROR.fullmatch(error) else "no error code"
            raise Unproven(f"the token endpoint answered with status {answer.status} and {word}")
        return said

    async def _get(self, url: str, headers: Mapping[str, str]) -> Answer:
        return await self.fetcher.fetch(
            self.tenant,
            "GET",
            url,
            headers={"Accept": "application/json", "User-Agent": "tenantry", **headers},
            max_bytes=MAX_BYTES,
            seconds=CALL_SECONDS,
        )


def text_of(said: Mapping[str, Any], member: str) -> str:
    """A token in an answer. Raises Unproven if it is not there."""
    value = said.get(member)
    if not isinstance(value, str) or not value:
        raise Unproven(f"there is no {member} in the answer of the token endpoint")
    return value


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
