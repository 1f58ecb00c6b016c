"""A person at a browser without a screen: follows links, signs in as the development user, decides."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.support.browser import form_of

EMAIL, PASSWORD = "dev@example.com", "dev"


def _browser() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=20)


@dataclass
class Person:
    decision: str = "allow"
    pages: list[str] = field(default_factory=list[str])
    """What is behind the issuer in the address of each form that was filled in."""
    http: httpx.AsyncClient = field(default_factory=_browser)

    async def open(self, url: str) -> httpx.URL:
        """Go where the link leads, through sign-in and consent, up to the address outside the issuer."""
        issuer, below = urlsplit(url).netloc, urlsplit(url).path.removesuffix("/authorize")
        answer = await self.http.get(url)
        while True:
            if answer.has_redirect_location:
                to = answer.url.join(answer.headers["location"])
                if to.netloc.decode("ascii") != issuer:
                    return to
                answer = await self.http.get(to)
                continue
            assert answer.status_code == 200, answer.text
            action, hidden = form_of(answer)
            page = action.removeprefix(below)
            self.pages.append(page)
            filled_in = {"/login": {"email": EMAIL, "password": PASSWORD}, "/consent": {"decision": self.decision}}
            answer = await self.http.post(answer.url.join(action), data={**hidden, **filled_in[page]})

    async def told(self, url: str) -> dict[str, str]:
        """What the client is told at the end of it."""
        return dict(parse_qsl((await self.open(url)).query.decode("ascii"), keep_blank_values=True))
