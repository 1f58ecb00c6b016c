"""Resource indicators: which resource a token is for."""

import pytest

from tenants.oauth import resource
from tenants.oauth.resource import Target
from tenants.records import Resource
from tests.support.made import resource as registered
from tests.support.refused import refused
from tests.support.requirement import requirement

ISSUER = "https://a.test"
MCP, OTHER = registered("https://mcp.test/mcp"), registered("https://other.test/", id="other")
SOME = (MCP, OTHER)


def test_none_asked_is_the_issuer_itself() -> None:
    for each in ((), SOME):
        assert resource.asked((), registered=each, issuer_uri=ISSUER) == Target(ISSUER, None)


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("https://mcp.test/mcp", MCP),
        ("HTTPS://MCP.test/mcp", MCP),
        ("https://mcp.test:443/mcp", MCP),
        ("https://other.test", OTHER),
        ("https://other.test/", OTHER),
        ("https://a.test", None),
        ("https://A.test/", None),
    ],
)
@requirement("rfc8707:audience-is-the-resource-asked-for", "mcp:resource-canonical-form")
def test_a_resource_is_known_in_each_of_its_spellings_and_named_as_it_was_registered(
    given: str, target: Resource | None
) -> None:
    found = resource.asked((given,), registered=SOME, issuer_uri=ISSUER)
    assert found == Target(ISSUER if target is None else target.uri, target)
    assert resource.served(found.audience, registered=SOME, issuer_uri=ISSUER) == found


@pytest.mark.parametrize(
    ("given", "audience"),
    [
        ("https://mcp.test/mcp?x=1", "https://mcp.test/mcp?x=1"),
        ("HTTPS://MCP.test:8443/MCP/", "https://mcp.test:8443/MCP/"),
        ("https://mcp.test/", "https://mcp.test"),
        ("https://mcp.test/?x", "https://mcp.test/?x"),
        ("http://localhost:3000/mcp", "http://localhost:3000/mcp"),
        ("https://mcp.test:443/mcp", "https://mcp.test/mcp"),
        ("https://mcp.test:80/mcp", "https://mcp.test:80/mcp"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("http://a.localhost", "http://a.localhost"),
    ],
)
def test_an_issuer_with_no_resource_serves_any_https_or_local_one(given: str, audience: str) -> None:
    assert resource.asked((given,), registered=(), issuer_uri=ISSUER) == Target(audience, None)
    assert resource.served(audience, registered=(), issuer_uri=ISSUER) == Target(audience, None)


@pytest.mark.parametrize("some", [(), SOME])
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
def test_what_is_no_resource_is_refused(given: str, some: tuple[Resource, ...]) -> None:
    with refused("invalid_target"):
        resource.asked((given,), registered=some, issuer_uri=ISSUER)


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
def test_an_issuer_with_resources_serves_nothing_else(given: str) -> None:  # AZ-20
    with refused("invalid_target"):
        resource.asked((given,), registered=SOME, issuer_uri=ISSUER)
    assert resource.served(given, registered=SOME, issuer_uri=ISSUER) is None


def test_a_disabled_resource_is_not_served_nor_is_any_that_is_not_registered() -> None:
    disabled = (registered(MCP.uri, disabled_at=1),)
    for given in (MCP.uri, OTHER.uri):
        with refused("invalid_target"):
            resource.asked((given,), registered=disabled, issuer_uri=ISSUER)
        assert resource.served(given, registered=disabled, issuer_uri=ISSUER) is None
    assert resource.asked((ISSUER,), registered=disabled, issuer_uri=ISSUER) == Target(ISSUER, None)


@pytest.mark.parametrize(
    "given",
    [
        ("https://mcp.test/mcp", "https://other.test/"),
        ("https://mcp.test/mcp", "https://mcp.test/mcp", "https://other.test/"),
        ("https://mcp.test/mcp", "https://a.test"),
        ("https://mcp.test/mcp", "https://mcp.test/mcp/"),
        ("https://mcp.test/mcp", "mcp"),
        ("mcp", "mcp"),
    ],
)
@requirement("house:one-resource-a-grant")
def test_several_resources_are_refused_and_none_of_them_is_picked(given: tuple[str, ...]) -> None:  # AZ-21
    for some in ((), SOME):
        for order in (given, given[::-1]):
            with refused("invalid_target"):
                resource.asked(order, registered=some, issuer_uri=ISSUER)


def test_one_resource_that_is_named_twice_is_one() -> None:
    for given in (("https://other.test", "HTTPS://OTHER.test:443/"), ("https://other.test/",) * 3):
        assert resource.asked(given, registered=SOME, issuer_uri=ISSUER) == Target(OTHER.uri, OTHER)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ((), True),
        (("https://mcp.test/mcp",), True),
        (("HTTPS://MCP.TEST/mcp",), True),
        (("https://mcp.test/mcp/",), False),
        (("https://mcp.test",), False),
        (("https://other.test",), False),
        (("https://mcp.test/mcp", "https://mcp.test:443/mcp"), True),
        (("https://mcp.test/mcp", "https://other.test"), False),
        (("mcp",), False),
    ],
)
@requirement("rfc8707:token-request-stays-within-the-grant")
def test_a_token_request_stays_within_its_grant(given: tuple[str, ...], same: bool) -> None:  # TK-24, RT-11
    assert resource.same(given, "https://mcp.test/mcp") is same


def test_two_things_that_are_no_resource_are_not_the_same_resource() -> None:
    assert not resource.same(("garbage",), "http://not-a-resource.test")
