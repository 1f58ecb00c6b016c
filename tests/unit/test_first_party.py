"""Sign-in to the operator's own apps: which app, which page of it, and whether the code is anybody's."""

from urllib.parse import quote, urlencode

import pytest

from tenants.oauth.first_party import CLIENT_ID, SignInRequest, client, complete, is_origin, return_address
from tenants.oauth.parameters import Parameters, parse
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Policy
from tests.support.made import CHALLENGE, confidential_client, issuer, public_client
from tests.support.refused import refused
from tests.support.requirement import requirement

ISSUER = issuer(first_party_origins=("https://app.test", "https://other.test:8443", "http://localhost:3000"))
BACKEND = confidential_client(id="K", origin="admin")
WHOLE = {
    "returnTo": "https://app.test/page?x=1",
    "state": "s1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def asked(*added: tuple[str, str], without: tuple[str, ...] = (), **replaced: str) -> Parameters:
    pairs = [(name, value) for name, value in (WHOLE | replaced).items() if name not in without]
    return parse(urlencode([*pairs, *added], quote_via=quote).encode())


def completed(request: Parameters, client: Client | None = None) -> SignInRequest:
    return complete(request, return_address(request, client, ISSUER))


def test_a_whole_request_is_read() -> None:
    request = completed(asked(prompt="login", max_age="60", login_hint="u@example.com"))
    assert request.address.client_id == CLIENT_ID
    assert request.address.redirect_uri == "https://app.test/callback"
    assert request.address.state == "s1"
    assert request.address.issuer_uri == "https://a.test"
    assert request.return_to == "/page?x=1"
    assert request.code_challenge == CHALLENGE
    assert (request.wishes.prompt, request.wishes.max_age) == ({"login"}, 60)
    assert request.wishes.login_hint == "u@example.com"


@pytest.mark.parametrize(
    ("page", "callback", "path"),
    [
        ("https://app.test", "https://app.test/callback", "/"),
        ("https://app.test/", "https://app.test/callback", "/"),
        ("https://app.test?", "https://app.test/callback", "/?"),
        ("https://app.test?x=1", "https://app.test/callback", "/?x=1"),
        ("https://app.test/a//b?code=1&state=2&r=https://evil.test/*", "https://app.test/callback", None),
        ("https://app.test/%2F%2Fevil.test", "https://app.test/callback", "/%2F%2Fevil.test"),
        ("https://other.test:8443/a", "https://other.test:8443/callback", "/a"),
        ("http://localhost:3000/a", "http://localhost:3000/callback", "/a"),
    ],
)
def test_the_code_goes_to_the_callback_of_the_origin_and_the_app_on_to_the_rest(
    page: str, callback: str, path: str | None
) -> None:
    request = completed(asked(returnTo=page))
    assert request.address.redirect_uri == callback
    assert request.return_to == (path or page.removeprefix("https://app.test"))
    assert completed(asked(("return_to", page), without=("returnTo",))) == request


BAD_PAGES = [
    "",
    "/page",
    "page",
    "//app.test/page",
    "https:app.test/page",
    "https:///app.test/page",
    "https://",
    "https://app.test@evil.test/",
    "https://evil.test@app.test/",
    "https://:@app.test/",
    "https://evil.test/",
    "https://app.test.evil.test/",
    "https://evil.test/https://app.test/",
    "https://evilapp.test/",
    "https://app.tes/",
    "https://sub.app.test/",
    "https://app.test./",
    "https://app.test:443/",
    "https://app.test:8443/",
    "https://app.test:/",
    "https://other.test/",
    "https://other.test:8443@evil.test/",
    "http://app.test/",
    "http://localhost/",
    "http://localhost:3001/",
    "http://127.0.0.1:3000/",
    "HTTPS://app.test/",
    "https://APP.test/",
    "https://ａpp.test/",
    "https://app。test/",
    "https://app.test/#fragment",
    "https://app.test/#",
    "https://app.test\\@evil.test/",
    "https://app.test/\\evil.test",
    "https:\\\\app.test/",
    "/\\evil.test",
    "https://app.test/\tx",
    "https://app.test/\nx",
    "https://app.test/\r\nSet-Cookie: a=b",
    "https://app.test/\0",
    "\thttps://app.test/",
    " https://app.test/",
    "https://app.test/ x",
    "https://app.test/é",
    "https://app.test/%zz",
    "https://app.test/<script>",
    "https://app.test//evil.test",
    "https://app.test///evil.test",
    "https://app.test/" + "x" * 2_048,
    "javascript:alert(1)",
    "javascript://app.test/%0aalert(1)",
    "data:text/html,x",
    "blob:https://app.test/x",
    "null",
    "*",
]
"""What no user is sent on to from an issuer that knows the apps above."""


@pytest.mark.parametrize("page", BAD_PAGES)
@requirement("seed:a-sign-in-leads-to-known-apps-only")
def test_a_page_of_no_app_is_none_to_go_on_to(page: str) -> None:
    with refused("invalid_request"):
        return_address(asked(returnTo=page), None, ISSUER)
    with refused("invalid_request"):
        return_address(asked(("return_to", page), without=("returnTo",)), None, ISSUER)


def test_the_page_is_said_once() -> None:
    page = WHOLE["returnTo"]
    for request in (
        asked(without=("returnTo",)),
        asked(("return_to", page)),
        asked(("returnTo", page)),
        asked(("return_to", page), ("return_to", page), without=("returnTo",)),
    ):
        with refused("invalid_request"):
            return_address(request, None, ISSUER)


def test_without_apps_nobody_is_signed_in_to_one() -> None:
    assert client(Policy(), 0) is None
    for request in (asked(), parse(b"")):
        with refused("invalid_request"):
            return_address(request, None, issuer())


# --- to whom the code is worth something


@pytest.mark.parametrize("without", [("code_challenge",), ("code_challenge", "code_challenge_method")])
@requirement("seed:a-code-of-an-app-is-bound")
def test_a_code_that_would_be_anybodys_is_not_given(without: tuple[str, ...]) -> None:
    with refused("invalid_request"):
        return_address(asked(without=without), None, ISSUER)


def test_a_client_of_the_operators_with_a_secret_is_enough() -> None:
    request = asked(("client_id", "K"), without=("code_challenge", "code_challenge_method"))
    read = completed(request, BACKEND)
    assert (read.address.client_id, read.code_challenge) == ("K", "")
    both = completed(asked(("client_id", "K")), BACKEND)
    assert (both.address.client_id, both.code_challenge) == ("K", CHALLENGE)


@pytest.mark.parametrize(
    "other",
    [
        None,
        public_client(id="K", origin="admin"),
        confidential_client(id="K"),
        confidential_client(id="K", origin="document"),
        confidential_client(id="K", origin="admin", disabled_at=1),
    ],
    ids=["unknown", "public", "registered", "document", "disabled"],
)
def test_any_other_client_is_none_that_redeems_a_code_of_an_app(other: Client | None) -> None:
    with refused("invalid_client"):
        return_address(asked(("client_id", "K")), other, ISSUER)


@pytest.mark.parametrize(
    ("changes", "without"),
    [
        ({"code_challenge_method": "plain"}, ()),
        ({"code_challenge": "short"}, ()),
        ({"code_challenge": "*" * 43}, ()),
        ({}, ("code_challenge_method",)),
        ({"client_id": "K"}, ("code_challenge",)),
    ],
    ids=["plain", "short", "letters", "no-method", "method-alone"],
)
def test_a_challenge_is_a_whole_s256_one(changes: dict[str, str], without: tuple[str, ...]) -> None:
    request = asked(*changes.items(), without=(*without, *changes))
    address = return_address(request, BACKEND if "client_id" in changes else None, ISSUER)
    with refused("invalid_request"):
        complete(request, address)


# --- what else the app may say


@pytest.mark.parametrize("state", ["", "ä&=#?+ %", "a\nb", "x" * 4_096])
def test_a_state_comes_back_as_it_was(state: str) -> None:
    assert completed(asked(state=state)).address.state == (state or None)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "x" * 4_097},
        {"state": "a\0b"},
        {"prompt": "none login"},
        {"prompt": "x"},
        {"prompt": "consent"},
        {"max_age": "-1"},
        {"max_age": "1_0"},
    ],
    ids=str,
)
def test_what_the_app_did_wrong_is_told_to_the_app(changes: dict[str, str]) -> None:
    request = asked(*changes.items(), without=tuple(changes))
    address = return_address(request, None, ISSUER)
    with pytest.raises(Refusal) as caught:
        complete(request, address)
    assert address.refuse(caught.value).startswith("https://app.test/callback?error=invalid_request&")


# --- which origins a policy may name


@pytest.mark.parametrize(
    "origin",
    [
        *("https://app.test", "https://app.test:8443", "https://192.0.2.1", "https://[2001:db8::1]:444"),
        *("http://localhost", "http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"),
        "https://localhost",
    ],
)
def test_an_origin_is_https_or_on_loopback(origin: str) -> None:
    assert is_origin(origin)
    address = return_address(asked(returnTo=f"{origin}/x"), None, issuer(first_party_origins=(origin,)))
    assert address.redirect_uri == f"{origin}/callback"


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "null", "app.test", "https://", "https://*", "https://*.app.test", "https://app.test/"),
        *("https://app.test/x", "https://app.test?x", "https://app.test#x", "https://app.test#", "https://u@app.test"),
        *("https://APP.test", "HTTPS://app.test", "https://app.test:443", "http://localhost:80", "https://app.test:"),
        *("http://app.test", "http://app.localhost", "ftp://app.test", "cursor://app", "cursor:app", "https:app.test"),
        *(
            "javascript://app.test",
            "https://app.test:0",
            "https://app.test\\",
            "https://app.test\n",
            " https://app.test",
        ),
    ],
)
def test_nothing_else_is_an_origin_of_an_app(text: str) -> None:
    assert not is_origin(text)
