"""The requests of the client's side, parsed once."""

from urllib.parse import urlencode

import pytest

from tenants.oauth.client_auth import Credentials
from tenants.oauth.parameters import parse
from tenants.oauth.requests import (
    ACCESS_TOKEN,
    DEVICE_CODE,
    JWT_BEARER,
    TOKEN_EXCHANGE,
    AssertionRequest,
    ClientCredentialsRequest,
    CodeRequest,
    DeviceAuthorizationRequest,
    DeviceCodeRequest,
    IntrospectionRequest,
    RefreshRequest,
    RevocationRequest,
    TokenExchangeRequest,
    device_authorization_request,
    introspection_request,
    revocation_request,
    token_request,
)
from tests.support.refused import refused
from tests.support.requirement import requirement

CODE = {
    "grant_type": "authorization_code",
    "code": "tnc_x",
    "redirect_uri": "https://app.test/cb",
    "client_id": "p",
    "code_verifier": "v",
}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "tnr_x", "client_id": "p"}
SHOWN = Credentials("p", "none")


def form(pairs: dict[str, str], *added: tuple[str, str]) -> bytes:
    return urlencode([*pairs.items(), *added]).encode()


def test_a_code_is_asked_to_be_redeemed() -> None:
    more = form(CODE, ("resource", "https://a"), ("resource", "https://b"), ("scope", "ignored"), ("foo", "1"))
    assert token_request(parse(more), []) == CodeRequest(
        SHOWN, "tnc_x", "v", "https://app.test/cb", ("https://a", "https://b")
    )
    least = form({"grant_type": "authorization_code", "code": "tnc_x", "client_id": "p"})
    assert token_request(parse(least), []) == CodeRequest(SHOWN, "tnc_x", None, None, ())


def test_a_refresh_token_is_asked_to_be_rotated() -> None:
    more = form(REFRESH, ("resource", "https://a"), ("scope", "mcp openid"))
    assert token_request(parse(more), []) == RefreshRequest(SHOWN, "tnr_x", "mcp openid", ("https://a",))
    assert token_request(parse(form(REFRESH)), []) == RefreshRequest(SHOWN, "tnr_x", None, ())


def test_a_client_asks_for_itself() -> None:
    bare = {"grant_type": "client_credentials", "client_id": "p", "client_secret": "s"}
    proven = Credentials("p", "client_secret_post", "s")
    assert token_request(parse(form(bare)), []) == ClientCredentialsRequest(proven, None, ())
    more = form(bare, ("scope", "a b"), ("resource", "https://a"), ("resource", "https://b"), ("code", "ignored"))
    assert token_request(parse(more), []) == ClientCredentialsRequest(proven, "a b", ("https://a", "https://b"))
    with refused("invalid_request"):
        token_request(parse(form(bare, ("scope", "a"), ("scope", "b"))), [])


def test_a_device_begins_and_comes_back() -> None:
    asked = parse(form({"client_id": "p"}, ("scope", "a"), ("resource", "https://a"), ("device_code", "ignored")))
    assert device_authorization_request(asked, []) == DeviceAuthorizationRequest(SHOWN, "a", ("https://a",))
    back = {"grant_type": DEVICE_CODE, "client_id": "p", "device_code": "tnd_x"}
    assert token_request(parse(form(back, ("scope", "ignored"))), []) == DeviceCodeRequest(SHOWN, "tnd_x")
    for name in back:
        with refused("invalid_client" if name == "client_id" else "invalid_request"):
            token_request(parse(form({key: value for key, value in back.items() if key != name})), [])


def test_an_assertion_is_brought() -> None:
    bare = {"grant_type": JWT_BEARER, "client_id": "p", "assertion": "é\n"}
    assert token_request(parse(form(bare)), []) == AssertionRequest(SHOWN, "é\n", None, ())
    more = parse(form(bare, ("scope", "a"), ("resource", "https://a")))
    assert token_request(more, []) == AssertionRequest(SHOWN, "é\n", "a", ("https://a",))
    assert "é" not in repr(token_request(more, []))
    for given in (bare | {"assertion": ""}, {"grant_type": JWT_BEARER, "client_id": "p"}):
        with refused("invalid_request"):
            token_request(parse(form(given)), [])
    with refused("invalid_request"):
        token_request(parse(form(bare, ("assertion", "x"))), [])


def test_a_token_is_to_be_exchanged() -> None:
    bare = {"grant_type": TOKEN_EXCHANGE, "client_id": "p", "subject_token": "t", "subject_token_type": ACCESS_TOKEN}
    named = parse(form(bare, ("resource", "https://a"), ("audience", "https://b"), ("requested_token_type", "")))
    assert token_request(named, []) == TokenExchangeRequest(SHOWN, "t", None, ("https://a", "https://b"))
    asked = parse(form(bare, ("audience", "https://b"), ("requested_token_type", ACCESS_TOKEN), ("scope", "x")))
    assert token_request(asked, []) == TokenExchangeRequest(SHOWN, "t", "x", ("https://b",))
    assert "'t'" not in repr(token_request(asked, []))
    with refused("invalid_request"):
        token_request(parse(form(bare)), [])
    for name in ("subject_token", "subject_token_type"):
        for value in ("", "x") if name == "subject_token_type" else ("",):
            with refused("invalid_request"):
                token_request(parse(form(bare | {name: value}, ("resource", "https://a"))), [])
        with refused("invalid_request"):
            token_request(parse(form(bare, (name, "x"), ("resource", "https://a"))), [])


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "implicit",
        "authorization_code ",
        "Authorization_Code",
        "REFRESH_TOKEN",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
    ],
)
@requirement("oauth2.1:unknown-grant-types-are-refused")
def test_a_grant_type_that_is_not_offered_is_refused(grant_type: str) -> None:  # TK-18, TK-32
    with refused("unsupported_grant_type"):
        token_request(parse(form(CODE | {"grant_type": grant_type})), [])


@pytest.mark.parametrize("name", ["grant_type", "code"])
def test_a_code_request_must_have(name: str) -> None:  # TK-18
    for pairs in ({key: value for key, value in CODE.items() if key != name}, CODE | {name: ""}):
        with refused("invalid_request"):
            token_request(parse(form(pairs)), [])


def test_a_refresh_request_must_have_a_refresh_token() -> None:
    with refused("invalid_request"):
        token_request(parse(form(REFRESH | {"refresh_token": ""})), [])


@pytest.mark.parametrize("name", [*CODE, "client_secret"])
@requirement("oauth2.1:no-repeated-parameter")
def test_a_code_request_that_repeats_a_parameter_is_refused(name: str) -> None:  # TK-23
    with refused("invalid_request"):
        token_request(parse(form(CODE, (name, "x"), (name, "x"))), [])


@pytest.mark.parametrize("name", [*REFRESH, "scope"])
@requirement("oauth2.1:no-repeated-parameter")
def test_a_refresh_request_that_repeats_a_parameter_is_refused(name: str) -> None:  # TK-23
    with refused("invalid_request"):
        token_request(parse(form(REFRESH, (name, "x"), (name, "x"))), [])


@pytest.mark.parametrize("text", ["x\n", "x\0", "\x7f", "é", "x" * 100_000])
def test_a_malformed_code_verifier_or_token_is_left_to_be_found_wrong(text: str) -> None:  # PK-10, PK-12, RT-17
    code = token_request(parse(form(CODE | {"code": text, "code_verifier": text})), [])
    assert isinstance(code, CodeRequest)
    assert (code.code, code.code_verifier) == (text, text)
    refresh = token_request(parse(form(REFRESH | {"refresh_token": text, "scope": text})), [])
    assert isinstance(refresh, RefreshRequest)
    assert (refresh.refresh_token, refresh.scope) == (text, text)


@requirement("rfc7636:verifier-must-prove")
def test_a_challenge_method_at_the_token_endpoint_has_no_effect() -> None:  # PK-08
    smuggled = token_request(parse(form(CODE, ("code_challenge_method", "plain"), ("code_challenge", "v"))), [])
    assert smuggled == token_request(parse(form(CODE)), [])


def test_a_token_request_shows_who_asks() -> None:
    with refused("invalid_client"):
        token_request(parse(form({key: value for key, value in CODE.items() if key != "client_id"})), [])
    with refused("invalid_client"):
        token_request(parse(form(CODE)), ["Basic x"])


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "x"])
@requirement("rfc7009:the-hint-is-a-hint")
def test_a_token_is_asked_to_be_revoked_or_introspected_whatever_the_hint(hint: str) -> None:  # RV-03
    asked = parse(form({"token": "t", "client_id": "p", "token_type_hint": hint}))
    assert revocation_request(asked, []) == RevocationRequest(SHOWN, "t")
    assert introspection_request(asked, []) == IntrospectionRequest(SHOWN, "t")


@pytest.mark.parametrize("ask", [revocation_request, introspection_request])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"client_id=p", "invalid_request"),
        (b"client_id=p&token=", "invalid_request"),
        (b"client_id=p&token=a&token=b", "invalid_request"),
        (b"client_id=p&token=a%00", "invalid_request"),
        (b"client_id=p&token=a&token_type_hint=x&token_type_hint=y", "invalid_request"),
        (b"token=a", "invalid_client"),
    ],
)
def test_a_revocation_or_introspection_that_is_malformed_is_refused(ask: object, body: bytes, code: str) -> None:
    with refused(code):
        ask(parse(body), [])  # type: ignore[operator]
