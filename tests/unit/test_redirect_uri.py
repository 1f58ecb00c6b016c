"""Redirect URIs: which may be registered, and which of the registered a request may name."""

import pytest

from tenants.oauth.redirect_uri import check_registered, prove, without_loopback_port
from tests.support.refused import refused
from tests.support.requirement import requirement

REGISTERED = "https://app.test/cb"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("https://app.test/cb/", id="RU-01"),
        pytest.param("https://app.test/c", id="RU-01 prefix"),
        pytest.param("https://app.test/cbx", id="RU-01 longer"),
        pytest.param("https://app.test/cb?x=1", id="RU-02"),
        pytest.param("https://app.test/cb?", id="RU-02 empty query"),
        pytest.param("https://app.test/cb#", id="RU-03"),
        pytest.param("https://app.test/cb#frag", id="RU-03 fragment"),
        pytest.param("https://app.test/cb/../evil", id="RU-04 .."),
        pytest.param("https://app.test/cb/%2e%2e/evil", id="RU-04 escaped"),
        pytest.param("https://app.test/cb;/x", id="RU-04 ;"),
        pytest.param("https://app.test/./cb", id="RU-04 ."),
        pytest.param("https://APP.test/cb", id="RU-05 host in capitals"),
        pytest.param("HTTPS://app.test/cb", id="RU-05 scheme in capitals"),
        pytest.param("https://app.test/CB", id="RU-05 path in capitals"),
        pytest.param("https://app.test:443/cb", id="RU-05 default port"),
        pytest.param("https://app.test/%63b", id="RU-05 escaped letter"),
        pytest.param("https://app.test.evil.test/cb", id="RU-06"),
        pytest.param("https://app.testevil.test/cb", id="RU-06 joined"),
        pytest.param("https://appatest/cb", id="RU-07"),
        pytest.param("https://app.test@evil.test/cb", id="RU-08 user"),
        pytest.param("https://evil.test\\@app.test/cb", id="RU-08 backslash"),
        pytest.param("https://app.test%2f@evil.test/cb", id="RU-08 escaped slash"),
        pytest.param("https://app.test/cb%00", id="RU-09 escaped NUL"),
        pytest.param("https://app.test/cb\0", id="RU-09 NUL"),
        pytest.param("https://app.test/cb%0a", id="RU-09 escaped newline"),
        pytest.param("https://app.test/cb\n", id="RU-09 newline"),
        pytest.param("https://app.test/cb ", id="RU-09 space behind"),
        pytest.param(" https://app.test/cb", id="RU-09 space before"),
        pytest.param("https://app\t.test/cb", id="RU-09 tab in the host"),
        pytest.param("http://app.test/cb", id="http"),
        pytest.param("//app.test/cb", id="no scheme"),
        pytest.param("https://app.test:8443/cb", id="RU-15 other port"),
        pytest.param("javascript:alert(1)//", id="RU-17"),
        pytest.param("https://app.test/cb,https://evil.test/", id="two in one"),
    ],
)
@requirement("rfc9700:redirect-uri-exact")
def test_only_the_registered_string_is_a_way_back(given: str) -> None:
    with refused("invalid_request"):
        prove(given, (REGISTERED, "https://app.test/other"), private_schemes=())


@pytest.mark.parametrize(
    "registered",
    [
        REGISTERED,
        "https://APP.test/%63b",
        "https://app.test:443/cb?x=1",
        "https://xn--bcher-kva.test/cb",
        "https://app.test",
        "http://127.0.0.1:33418/",
    ],
)
def test_the_registered_string_is_a_way_back(registered: str) -> None:
    assert prove(registered, ("https://other.test/", registered), private_schemes=()) == registered


@pytest.mark.parametrize(
    ("registered", "given"),
    [
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", id="RU-11"),
        pytest.param("http://127.0.0.1:8080/cb", "http://127.0.0.1:51004/cb", id="RU-11 another port"),
        pytest.param("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", id="RU-11 no port"),
        pytest.param("http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb?a=b", id="RU-11 with a query"),
        pytest.param("http://[::1]/cb", "http://[::1]:9/cb", id="RU-13"),
        pytest.param("http://localhost/cb", "http://localhost:65535/cb", id="localhost"),
    ],
)
@requirement("rfc8252:loopback-port-may-differ")
def test_the_port_of_an_http_loopback_uri_may_differ(registered: str, given: str) -> None:
    assert prove(given, (REGISTERED, registered), private_schemes=()) == given


@pytest.mark.parametrize(
    ("registered", "given"),
    [
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", id="RU-12 path"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/", id="RU-12 slash"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x=1", id="RU-12 query"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?", id="RU-12 empty query"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#x", id="RU-12 fragment"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb#", id="RU-12 empty fragment"),
        pytest.param("http://127.0.0.1/cb", "https://127.0.0.1:1/cb", id="RU-12 https"),
        pytest.param("http://127.0.0.1/cb", "HTTP://127.0.0.1:1/cb", id="RU-12 capitals"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.2:1/cb", id="RU-12 neighbour"),
        pytest.param("http://127.0.0.1/cb", "http://127.1:1/cb", id="RU-12 short"),
        pytest.param("http://127.0.0.1/cb", "http://2130706433/cb", id="RU-12 number"),
        pytest.param("http://127.0.0.1/cb", "http://localhost:1/cb", id="RU-12 name"),
        pytest.param("http://localhost/cb", "http://127.0.0.1:1/cb", id="RU-12 address"),
        pytest.param("http://localhost/cb", "http://LOCALHOST:1/cb", id="RU-12 name in capitals"),
        pytest.param("http://localhost/cb", "http://localhost.:1/cb", id="RU-12 dot"),
        pytest.param("http://localhost/cb", "http://a.localhost:1/cb", id="RU-12 below localhost"),
        pytest.param("http://[::1]/cb", "http://[0:0:0:0:0:0:0:1]:9/cb", id="RU-13 long"),
        pytest.param("http://[::1]/cb", "http://[::ffff:127.0.0.1]:9/cb", id="RU-13 mapped"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", id="RU-14 :0"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:/cb", id="RU-14 :"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", id="RU-14 :65536"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:99999999999/cb", id="RU-14 :99999999999"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:+80/cb", id="RU-14 :+80"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:８０/cb", id="RU-14 wide digits"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:0080/cb", id="RU-14 leading zeros"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:8_0/cb", id="RU-14 :8_0"),
        pytest.param("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.test/cb", id="RU-14 user"),
        pytest.param("http://127.0.0.1/cb", "http://x@127.0.0.1:80/cb", id="RU-14 user before"),
        pytest.param("http://127.0.0.1/cb", "http://@127.0.0.1:80/cb", id="RU-14 empty user"),
        pytest.param("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", id="RU-15"),
        pytest.param("https://127.0.0.1/cb", "http://127.0.0.1:1/cb", id="RU-15 http"),
        pytest.param("https://app.test/cb", "https://app.test:1/cb", id="RU-15 no loopback"),
        pytest.param("http://app.test/cb", "http://app.test:1/cb", id="RU-15 http, no loopback"),
        pytest.param("cursor://localhost/cb", "cursor://localhost:1/cb", id="private scheme"),
    ],
)
@requirement("rfc9700:redirect-uri-exact")
def test_nothing_but_the_port_of_an_http_loopback_uri_may_differ(registered: str, given: str) -> None:
    with refused("invalid_request"):
        prove(given, (registered,), private_schemes=("cursor",))


@requirement("oauth2.1:redirect-uri-required-if-several")
def test_a_redirect_uri_may_be_left_out_only_where_exactly_one_is_registered() -> None:  # RU-19
    assert prove(None, (REGISTERED,), private_schemes=()) == REGISTERED
    for registered in ((), (REGISTERED, "https://app.test/other")):
        with refused("invalid_request"):
            prove(None, registered, private_schemes=())


def test_what_an_older_policy_allowed_must_be_allowed_by_todays() -> None:
    assert prove("cursor://x/cb", ("cursor://x/cb",), private_schemes=("cursor",)) == "cursor://x/cb"
    for given in ("cursor://x/cb", None):
        with refused("invalid_redirect_uri"):
            prove(given, ("cursor://x/cb",), private_schemes=())


@pytest.mark.parametrize(
    "text",
    [
        "https://app.test/cb",
        "https://app.test",
        "https://app.test:8443/cb?tenant=1&mode=codeflow",
        "https://xn--bcher-kva.test/cb",
        "https://intranet/cb",
        "https://127.0.0.1/cb",
        "https://[::1]/cb",
        "https://a_b.test/cb",
        "https://app.test/a..b/.well-known/cb",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
        "http://localhost:8787/callback",
        "http://[::1]:1/cb",
        "com.example.app:/cb",
        "com.example.app:cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ],
)
def test_a_client_may_register(text: str) -> None:
    check_registered(text, private_schemes=("cursor", "com.example.app"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://*.app.test/cb", id="RU-10 host"),
        pytest.param("https://app.test/*", id="RU-10 path"),
        pytest.param("http://127.0.0.1:*/cb", id="RU-10 port"),
        pytest.param("http://app.test/cb", id="RU-16"),
        pytest.param("http://127.0.0.2/cb", id="RU-16 another loopback address"),
        pytest.param("http://a.localhost/cb", id="RU-16 below localhost"),
        pytest.param("http://LOCALHOST/cb", id="RU-16 capitals"),
        pytest.param("http://[::ffff:127.0.0.1]/cb", id="RU-16 mapped"),
        pytest.param("http:///cb", id="RU-16 no host"),
        pytest.param("https:///cb", id="no host"),
        pytest.param("https:/cb", id="no authority"),
        pytest.param("https:cb", id="no slash"),
        pytest.param("https://app.test%2f.evil.test/cb", id="escape in the host"),
        pytest.param("https://app.test,evil.test/cb", id="comma in the host"),
        pytest.param("https://app.test./cb", id="dot behind the host"),
        pytest.param("https://-app.test/cb", id="host that begins with -"),
        pytest.param("https://b\u00fccher.test/cb", id="RU-22 not ASCII"),
        pytest.param("https://u@app.test/cb", id="user"),
        pytest.param("https://@app.test/cb", id="empty user"),
        pytest.param("https://app.test/cb#x", id="fragment"),
        pytest.param("https://app.test/cb#", id="empty fragment"),
        pytest.param("https://app.test/a/../cb", id="dot segment"),
        pytest.param("https://app.test/a/..", id="dot segment at the end"),
        pytest.param("https://app.test/./cb", id="single dot"),
        pytest.param("https://app.test/a/%2e%2E/cb", id="escaped dot segment"),
        pytest.param("https://app.test/a/.%2e/cb", id="half escaped dot segment"),
        pytest.param("com.example.app:../cb", id="dot segment without a slash"),
        pytest.param("app.test/cb", id="relative"),
        pytest.param("", id="empty"),
        pytest.param("https://app.test/c b", id="space"),
        pytest.param("https://app.test/cb\n", id="newline"),
        pytest.param("https://app.test/" + "a" * 100_000, id="RU-23 100 KiB"),
        pytest.param("myapp://evil.test/cb", id="RU-18 not listed"),
        pytest.param("com.example.other:/cb", id="RU-18 another"),
        pytest.param("COM.example.app:/cb", id="RU-18 capitals"),
        pytest.param("HTTPS://app.test/cb", id="https in capitals"),
        pytest.param("Http://127.0.0.1/cb", id="http in capitals"),
    ],
)
@requirement("rfc9700:redirect-uri-registrable")
def test_a_client_may_not_register(text: str) -> None:
    with refused("invalid_redirect_uri"):
        check_registered(text, private_schemes=("cursor", "com.example.app"))


@pytest.mark.parametrize("form", ["{}", " {}", "\t{}", "{}\n"])
@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)//",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "DATA:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.test/x",
        "about:blank",
        "view-source:https://app.test/",
        "filesystem:https://app.test/",
        "ws://app.test/",
        "wss://app.test/",
        "ftp://app.test/",
        "mailto:a@app.test",
    ],
)
@requirement("house:dangerous-schemes-are-never-a-way-back")
def test_a_dangerous_scheme_is_refused_even_where_the_operator_lists_it(text: str, form: str) -> None:  # RU-17
    scheme = text.partition(":")[0]
    with refused("invalid_redirect_uri"):
        check_registered(form.format(text), private_schemes=(scheme, scheme.lower()))


@pytest.mark.parametrize(
    "query",
    [
        "code=1",
        "state=x",
        "x=1&iss=https://evil.test",
        "error",
        "error_description=x",
        "error_uri=x",
        "response=x",
        "%63ode=1",
        "x&i%73s=1",
    ],
)
@requirement("oauth2.1:answer-parameters-stand-once")
def test_a_query_that_holds_a_parameter_of_the_answer_is_refused(query: str) -> None:  # AZ-28
    with refused("invalid_redirect_uri"):
        check_registered(f"https://app.test/cb?{query}", private_schemes=())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("http://127.0.0.1:51004/cb?a=b", "http://127.0.0.1/cb?a=b"),
        ("http://localhost:80/x:80", "http://localhost/x:80"),
        ("http://[::1]:1/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1/cb"),
        ("https://127.0.0.1:1/cb", "https://127.0.0.1:1/cb"),
        ("http://app.test:1/cb", "http://app.test:1/cb"),
        ("https://app.test:8443/cb", "https://app.test:8443/cb"),
        ("cursor://localhost:1/cb", "cursor://localhost:1/cb"),
    ],
)
def test_a_consent_does_not_depend_on_the_port_of_a_loopback_client(text: str, kept: str) -> None:
    assert without_loopback_port(text) == kept
