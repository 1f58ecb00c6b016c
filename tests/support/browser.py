"""A browser without a screen: keeps cookies for each host, reads the forms of our pages and sends them."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.support.clients import AZ, CALLBACK, Pairs, authorize, returned
from tests.support.house import USERS, RunningHouse


class _Forms(HTMLParser):
    """Where the page's form goes, and what its hidden fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert given["method"] == "post"
            self.action = given["action"]
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]


def form_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """The path and the hidden fields of the page's form."""
    forms = _Forms()
    forms.feed(page.text)
    return urlsplit(forms.action).path, forms.fields


class Browser:
    def __init__(
        self, house: RunningHouse, user: int = 0, host: str = "a.test", path: str = "", peer: str = "127.0.0.1"
    ) -> None:
        """Somebody's browser, who deals with the issuer at this host, below this path, and has this address."""
        self.house = house
        self.user = USERS[user]
        self.host = host
        self.path = path
        self.peer = peer
        self.cookies: dict[str, str] = {}

    async def ask(
        self, method: str, target: str, form: Pairs | dict[str, str] | None = None, headers: Pairs | None = None
    ) -> httpx.Response:
        lines = list(headers or [])
        if self.cookies:
            lines.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = await self.house.ask(method, target, host=self.host, form=form, headers=lines, peer=self.peer)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value and "max-age=0" not in line.lower():
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    async def get(self, target: str) -> httpx.Response:
        return await self.ask("GET", target)

    async def submit(self, page: httpx.Response, headers: Pairs | None = None, **fields: str) -> httpx.Response:
        """Send the page's form with what the user filled in, as a browser would mark it."""
        action, hidden = form_of(page)
        assert action, "the page has no form"
        origin = [("Origin", f"https://{self.host}"), ("Sec-Fetch-Site", "same-origin")]
        return await self.ask("POST", action, {**hidden, **fields}, origin if headers is None else headers)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Go where a redirect to our own side leads."""
        assert answer.status_code in (302, 303), answer.text
        where = urlsplit(answer.headers["location"])
        assert where.netloc == self.host
        return await self.get(f"{where.path}?{where.query}")

    async def sign_in(self, page: httpx.Response) -> httpx.Response:
        """Sign in, and see what /authorize says next."""
        answer = await self.submit(page, email=self.user.email, password=self.user.password)
        return await self.follow(answer)

    async def allow(self, page: httpx.Response) -> httpx.Response:
        return await self.submit(page, decision="allow")

    async def answer_to(self, parameters: Pairs | str = AZ) -> httpx.Response:
        """The redirect to the client: sign in and consent wherever a page asks for it."""
        answer = await self.get(self.path + authorize(parameters))
        if answer.status_code == 200 and form_of(answer)[0] == f"{self.path}/login":
            answer = await self.sign_in(answer)
        if answer.status_code == 200 and form_of(answer)[0] == f"{self.path}/consent":
            answer = await self.allow(answer)
        return answer

    async def code(self, parameters: Pairs | str = AZ, to: str = CALLBACK) -> str:
        return returned(await self.answer_to(parameters), to)["code"]
