"""A URI in its parts, as RFC 3986 reads it."""

import pytest

from tenants.oauth import uri
from tenants.oauth.uri import MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "scheme", "user", "host", "port", "path", "query", "fragment"),
    [
        ("https://app.test/cb", "https", None, "app.test", None, "/cb", None, None),
        ("https://app.test", "https", None, "app.test", None, "", None, None),
        ("HTTPS://App.Test:8443/a?b=c?d#e?f", "HTTPS", None, "App.Test", 8443, "/a", "b=c?d", "e?f"),
        ("https://app.test/cb?", "https", None, "app.test", None, "/cb", "", None),
        ("https://app.test/cb#", "https", None, "app.test", None, "/cb", None, ""),
        ("https://app.test?q", "https", None, "app.test", None, "", "q", None),
        ("http://[::1]:9/cb", "http", None, "[::1]", 9, "/cb", None, None),
        ("http://[::ffff:127.0.0.1]/", "http", None, "[::ffff:127.0.0.1]", None, "/", None, None),
        ("https://u:p@app.test/", "https", "u:p", "app.test", None, "/", None, None),
        ("https://@app.test/", "https", "", "app.test", None, "/", None, None),
        ("https://app.test%2f@evil.test/cb", "https", "app.test%2f", "evil.test", None, "/cb", None, None),
        ("https:///cb", "https", None, "", None, "/cb", None, None),
        ("com.example.app:/cb", "com.example.app", None, "", None, "/cb", None, None),
        ("cursor://anysphere/oauth", "cursor", None, "anysphere", None, "/oauth", None, None),
        ("http://127.0.0.1:65535", "http", None, "127.0.0.1", 65535, "", None, None),
        ("http://127.0.0.1:1", "http", None, "127.0.0.1", 1, "", None, None),
    ],
)
def test_the_parts_are_as_written(
    text: str,
    scheme: str,
    user: str | None,
    host: str,
    port: int | None,
    path: str,
    query: str | None,
    fragment: str | None,
) -> None:
    parts = uri.parse(text)
    assert parts is not None
    assert (parts.text, parts.scheme, parts.user, parts.host) == (text, scheme, user, host)
    assert (parts.port, parts.path, parts.query, parts.fragment) == (port, path, query, fragment)


def test_without_two_slashes_there_is_no_authority() -> None:
    without, empty = uri.parse("com.example.app:/cb"), uri.parse("file:///cb")
    assert without is not None
    assert empty is not None
    assert (without.authority, empty.authority) == (None, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app.test/cb",
        "//app.test/cb",
        "/cb",
        "://app.test/",
        "1https://app.test/",
        " https://app.test/",
        "https://app.test/ ",
        "https://app.test/\n",
        "https://app.test/cb\r\n",
        "https://app\t.test/cb",
        "https://app.test/cb\0",
        "https://app.test/c b",
        'https://app.test/"',
        "https://app.test/<x>",
        "https://evil.test\\@app.test/cb",
        "https://bücher.test/cb",
        "https://app.test/%",
        "https://app.test/%2",
        "https://app.test/%zz",
        "https://app.test/{x}",
        "https://app.test:/",
        "https://app.test:0/",
        "https://app.test:080/",
        "https://app.test:65536/",
        "https://app.test:99999999999/",
        "https://app.test:+80/",
        "https://app.test:８０/",
        "https://app.test:80:80/",
        "https://app.test:x/",
        "https://[::1/",
        "https://::1]/",
        "https://[::1]x/",
        "https://[v1.x]/",
        "https://[]/",
        "https://[:]/",
        "https://[.]/",
        "https://[127.0.0.1]/",
        "https://[::1::2]/",
        "https://[12345::]/",
        "https://[1:2:3:4:5:6:7]/",
        "https://[1:2:3:4:5:6:7:8:9]/",
        "https://[::127.0.0.256]/",
        "https://[fe80::1%25eth0]/",
        "com.example.app://[a.b]/cb",
        "https://a@b@c/",
        "https://app.test/" + "a" * MAX_LENGTH,
    ],
)
def test_what_is_not_an_absolute_uri_has_no_parts(text: str) -> None:
    assert uri.parse(text) is None


def test_a_uri_of_the_greatest_length_is_read() -> None:
    head = "https://app.test/"
    assert uri.parse(head + "a" * (MAX_LENGTH - len(head))) is not None


@pytest.mark.parametrize(
    ("text", "loopback", "local"),
    [
        ("http://127.0.0.1:1/", True, True),
        ("http://[::1]/", True, True),
        ("http://localhost/", True, True),
        ("http://a.localhost/", False, True),
        ("http://127.0.0.2/", False, False),
        ("http://127.1/", False, False),
        ("http://localhost.test/", False, False),
        ("http://notlocalhost/", False, False),
        ("http://localhost./", False, False),
        ("http://[::ffff:127.0.0.1]/", False, False),
        ("http://app.test/", False, False),
    ],
)
def test_only_three_hosts_are_loopback_and_only_names_below_localhost_are_local(
    text: str, loopback: bool, local: bool
) -> None:
    parts = uri.parse(text)
    assert parts is not None
    assert (parts.loopback, parts.local) == (loopback, local)
