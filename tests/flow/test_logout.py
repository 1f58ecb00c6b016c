"""Signing out: by a client that sends its user here, and told to the others; what hung on the session ends with it."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import jwt
import pytest

from server.outbound.fetcher import Fetcher
from tenants.acts import tell_logout
from tenants.acts.tell_logout import PAUSES
from tests.flow.test_fetcher import ABROAD, Resolver
from tests.flow.town import Town, settle
from tests.support.abroad import Border, certified
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, CALLBACK, ISSUER, TK, Pairs, authorize, changed, claims, is_page
from tests.support.house import FakeClock, running_house
from tests.support.receiver import Receiver, errands_done, receiving
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRUSTING, TLS = certified("rp.test")
SESSION = "__Host-session"
LEFT = "https://app.test/left"
LEFT_WITH_QUERY = "https://app.test/left?a=b"
ABOUT: dict[str, Any] = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
TOLD_AT = "https://rp.test/told?k=v"
OPENID = changed(AZ, scope="openid", resource=None)


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Border:
    return Border(monkeypatch)


@dataclass
class Place:
    """Issuer A, whose operator made the client `rp`; at rp.test it is told of sessions that end."""

    town: Town
    browser: Browser

    async def tokens(self, client_id: str = "rp", browser: Browser | None = None, **asked: str) -> dict[str, Any]:
        """What a client gets for U, who signs in wherever a page asks for it."""
        changes = {"client_id": client_id, **asked}
        code = await (browser or self.browser).code(changed(OPENID, **changes))
        answer = await self.town.token(changed(TK, code=code, client_id=client_id))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def hint(self, client_id: str = "rp") -> str:
        return (await self.tokens(client_id))["id_token"]

    async def leave(self, browser: Browser | None = None, **asked: str) -> httpx.Response:
        return await (browser or self.browser).get(f"/logout?{urlencode(asked)}")

    async def signed_in(self, cookie: str | None = None) -> bool:
        cookie = cookie or self.browser.cookies[SESSION]
        answer = await self.town.ask("GET", authorize(AZ), headers=[("Cookie", f"{SESSION}={cookie}")])
        return answer.status_code == 302 or form_of(answer)[0] != "/login"

    async def forward(self, seconds: int) -> None:
        await errands_done()
        self.town.clock.now += seconds
        await self.town.house.ring()

    async def said(self, receiver: Receiver) -> list[dict[str, Any]]:
        """What each logout token says, checked as a client does that others wrote (Back-Channel Logout §2.6)."""
        keys = jwt.PyJWKSet.from_dict((await self.town.ask("GET", "/.well-known/jwks.json")).json())
        return [_checked(message.body, keys) for message in receiver.messages]


def _checked(body: bytes, keys: jwt.PyJWKSet) -> dict[str, Any]:
    [(name, [token])] = parse_qs(body.decode("ascii"), strict_parsing=True).items()
    assert name == "logout_token"
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "logout+jwt"
    said = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["ES256"],
        audience=["rp", "other"],
        issuer=ISSUER,
        options={"require": ["iss", "aud", "iat", "exp", "jti", "events"], "verify_exp": False, "verify_iat": False},
    )
    assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in said
    return said


@asynccontextmanager
async def place(path: Path, border: Border, receiver: Receiver) -> AsyncGenerator[Place]:
    border.leads(ABROAD, 443, receiver.server.port)
    post = partial(Fetcher, loopback=False, resolve=Resolver(rp_test=[[ABROAD]]), tls=TRUSTING)
    async with running_house(path, clock=FakeClock(int(time.time())), post=post) as house:
        town = await settle(house)
        back = [LEFT, LEFT_WITH_QUERY]
        await house.client("a", "rp", **ABOUT, post_logout_redirect_uris=back, backchannel_logout_uri=TOLD_AT)
        await house.client("a", "other", **ABOUT, backchannel_logout_uri=TOLD_AT)
        yield Place(town, Browser(house))


@asynccontextmanager
async def at(tmp_path: Path, border: Border, *answers: bytes) -> AsyncGenerator[tuple[Place, Receiver]]:
    async with receiving(*answers, tls=TLS) as receiver, place(tmp_path, border, receiver) as here:
        yield here, receiver


# --- a client sends its user here


@requirement("oidc-logout:a-client-of-the-session-ends-it")
async def test_a_client_of_the_session_ends_it_and_gets_its_user_back(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        hint = await here.hint()
        cookie = here.browser.cookies[SESSION]
        answer = await here.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT, state="s & t")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{LEFT}?state=s+%26+t")
        assert SESSION not in here.browser.cookies
        assert not await here.signed_in(cookie)


async def test_a_client_that_posts_is_served_like_one_that_redirects(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        form = {"id_token_hint": await here.hint(), "post_logout_redirect_uri": LEFT, "state": "x", "unknown": "y"}
        elsewhere = [("Origin", "https://app.test"), ("Sec-Fetch-Site", "cross-site")]
        # a browser keeps its SameSite=Lax cookies from a form of another site, and sends them with the redirect
        asked = await here.town.ask("POST", "/logout", form=form, headers=elsewhere)
        assert asked.status_code == 303
        assert "unknown" not in asked.headers["location"]
        answer = await here.browser.follow(asked)
        assert answer.headers["location"] == f"{LEFT}?state=x"
        assert SESSION not in here.browser.cookies


async def test_an_id_token_that_has_expired_still_says_which_session_is_meant(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        hint = await here.hint()
        here.town.clock.now += 10 * 86_400
        answer = await here.leave(id_token_hint=hint, client_id="rp", post_logout_redirect_uri=LEFT)
        assert answer.headers["location"] == LEFT


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="LG-11"),
        pytest.param({"id_token_hint": "{other user}"}, id="LG-11-of-another-user"),
        pytest.param({"id_token_hint": "{other browser}"}, id="LG-11-of-another-session"),
        pytest.param({"id_token_hint": "{access token}"}, id="LG-11-access-token"),
        pytest.param({"id_token_hint": "{hint}x"}, id="LG-11-forged"),
        pytest.param({"id_token_hint": "{hint}", "client_id": "other"}, id="LG-11-of-another-client"),
        pytest.param({"client_id": "rp"}, id="LG-11-named-only"),
        pytest.param({"logout_hint": "u@example.com"}, id="LG-11-logout-hint"),
    ],
)
@requirement("oidc-logout:nobody-else-ends-a-session")
async def test_whoever_else_sends_a_user_here_the_user_is_asked(
    tmp_path: Path, border: Border, given: dict[str, str]
) -> None:
    async with at(tmp_path, border) as (here, _):
        tokens = await here.tokens()
        known = {
            "hint": tokens["id_token"],
            "access token": tokens["access_token"],
            "other user": (await here.tokens(browser=Browser(here.town.house, 1)))["id_token"],
            "other browser": (await here.tokens(browser=Browser(here.town.house)))["id_token"],
        }
        asked = await here.browser.get(
            f"/logout?{urlencode({name: value.format(**known) for name, value in given.items()})}"
        )
        is_page(asked, 200)
        assert form_of(asked)[0] == "/logout"
        assert await here.signed_in()


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("https://evil.test/", id="LG-12"),
        pytest.param(f"{LEFT}/", id="LG-12-slash"),
        pytest.param("https://app.test/LEFT", id="LG-12-case"),
        pytest.param(f"{LEFT}?x=y", id="LG-12-query"),
        pytest.param(CALLBACK, id="LG-12-redirect-uri"),
        pytest.param("javascript:alert(1)", id="LG-12-script"),
    ],
)
@requirement("oidc-logout:only-to-what-is-registered")
async def test_nobody_is_sent_to_what_is_not_registered(tmp_path: Path, border: Border, uri: str) -> None:
    async with at(tmp_path, border) as (here, _):
        answer = await here.leave(id_token_hint=await here.hint(), post_logout_redirect_uri=uri)
        is_page(answer, 200)
        assert uri not in answer.text
        assert SESSION not in here.browser.cookies


async def test_nobody_is_sent_anywhere_for_a_client_that_is_only_named(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        await here.hint()
        asked = await here.leave(client_id="rp", post_logout_redirect_uri=LEFT)
        is_page(await here.browser.submit(asked), 200)
        assert SESSION not in here.browser.cookies


async def test_a_user_who_says_yes_goes_back_to_the_client_that_was_proven(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        other = (await here.tokens(browser=Browser(here.town.house)))["id_token"]
        await here.hint()
        asked = await here.leave(id_token_hint=other, post_logout_redirect_uri=LEFT_WITH_QUERY, state="s")
        answer = await here.browser.submit(asked)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{LEFT_WITH_QUERY}&state=s")
        assert SESSION not in here.browser.cookies


async def test_who_is_not_signed_in_any_more_goes_back_too(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        hint = await here.hint()
        nobody = Browser(here.town.house)
        answer = await here.leave(nobody, id_token_hint=hint, post_logout_redirect_uri=LEFT, state="s")
        assert answer.headers["location"] == f"{LEFT}?state=s"
        assert await here.signed_in()


async def test_whoever_registers_cannot_make_us_send_strangers_to_them(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        asked = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "post_logout_redirect_uris": [LEFT]}
        client_id = (await here.town.ask("POST", "/register", json=asked)).json()["client_id"]
        hint = await here.hint(client_id)
        answer = await here.leave(Browser(here.town.house), id_token_hint=hint, post_logout_redirect_uri=LEFT)
        is_page(answer, 200)
        assert f'href="{LEFT}"' in answer.text  # whoever clicks knows where they go
        answer = await here.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT)
        assert answer.headers["location"] == LEFT  # its own user, whose session it knows
        await here.hint()
        asked = await here.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT)  # of a session that is over
        answer = await here.browser.submit(asked)
        is_page(answer, 200)
        assert f'href="{LEFT}"' in answer.text
        assert SESSION not in here.browser.cookies


@pytest.mark.parametrize("more", [[("state", "a"), ("state", "b")], [("state", "x" * 5_000)], [("client_id", "a\0")]])
async def test_a_request_that_can_be_read_in_two_ways_is_refused(town: Town, more: Pairs) -> None:
    is_page(await town.user.get(f"/logout?{urlencode(more)}"), 400)


# --- the others are told


@requirement("oidc-backchannel:clients-of-the-session-are-told")
async def test_the_clients_of_a_session_are_told_that_it_ended(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, receiver):
        mine = claims(await here.hint())
        await here.hint("other")
        await here.tokens("P")
        await here.hint()
        asked = await here.leave()
        assert receiver.messages == []
        await here.browser.submit(asked)
        for message in await receiver.has(2):
            assert message.target == "/told?k=v"
            assert message.headers["content-type"] == "application/x-www-form-urlencoded"
            assert "cookie" not in message.headers
        said = await here.said(receiver)
        assert {each["aud"] for each in said} == {"rp", "other"}
        assert {(each["sub"], each["sid"]) for each in said} == {(mine["sub"], mine["sid"])}
        assert len({each["jti"] for each in said}) == 2
        await here.forward(10 * 86_400)
        assert len(receiver.messages) == 2


async def test_a_session_has_one_name_that_opens_nothing(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        names = [claims(await here.hint(client))["sid"] for client in ("rp", "other", "P")]
        elsewhere = claims((await here.tokens(browser=Browser(here.town.house)))["id_token"])["sid"]
        assert len({*names, elsewhere}) == 2
        assert not await here.signed_in(names[0])


async def test_who_signs_in_anew_in_the_same_browser_keeps_the_name_and_the_clients(
    tmp_path: Path, border: Border
) -> None:
    async with at(tmp_path, border) as (here, receiver):
        before, cookie = claims(await here.hint()), here.browser.cookies[SESSION]
        after = claims((await here.tokens("other", prompt="login"))["id_token"])
        assert before["sid"] == after["sid"]
        assert not await here.signed_in(cookie)
        assert receiver.messages == []
        await here.browser.submit(await here.leave())
        await receiver.has(2)
        assert {each["aud"] for each in await here.said(receiver)} == {"rp", "other"}


async def test_another_user_in_the_same_browser_ends_the_session_of_the_first(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, receiver):
        first = claims(await here.hint())
        here.browser.user = Browser(here.town.house, 1).user
        second = claims((await here.tokens("other", prompt="login"))["id_token"])
        await receiver.has(1)
        [said] = await here.said(receiver)
        assert (said["aud"], said["sub"], said["sid"]) == ("rp", first["sub"], first["sid"])
        assert first["sid"] != second["sid"]


async def test_who_was_given_no_id_token_is_not_told(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, receiver):
        await here.tokens(scope="mcp")
        await here.browser.submit(await here.leave())
        await here.forward(PAUSES[0])
        assert receiver.messages == []


NO = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


@requirement("oidc-backchannel:told-again-and-given-up")
async def test_who_was_not_reached_is_told_again_and_given_up_in_the_end(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border, *[NO] * (len(PAUSES) + 9)) as (here, receiver):
        await here.hint()
        await here.browser.submit(await here.leave())
        for number, pause in enumerate(PAUSES, 1):
            await receiver.has(number)
            await here.forward(pause - 1)
            assert len(receiver.messages) == number
            await here.forward(1)
        await receiver.has(len(PAUSES) + 1)
        await here.forward(10 * 86_400)
        assert len(receiver.messages) == len(PAUSES) + 1
        said = await here.said(receiver)
        assert len({each["jti"] for each in said}) == len(said)  # a client may refuse one that it has seen
        assert all(each["exp"] - each["iat"] == 120 for each in said)
        events = await here.town.house.registry.tenant("a").actor.run(lambda turn, _: turn.tx.events.page(0, 999), None)
        [given_up] = [event for event in events if event.type == "logout.given_up"]
        assert given_up.details == {"client": "rp", "reason": "it answered with status 500"}


async def test_one_user_cannot_keep_the_clients_of_others_from_being_told(
    tmp_path: Path, border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signs out again and again, of clients that do not answer, is soon not told of any more; others are."""
    monkeypatch.setattr(tell_logout, "MAX_OF_USER", 3)
    async with at(tmp_path, border, *[NO] * 9) as (here, receiver):
        for _ in range(3):
            await here.hint()
            await here.hint("other")
            await here.browser.submit(await here.leave())
        await receiver.has(3)
        user = Browser(here.town.house, 1)
        subject = claims((await here.tokens(browser=user))["id_token"])["sub"]
        await user.submit(await here.leave(user))
        await receiver.has(4)
        await errands_done()
        assert [each["sub"] == subject for each in await here.said(receiver)] == [False] * 3 + [True]
        events = await here.town.house.registry.tenant("a").actor.run(lambda turn, _: turn.tx.events.page(0, 999), None)
        assert [event.details["clients"] for event in events if event.type == "logout.dropped"] == [1, 2]


async def test_nobody_on_the_inside_is_called(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver:
        inside = partial(Fetcher, loopback=False, resolve=Resolver(rp_test=[["127.0.0.1"]]), tls=TRUSTING)
        border.leads("127.0.0.1", 443, receiver.server.port)
        async with running_house(tmp_path, clock=FakeClock(int(time.time())), post=inside) as house:
            here = Place(await settle(house), Browser(house))
            await house.client("a", "rp", **ABOUT, backchannel_logout_uri=TOLD_AT)
            await here.hint()
            await here.browser.submit(await here.leave())
            await here.forward(PAUSES[0])
            assert receiver.server.connections == 0


@pytest.mark.parametrize(
    "uri",
    [
        "http://rp.test/told",
        "https://10.0.0.1/told",
        "https://localhost/told",
        "https://rp/told",
        "https://u:p@rp.test/told",
        "https://rp.test/told#x",
        "not a uri",
        7,
    ],
)
async def test_what_is_to_be_called_is_on_a_public_host(town: Town, uri: object) -> None:
    asked = {"redirect_uris": [CALLBACK], "backchannel_logout_uri": uri}
    answer = await town.ask("POST", "/register", json=asked)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_what_a_client_registers_for_signing_out_is_echoed(town: Town) -> None:
    asked = {
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [LEFT],
        "backchannel_logout_uri": TOLD_AT,
        "backchannel_logout_session_required": True,
    }
    answer = await town.ask("POST", "/register", json=asked)
    assert answer.status_code == 201
    assert answer.json().items() >= asked.items()
    for wrong in ("https://app.test/left#x", "http://app.test/left", "javascript:alert(1)"):
        answer = await town.ask("POST", "/register", json={**asked, "post_logout_redirect_uris": [wrong]})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_metadata_says_how_to_sign_out(town: Town) -> None:
    said = (await town.ask("GET", "/.well-known/openid-configuration")).json()
    assert said["end_session_endpoint"] == f"{ISSUER}/logout"
    assert said["backchannel_logout_supported"] is said["backchannel_logout_session_supported"] is True


# --- what hung on the session


@requirement("oidc-backchannel:grants-end-with-their-session")
async def test_what_was_allowed_while_the_user_is_here_ends_when_they_leave(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        house = here.town.house
        while_here, also_away = await here.tokens("P"), await here.tokens("P", scope="openid offline_access")
        elsewhere = await here.tokens("P", browser=Browser(house))
        mine = {"user": while_here, "away": also_away, "elsewhere": elsewhere}
        await here.browser.submit(await here.leave())
        assert {name: (await here.town.introspect(each["access_token"]))["active"] for name, each in mine.items()} == {
            "user": False,
            "away": True,
            "elsewhere": True,
        }
        seen = [await _userinfo(here.town, each["access_token"]) for each in mine.values()]
        assert seen == [401, 200, 200]
        refreshed = [(await here.town.refresh(each["refresh_token"])).status_code for each in mine.values()]
        assert refreshed == [400, 200, 200]


async def test_the_consent_page_says_how_long_it_lasts(tmp_path: Path, border: Border) -> None:
    async with at(tmp_path, border) as (here, _):
        page = await here.browser.sign_in(await here.browser.get(authorize(changed(OPENID, client_id="P"))))
        assert "until you sign out" in page.text
        page = await here.browser.get(authorize(changed(OPENID, client_id="P", scope="openid offline_access")))
        assert "also while you are away" in page.text


async def _userinfo(town: Town, token: str) -> int:
    return (await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}")])).status_code
