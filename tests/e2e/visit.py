"""What a person and a client do at one issuer, step by step, and what its MCP server says to the tokens."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.e2e.person import Person
from tests.e2e.place import CALLBACK, KEEPER, TWIN, Place
from tests.support.clients import CHALLENGE, VERIFIER


@dataclass(frozen=True, slots=True)
class Visit:
    """A person's dealings with one place, through one browser and the client `twin`."""

    place: Place
    person: Person

    def authorize_url(self, client_id: str = TWIN, **more: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid offline_access",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": self.place.resource,
        }
        return f"{self.place.issuer}/authorize?{urlencode({**asked, **more})}"

    async def code(self) -> str:
        return (await self.person.told(self.authorize_url()))["code"]

    async def post(self, path: str, secret: str | None = None, **form: str) -> httpx.Response:
        auth = httpx.BasicAuth(KEEPER, secret) if secret else httpx.USE_CLIENT_DEFAULT
        return await self.person.http.post(f"{self.place.issuer}{path}", data=form, auth=auth)

    async def redeem(self, code: str, client_id: str = TWIN) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.post("/token", client_id=client_id, **form)

    async def refresh(self, token: str) -> httpx.Response:
        return await self.post("/token", client_id=TWIN, grant_type="refresh_token", refresh_token=token)

    async def tokens(self) -> dict[str, Any]:
        return await self.tokens_for(self.place.resource)

    async def tokens_for(self, resource: str, **more: str) -> dict[str, Any]:
        told = await self.person.told(self.authorize_url(resource=resource, **more))
        answer = await self.redeem(told["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def counts(self, token: str) -> bool:
        """What the issuer says to the client that shows it the token as its own."""
        answer = await self.post("/introspect", client_id=TWIN, token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()["active"]

    async def userinfo(self, token: str) -> int:
        shown = {"Authorization": f"Bearer {token}"}
        return (await self.person.http.get(f"{self.place.issuer}/userinfo", headers=shown)).status_code

    async def knock(self, token: str) -> httpx.Response:
        """What the MCP server of this place says to a token."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        return await self.person.http.post(self.place.resource, json=call, headers=headers)
