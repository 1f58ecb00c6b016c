"""What an issuer's URI may be, and what leads to it."""

import pytest

from server.web.browser import BROWSER_PATHS
from server.web.client_side import ENDPOINTS
from tenants import issuer_uri
from tenants.domains import challenge_name
from tenants.issuer_uri import MAX_FURTHER_HOST, OURS, at_host, host_name, hosts_of, is_further_host, rivals_of, split
from tenants.problems import Invalid


@pytest.mark.parametrize(
    "uri",
    [
        *("https://auth.test", "https://auth.test:8443", "http://localhost:8080", "http://[::1]:8080"),
        *("https://auth.test/acme", "https://auth.test/Acme", "https://auth.test/a.b_c~d-e", "https://auth.test/..."),
        *("https://auth.test/realms/acme", "https://auth.test/1/2/3/4", f"https://auth.test/{'x' * 64}"),
        *("http://localhost:8080/acme", "https://auth.test/token-service", "https://auth.test/well-known"),
    ],
)
def test_an_issuer_may_have_a_host_of_its_own_or_a_path_of_one(uri: str) -> None:
    issuer_uri.check(uri)


@pytest.mark.parametrize(
    "uri",
    [
        *("https://auth.test/", "https://auth.test/acme/", "https://auth.test//acme", "https://auth.test/a//b"),
        *("https://auth.test/.", "https://auth.test/..", "https://auth.test/a/../b", "https://auth.test/./a"),
        *("https://auth.test/%61cme", "https://auth.test/a%2Fb", "https://auth.test/%2e%2e", "https://auth.test/%"),
        *("https://auth.test/a;b", "https://auth.test/a,b", "https://auth.test/a:b", "https://auth.test/a@b"),
        *("https://auth.test/a+b", "https://auth.test/a'b", "https://auth.test/a b", "https://auth.test/ä"),
        *("https://auth.test/acme?x", "https://auth.test/acme#x", "https://auth.test/acme\n", "https://auth.test/a\\b"),
        *("https://auth.test/1/2/3/4/5", f"https://auth.test/{'x' * 65}", "https://auth.test/*"),
        *("http://auth.test/acme", "https://Auth.test/acme", "https://auth.test:443/acme", "https:/acme", "/acme"),
    ],
)
def test_a_path_has_one_spelling(uri: str) -> None:
    with pytest.raises(Invalid) as refused:
        issuer_uri.check(uri)
    assert refused.value.field == "issuer.issuer_uri"


@pytest.mark.parametrize("name", [*sorted(OURS), "Token", ".WELL-KNOWN"])
@pytest.mark.parametrize("path", ["/{name}", "/{name}/acme", "/acme/{name}", "/a/b/{name}/c"])
def test_no_issuer_stands_where_another_one_answers(path: str, name: str) -> None:
    with pytest.raises(Invalid, match="it stands for an address of an issuer"):
        issuer_uri.check("https://auth.test" + path.format(name=name))


def test_every_address_of_an_issuer_is_one_where_no_other_can_be() -> None:
    served = {path.decode("ascii").split("/")[1] for path in (*ENDPOINTS, *BROWSER_PATHS, b"/callback/x")}
    assert served <= OURS


@pytest.mark.parametrize(
    ("uri", "origin", "path", "hosts"),
    [
        ("https://auth.test", "https://auth.test", "", {"auth.test", "auth.test:443"}),
        ("https://auth.test/acme", "https://auth.test", "/acme", {"auth.test", "auth.test:443"}),
        ("https://auth.test:8443/a/b", "https://auth.test:8443", "/a/b", {"auth.test:8443"}),
        ("http://localhost/acme", "http://localhost", "/acme", {"localhost", "localhost:80"}),
        ("http://[::1]:8080/acme", "http://[::1]:8080", "/acme", {"[::1]:8080"}),
        ("http://[::1]/acme", "http://[::1]", "/acme", {"[::1]", "[::1]:80"}),
    ],
)
def test_host_and_path_lead_to_an_issuer(uri: str, origin: str, path: str, hosts: set[str]) -> None:
    assert split(uri) == (origin, path)
    assert set(hosts_of(uri)) == hosts


@pytest.mark.parametrize(
    ("one", "other", "rivals"),
    [
        ("https://auth.test/acme", "https://auth.test/acme", True),
        ("http://a.localhost/acme", "https://a.localhost/acme", True),
        ("http://a.localhost/acme", "https://a.localhost:80/acme", True),
        ("http://a.localhost:443/acme", "https://a.localhost/acme", True),
        ("https://auth.test/acme", "https://auth.test", False),
        ("https://auth.test/acme", "https://auth.test/acme/team", False),
        ("https://auth.test/acme", "https://auth.test/Acme", False),
        ("https://auth.test/acme", "https://auth.test:8443/acme", False),
        ("http://a.localhost:8080/acme", "http://a.localhost:8081/acme", False),
    ],
)
def test_two_issuers_that_one_request_would_lead_to_are_rivals(one: str, other: str, rivals: bool) -> None:
    assert (one in rivals_of(other)) is rivals
    assert (other in rivals_of(one)) is rivals
    assert bool(set(hosts_of(one)) & set(hosts_of(other)) and split(one)[1] == split(other)[1]) is rivals


@pytest.mark.parametrize(
    ("uri", "host", "elsewhere"),
    [
        ("https://auth.test", "auth.test", "https://x.test"),
        ("https://auth.test:8443/acme", "auth.test", "https://x.test:8443/acme"),
        ("https://auth.test/auth.test", "auth.test", "https://x.test/auth.test"),
        ("http://localhost:8080", "localhost", "http://x.test:8080"),
        ("http://[::1]:8080/acme", "[::1]", "http://x.test:8080/acme"),
        ("http://[::1]", "[::1]", "http://x.test"),
    ],
)
def test_an_issuer_is_at_another_host_with_all_else_of_its_uri(uri: str, host: str, elsewhere: str) -> None:
    assert host_name(uri) == host
    assert at_host(uri, "x.test") == elsewhere


def test_a_further_host_has_room_for_the_name_of_its_challenge() -> None:
    longest = ".".join(["a" * 63] * 3 + ["b" * (MAX_FURTHER_HOST - 3 * 64)])
    assert is_further_host(longest)
    assert not is_further_host(f"{longest}b")
    assert len(f"{challenge_name(longest)}.") < 253
