"""The authorization request and its answer."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tenants.oauth.authorization import MAX_NONCE, MAX_STATE, AuthorizationRequest, complete, return_address
from tenants.oauth.parameters import Parameters, parse
from tenants.oauth.refusal import Refusal
from tenants.oauth.wishes import Wishes
from tenants.records import Client
from tests.support.made import CHALLENGE, issuer, public_client, resource
from tests.support.refused import refused
from tests.support.requirement import requirement

ISSUER = issuer(scopes=("openid", "mcp", "admin", "offline_access"))
SERVED = [resource("https://mcp.test/mcp")]
CLIENT = public_client()
WHOLE = {
    "response_type": "code",
    "client_id": CLIENT.id,
    "redirect_uri": "https://app.test/cb",
    "scope": "mcp",
    "state": "s1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "resource": "https://mcp.test/mcp",
}


def asked(*added: tuple[str, str], without: str = "", **replaced: str) -> Parameters:
    """The whole request, with parameters replaced, left out, or added once more."""
    pairs = [(name, value) for name, value in (WHOLE | replaced).items() if name != without]
    return parse(urlencode([*pairs, *added], quote_via=quote).encode())


def completed(request: Parameters, client: Client = CLIENT) -> AuthorizationRequest:
    return complete(request, return_address(request, client, ISSUER), client, ISSUER, SERVED)


def test_a_whole_request_is_read() -> None:
    request = completed(asked(nonce="n1", prompt="login consent", max_age="60"))
    assert request.address.client_id == CLIENT.id
    assert request.address.redirect_uri == "https://app.test/cb"
    assert request.address.state == "s1"
    assert request.address.issuer_uri == "https://a.test"
    assert request.scopes == ("mcp",)
    assert request.target.audience == "https://mcp.test/mcp"
    assert request.code_challenge == CHALLENGE
    assert request.nonce == "n1"
    assert request.wishes.prompt == {"login", "consent"}
    assert request.wishes.max_age == 60


def test_the_least_request_gets_the_defaults() -> None:
    least = parse(f"response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256".encode())
    request = completed(least)
    assert request.address.redirect_uri == "https://app.test/cb"
    assert request.scopes == ("openid", "mcp", "admin")
    assert request.target.audience == "https://a.test"
    assert (request.address.state, request.nonce) == (None, None)
    assert request.wishes == Wishes(prompt=frozenset(), max_age=None, login_hint=None)


@pytest.mark.parametrize(
    ("given", "read"),
    [("eve@corp.test", "eve@corp.test"), ("x" * 321, None), ("a\nb", None), ("", None), ("Ève", "Ève")],
    ids=["address", "too-long", "control", "empty", "accent"],
)
def test_a_hint_helps_or_is_let_be(given: str, read: str | None) -> None:
    assert completed(asked(login_hint=given)).wishes.login_hint == read


@pytest.mark.parametrize("name", ["foo", "display", "ui_locales"])
@requirement("oauth2.1:unknown-parameters-are-ignored")
def test_a_parameter_that_we_do_not_know_is_ignored(name: str) -> None:  # AZ-13, AZ-29
    for value in ("1", "[]", "[" * 2_000, "\0"):
        assert completed(asked((name, value), (name, value))) == completed(asked())


@pytest.mark.parametrize("client", [None, public_client(disabled_at=1)])
@requirement("oauth2.1:no-redirect-before-the-client-is-proven")
def test_an_unknown_or_disabled_client_is_no_return_address(client: Client | None) -> None:  # AZ-01, AZ-27
    with refused("invalid_client"):
        return_address(asked(), client, ISSUER)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(redirect_uri="https://evil.test/"), id="unregistered"),
        pytest.param(asked(redirect_uri="https://app.test/cb/"), id="RU-01"),
        pytest.param(asked(("redirect_uri", "https://evil.test/")), id="AZ-04"),
        pytest.param(
            asked(("redirect_uri", "https://app.test/cb"), redirect_uri="https://evil.test/"), id="AZ-04 other order"
        ),
        pytest.param(asked(("redirect_uri", "https://app.test/cb")), id="AZ-04 the same twice"),
        pytest.param(asked(redirect_uri="https://app.test/cb\0"), id="RU-09"),
        pytest.param(asked(redirect_uri="https://app.test/cb\n"), id="RU-09 newline"),
    ],
)
@requirement("oauth2.1:no-redirect-before-the-redirect-uri-is-proven")
def test_an_unproven_redirect_uri_is_no_return_address(request_: Parameters) -> None:
    with refused("invalid_request"):
        return_address(request_, CLIENT, ISSUER)


def test_a_redirect_uri_is_required_where_several_are_registered() -> None:  # RU-19
    client = public_client(redirect_uris=("https://app.test/cb", "https://app.test/other"))
    with refused("invalid_request"):
        return_address(asked(without="redirect_uri"), client, ISSUER)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param(asked(("state", "s2")), "invalid_request", id="AZ-05 state"),
        pytest.param(asked(("state", "s1")), "invalid_request", id="AZ-05 the same state"),
        pytest.param(asked(("scope", "admin")), "invalid_request", id="AZ-05 scope"),
        pytest.param(asked(("code_challenge", CHALLENGE)), "invalid_request", id="AZ-05 code_challenge"),
        pytest.param(asked(("code_challenge_method", "plain")), "invalid_request", id="AZ-05 method"),
        pytest.param(asked(("response_type", "token")), "invalid_request", id="AZ-05 response_type"),
        pytest.param(asked(("prompt", "none"), ("prompt", "login")), "invalid_request", id="AZ-05 prompt"),
        pytest.param(asked(("nonce", "a"), ("nonce", "b")), "invalid_request", id="AZ-05 nonce"),
        pytest.param(asked(("max_age", "1"), ("max_age", "2")), "invalid_request", id="AZ-05 max_age"),
        pytest.param(asked(("response_mode", "query"), ("response_mode", "x")), "invalid_request", id="AZ-05 mode"),
    ],
)
@requirement("oauth2.1:no-repeated-parameter")
def test_a_repeated_parameter_is_refused(request_: Parameters, code: str) -> None:
    with refused(code):
        completed(request_)


@pytest.mark.parametrize(
    ("response_type", "code"),
    [
        ("", "invalid_request"),
        ("token", "unsupported_response_type"),
        ("id_token token", "unsupported_response_type"),
        ("code token", "unsupported_response_type"),
        ("code id_token", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
        ("Code", "unsupported_response_type"),
        ("code ", "unsupported_response_type"),
    ],
)
@requirement("oauth2.1:code-is-the-only-response-type")
def test_code_is_the_only_response_type(response_type: str, code: str) -> None:  # AZ-07
    with refused(code):
        completed(asked(response_type=response_type))


def test_a_client_that_is_not_registered_for_the_code_grant_gets_no_code() -> None:
    with refused("unauthorized_client"):
        completed(asked(), public_client(grant_types=("refresh_token",)))
    with refused("unsupported_response_type"):
        completed(asked(), public_client(response_types=()))


@pytest.mark.parametrize("mode", ["fragment", "form_post", "web_message", "jwt", "query.jwt", "x", "Query", "query "])
@requirement("oauth2.1:query-is-the-only-response-mode")
def test_query_is_the_only_response_mode(mode: str) -> None:  # AZ-09
    with refused("invalid_request"):
        completed(asked(response_mode=mode))
    assert completed(asked(response_mode="query")) == completed(asked())


@pytest.mark.parametrize(
    ("name", "code"), [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
)
@requirement("oidc-core:request-objects-are-refused")
def test_a_request_object_is_refused(name: str, code: str) -> None:  # AZ-14
    with refused(code):
        completed(asked((name, "https://evil.test/x")))


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(code_challenge="", code_challenge_method=""), id="PK-01"),
        pytest.param(asked(without="code_challenge"), id="PK-01 with a method"),
        pytest.param(asked(without="code_challenge_method"), id="PK-02"),
        pytest.param(asked(code_challenge_method="plain"), id="PK-03 plain"),
        pytest.param(asked(code_challenge_method="s256"), id="PK-03 s256"),
        pytest.param(asked(code_challenge="a"), id="PK-04"),
        pytest.param(asked(code_challenge=CHALLENGE + "\0"), id="PK-04 NUL"),
    ],
)
@pytest.mark.parametrize("auth_method", ["none", "client_secret_basic"])
@requirement("rfc7636:s256-only")
def test_pkce_with_s256_is_required_of_every_client(request_: Parameters, auth_method: str) -> None:
    with refused("invalid_request"):
        completed(request_, public_client(auth_method=auth_method))


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        pytest.param("root", "invalid_scope", id="AZ-10 unknown"),
        pytest.param('mcp "', "invalid_scope", id="AZ-10 quote"),
        pytest.param("a\\b", "invalid_scope", id="AZ-10 backslash"),
        pytest.param("admin\nroot", "invalid_scope", id="AZ-10 newline"),
        pytest.param("mcp\0", "invalid_scope", id="AZ-10 NUL"),
        pytest.param(" ".join(str(n) for n in range(10_000)), "invalid_scope", id="AZ-10 10,000"),
    ],
)
@requirement("rfc6749:scope-syntax")
def test_a_scope_that_is_malformed_or_unknown_is_refused(scope: str, code: str) -> None:
    with refused(code):
        completed(asked(scope=scope))


def test_a_client_gets_of_the_scopes_it_asked_for_those_that_the_operator_lets_it_have() -> None:  # AZ-11
    limited = public_client(origin="admin", scopes=("mcp",))
    assert completed(asked(scope="mcp admin"), limited).scopes == ("mcp",)
    with refused("invalid_scope"):
        completed(asked(scope="admin"), limited)


def test_what_a_client_registered_for_itself_does_not_keep_it_from_asking_for_more() -> None:
    assert completed(asked(scope="mcp admin"), public_client(scopes=("mcp",))).scopes == ("mcp", "admin")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(resource="/mcp"), id="AZ-20 relative"),
        pytest.param(asked(resource="https://mcp.test/mcp#x"), id="AZ-20 fragment"),
        pytest.param(asked(resource="javascript:alert(1)"), id="AZ-20 javascript"),
        pytest.param(asked(resource="https://b.test"), id="AZ-20 another issuer"),
        pytest.param(asked(resource="https://evil.test"), id="AZ-20 unknown"),
        pytest.param(asked(resource="https://mcp.test/mcp\n"), id="AZ-20 newline"),
        pytest.param(asked(resource="https://mcp.test/mcp\0"), id="AZ-20 NUL"),
        pytest.param(asked(("resource", "https://other.test")), id="AZ-21"),
    ],
)
@requirement("rfc8707:invalid-target")
def test_a_resource_that_cannot_be_served_is_refused(request_: Parameters) -> None:
    with refused("invalid_target"):
        completed(request_)


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("none", {"none"}),
        ("login", {"login"}),
        ("consent select_account", {"consent", "select_account"}),
        ("login consent login", {"login", "consent"}),
    ],
)
def test_a_prompt_is_a_set_of_words(prompt: str, read: set[str]) -> None:
    assert completed(asked(prompt=prompt)).wishes.prompt == read


@pytest.mark.parametrize(
    "prompt", ["none login", "login none", "Login", "create", "login  consent", " ", "none\t", "x"]
)
@requirement("oidc-core:prompt-none-stands-alone")
def test_a_prompt_that_is_unknown_or_contradicts_itself_is_refused(prompt: str) -> None:  # AZ-17
    with refused("invalid_request"):
        completed(asked(prompt=prompt))


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("1", 1), ("0060", 60), ("999999999", 999_999_999)])
def test_a_max_age_is_a_number_of_seconds(text: str, seconds: int) -> None:
    assert completed(asked(max_age=text)).wishes.max_age == seconds


@pytest.mark.parametrize(
    "text", ["-1", "+1", "abc", "1e9", "1_0", "１０", "²", " 7 ", "7\n", "7 ", "1.0", "0x10", "9" * 10, "9" * 5_000]
)
@requirement("oidc-core:max-age-is-a-number")
def test_a_max_age_that_is_no_number_of_seconds_is_refused(text: str) -> None:  # AZ-18
    with refused("invalid_request"):
        completed(asked(max_age=text))


def test_a_nonce_has_a_greatest_length() -> None:
    assert completed(asked(nonce="n" * MAX_NONCE)).nonce == "n" * MAX_NONCE
    for nonce in ("n" * (MAX_NONCE + 1), "n\n"):
        with refused("invalid_request"):
            completed(asked(nonce=nonce))


def answered(uri: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(uri).query, keep_blank_values=True, strict_parsing=True)


@pytest.mark.parametrize(
    "state",
    [
        "s1",
        "\r\nSet-Cookie: x=1",
        "#&code=x",
        '"><script>alert(1)</script>',
        "\u2028\u202e é 😀",
        "a+b c%20d",
        "x" * MAX_STATE,
        "é" * MAX_STATE,
    ],
)
@requirement("oauth2.1:state-comes-back-as-it-was")
def test_a_state_comes_back_as_it_was_and_as_nothing_else(state: str) -> None:  # AZ-12
    uri = completed(asked(state=state)).address.answer({"code": "tnc_x"})
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri
    assert "+" not in uri  # a space to some, a plus to others
    assert "#" not in uri
    assert uri.startswith("https://app.test/cb?")
    assert answered(uri) == [("code", "tnc_x"), ("state", state), ("iss", "https://a.test")]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(state="x" * (MAX_STATE + 1)), id="AZ-12 too long"),
        pytest.param(asked(state="a\0b"), id="AZ-12 NUL"),
        pytest.param(asked(("state", "s2")), id="AZ-05 twice"),
    ],
)
def test_a_state_that_is_refused_is_refused_by_a_redirect_and_not_sent_back(request_: Parameters) -> None:
    address = return_address(request_, CLIENT, ISSUER)
    with pytest.raises(Refusal) as caught:
        complete(request_, address, CLIENT, ISSUER, SERVED)
    pairs = dict(answered(address.refuse(caught.value)))
    assert pairs["error"] == "invalid_request"
    assert pairs["iss"] == "https://a.test"
    assert "state" not in pairs


@requirement("rfc9207:iss-in-every-answer")
def test_every_answer_names_the_issuer_exactly() -> None:  # AZ-25
    address = completed(asked()).address
    assert ("iss", "https://a.test") in answered(address.answer({"code": "x"}))
    refusal = address.refuse(Refusal("access_denied", "the user said no"))
    assert answered(refusal) == [
        ("error", "access_denied"),
        ("error_description", "the user said no"),
        ("state", "s1"),
        ("iss", "https://a.test"),
    ]
    assert answered(address.refuse(Refusal("server_error", detail="for the log"))) == [
        ("error", "server_error"),
        ("state", "s1"),
        ("iss", "https://a.test"),
    ]


def test_an_answer_leaves_out_a_state_that_was_not_given() -> None:
    assert answered(completed(asked(without="state")).address.answer({"code": "x"})) == [
        ("code", "x"),
        ("iss", "https://a.test"),
    ]


@pytest.mark.parametrize(
    ("registered", "answer"),
    [
        ("https://app.test/cb", "https://app.test/cb?code=x&state=s1&iss=https%3A%2F%2Fa.test"),
        ("https://app.test/cb?a=b", "https://app.test/cb?a=b&code=x&state=s1&iss=https%3A%2F%2Fa.test"),
        ("https://app.test", "https://app.test?code=x&state=s1&iss=https%3A%2F%2Fa.test"),
        ("http://127.0.0.1:51004/", "http://127.0.0.1:51004/?code=x&state=s1&iss=https%3A%2F%2Fa.test"),
    ],
)
def test_an_answer_stands_behind_the_query_that_was_registered(registered: str, answer: str) -> None:
    client = public_client(redirect_uris=(registered,))
    assert completed(asked(redirect_uri=registered), client).address.answer({"code": "x"}) == answer
