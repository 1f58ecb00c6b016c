"""The OpenID provider of tests/e2e/node/openid_provider.mjs, and who signs in there on the way through an issuer."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.person import Person
from tests.e2e.place import CALLBACK
from tests.support import node
from tests.support.browser import form_of
from tests.support.process import running

CLIENT_ID, SECRET = "tenantry", "a secret of 32+ characters: /=% "
MAX_STEPS = 20


def programs() -> node.NodePrograms:
    try:
        return node.installed()
    except node.NotToBeHad as reason:
        pytest.skip(f"the OpenID provider cannot be had: {reason}")


@contextmanager
def openid_provider(
    redirect_uri: str, algorithm: str = "RS256", *, told: bool = False, port: int = 0, key: str = ""
) -> Generator[str]:
    """Yields its issuer URI. `told`: claims are in the ID token, not only at userinfo. `key`: the client's JWK, or the
    address of its keys, where it has no secret."""
    found = programs()
    options = [CLIENT_ID, SECRET, redirect_uri, algorithm, "told" if told else "asked", str(port), key]
    with running([*found.script("openid_provider.mjs"), *options], cwd=found.folder) as program:
        yield program.wait_for(lambda line: line.startswith("provider http")).partition(" ")[2]


@dataclass
class Guest(Person):
    """A person who signs in at an identity provider of the issuer, or will not."""

    name: str = "ada"
    provider: str = "corp"
    willing: bool = True

    async def open(self, url: str) -> httpx.URL:
        """Go where the link leads, with all forms filled in, up to the client's address."""
        answer = await self.http.get(url)
        for _ in range(MAX_STEPS):
            if answer.has_redirect_location:
                to = answer.url.join(answer.headers["location"])
                if str(to.copy_with(query=None)) == CALLBACK:
                    return to
                answer = await self.http.get(to)
                continue
            assert answer.status_code == 200, answer.text
            action, hidden = form_of(answer)
            place = action.split("/")[1]
            self.pages.append(f"{urlsplit(str(answer.url)).port} {place}")
            filled_in = {
                "login": {"provider": self.provider},
                "interaction": {"login": self.name} if self.willing else {"deny": "yes"},
                "consent": {"decision": self.decision},
            }
            answer = await self.http.post(answer.url.join(action), data={**hidden, **filled_in[place]})
        raise AssertionError(f"{self.pages} and no end")
