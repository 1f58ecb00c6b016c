"""Resource indicators: which resource a token is for."""

import pytest

from tenants.oauth import resource
from tests.support.refused import refused
from tests.support.requirement import requirement

ISSUER = "https://a.test"
OFFERED = ("https://mcp.test/mcp", "https://other.test/")


def test_none_asked_is_the_issuer_itself() -> None:
    assert resource.asked((), offered=(), issuer_uri=ISSUER) == ISSUER
    assert resource.asked((), offered=OFFERED, issuer_uri=ISSUER) == ISSUER


@pytest.mark.parametrize(
    ("given", "audience"),
    [
        ("https://mcp.test/mcp", "https://mcp.test/mcp"),
        ("HTTPS://MCP.test/mcp", "https://mcp.test/mcp"),
        ("https://other.test", "https://other.test/"),
        ("https://other.test/", "https://other.test/"),
        ("https://a.test", ISSUER),
        ("https://A.test/", ISSUER),
    ],
)
@requirement("rfc8707:audience-is-the-resource-asked-for", "mcp:resource-canonical-form")
def test_a_resource_is_known_in_each_of_its_spellings_and_named_in_one(given: str, audience: str) -> None:
    assert resource.asked((given,), offered=OFFERED, issuer_uri=ISSUER) == audience


@pytest.mark.parametrize(
    ("given", "audience"),
    [
        ("https://mcp.test/mcp?x=1", "https://mcp.test/mcp?x=1"),
        ("HTTPS://MCP.test:8443/MCP/", "https://mcp.test:8443/MCP/"),
        ("https://mcp.test/", "https://mcp.test"),
        ("https://mcp.test/?x", "https://mcp.test/?x"),
        ("http://localhost:3000/mcp", "http://localhost:3000/mcp"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("http://a.localhost", "http://a.localhost"),
    ],
)
def test_an_issuer_with_no_list_serves_any_https_or_local_resource(given: str, audience: str) -> None:
    assert resource.asked((given,), offered=(), issuer_uri=ISSUER) == audience


@pytest.mark.parametrize("offered", [(), OFFERED])
@pytest.mark.parametrize(
    "given",
    [
        pytest.param("mcp", id="AZ-20 no URI"),
        pytest.param("/mcp", id="AZ-20 relative"),
        pytest.param("//mcp.test/mcp", id="AZ-20 no scheme"),
        pytest.param("https://mcp.test/mcp#x", id="AZ-20 fragment"),
        pytest.param("https://mcp.test/mcp#", id="AZ-20 empty fragment"),
        pytest.param("javascript:alert(1)", id="AZ-20 javascript"),
        pytest.param("urn:mcp:x", id="AZ-20 urn"),
        pytest.param("http://mcp.test/mcp", id="AZ-20 http"),
        pytest.param("http://localhost.evil.test/", id="AZ-20 http, not local"),
        pytest.param("http://notlocalhost/", id="AZ-20 http, not local either"),
        pytest.param("https://u@mcp.test/mcp", id="AZ-20 user"),
        pytest.param("https://@mcp.test/mcp", id="AZ-20 empty user"),
        pytest.param("https:///mcp", id="AZ-20 no host"),
        pytest.param("https:mcp", id="AZ-20 no authority"),
        pytest.param("https://mcp.test/mcp\n", id="AZ-20 newline"),
        pytest.param("https://mcp.test/mcp https://evil.test", id="AZ-20 two in one"),
    ],
)
@requirement("rfc8707:invalid-target")
def test_what_is_no_resource_is_refused(given: str, offered: tuple[str, ...]) -> None:
    with refused("invalid_target"):
        resource.asked((given,), offered=offered, issuer_uri=ISSUER)


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.test",
        "https://mcp.test",
        "https://mcp.test/mcp/",
        "https://mcp.test/MCP",
        "https://mcp.test/mcp?x=1",
        "https://mcp.test/mcp?",
        "https://mcp.test:8443/mcp",
        "https://mcp.test.evil.test/mcp",
        "http://localhost/mcp",
        "https://b.test",
    ],
)
@requirement("rfc8707:invalid-target")
def test_an_issuer_with_a_list_serves_nothing_else(given: str) -> None:  # AZ-20
    with refused("invalid_target"):
        resource.asked((given,), offered=OFFERED, issuer_uri=ISSUER)


@pytest.mark.parametrize("given", [("https://mcp.test/mcp", "https://other.test/"), ("https://a.test",) * 2])
@requirement("house:one-resource-a-grant")
def test_several_resources_are_refused_and_none_of_them_is_picked(given: tuple[str, ...]) -> None:  # AZ-21
    for offered in ((), OFFERED):
        with refused("invalid_target"):
            resource.asked(given, offered=offered, issuer_uri=ISSUER)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ((), True),
        (("https://mcp.test/mcp",), True),
        (("HTTPS://MCP.TEST/mcp",), True),
        (("https://mcp.test/mcp/",), False),
        (("https://mcp.test",), False),
        (("https://other.test",), False),
        (("https://mcp.test/mcp", "https://mcp.test/mcp"), False),
        (("https://mcp.test/mcp", "https://other.test"), False),
        (("mcp",), False),
    ],
)
@requirement("rfc8707:token-request-stays-within-the-grant")
def test_a_token_request_stays_within_its_grant(given: tuple[str, ...], same: bool) -> None:  # TK-24, RT-11
    assert resource.same(given, "https://mcp.test/mcp") is same


def test_two_things_that_are_no_resource_are_not_the_same_resource() -> None:
    assert not resource.same(("garbage",), "http://not-a-resource.test")
