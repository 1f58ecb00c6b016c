"""A browser at one issuer: it keeps cookies and fills in forms. It is not timed."""

from types import TracebackType
from typing import Self

import httpx

from tests.bench.load import CHALLENGE, REDIRECT
from tests.support.browser import form_of
from tests.support.clients import returned


class Visitor:
    def __init__(self, port: int, host: str) -> None:
        self._host = host
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Host": host}, trust_env=False, verify=False, timeout=60
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def authorize(self, client_id: str) -> httpx.Response:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return await self.http.get("/authorize", params=asked)

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        action, hidden = form_of(page)
        origin = {"Origin": f"http://{self._host}", "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(action, data={**hidden, **fields}, headers=origin)

    async def code(self, client_id: str) -> str:
        """As the user that a dev server knows."""
        await self.submit(await self.authorize(client_id), email="dev@example.com", password="dev")
        return returned(await self.submit(await self.authorize(client_id), decision="allow"), REDIRECT)["code"]
