"""What is said of each kind of identity provider leads to its addresses, and is read back from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.acts.provider_address import objection
from tenants.acts.provider_kinds import (
    KINDS,
    Addresses,
    Auth0,
    Config,
    Entra,
    GitHub,
    Google,
    OAuth2,
    Oidc,
    Okta,
    WorkOS,
    addresses,
    default_claims,
    kind_of,
)

WORKOS = "https://api.workos.com/user_management"
PLACES: list[tuple[Config, dict[str, str]]] = [
    (Oidc("https://login.test/realms/a"), {"issuer_uri": "https://login.test/realms/a"}),
    (Oidc("https://login.test/"), {"issuer_uri": "https://login.test/"}),
    (
        Oidc("https://login.test", "https://a.test/authorize", "https://a.test/token", "", "https://a.test/jwks"),
        {
            "issuer_uri": "https://login.test",
            "authorization_uri": "https://a.test/authorize",
            "token_uri": "https://a.test/token",
            "jwks_uri": "https://a.test/jwks",
        },
    ),
    (
        OAuth2("https://a.test/authorize", "https://a.test/token", "https://api.a.test/me"),
        {
            "authorization_uri": "https://a.test/authorize",
            "token_uri": "https://a.test/token",
            "user_uri": "https://api.a.test/me",
        },
    ),
    (WorkOS(), {"authorization_uri": f"{WORKOS}/authorize", "token_uri": f"{WORKOS}/authenticate"}),
    (Auth0("acme.eu.auth0.com"), {"issuer_uri": "https://acme.eu.auth0.com/"}),
    (Okta("acme.okta.com"), {"issuer_uri": "https://acme.okta.com"}),
    (Okta("acme.okta.com", "default"), {"issuer_uri": "https://acme.okta.com/oauth2/default"}),
    (Google(), {"issuer_uri": "https://accounts.google.com"}),
    (
        GitHub(),
        {
            "authorization_uri": "https://github.com/login/oauth/authorize",
            "token_uri": "https://github.com/login/oauth/access_token",
            "user_uri": "https://api.github.com/user",
        },
    ),
    (
        GitHub("https://git.acme.test"),
        {
            "authorization_uri": "https://git.acme.test/login/oauth/authorize",
            "token_uri": "https://git.acme.test/login/oauth/access_token",
            "user_uri": "https://git.acme.test/api/v3/user",
        },
    ),
    (Entra("common"), {"issuer_uri": "https://login.microsoftonline.com/common/v2.0"}),
]


@pytest.mark.parametrize(("config", "places"), PLACES)
def test_what_is_said_of_a_kind_leads_to_its_documented_addresses(config: Config, places: dict[str, str]) -> None:
    assert addresses(config) == Addresses(**places)


def test_every_kind_has_its_addresses_and_says_who_the_user_is() -> None:
    assert {kind_of(config) for config, _ in PLACES} == KINDS.keys()
    for kind in KINDS:
        assert default_claims(kind).subject


def test_an_account_at_google_belongs_to_its_hosted_domain_and_one_at_github_is_a_number() -> None:
    assert default_claims("google").organization == "hd"
    assert default_claims("github").subject == "id"


def test_github_com_said_in_full_is_github_com() -> None:
    assert addresses(GitHub("https://github.com")) == addresses(GitHub())


PRODUCTION, DEVELOPMENT = "https://a.test", "http://a.localhost:8080"


@pytest.mark.parametrize(
    "address",
    [
        *("https://login.test", "https://login.test/", "https://login.test:8443/x?y=z", "https://1.2.test"),
        *("https://b.a.test", "https://a.test:444", "https://xn--bcher-kva.test"),
    ],
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert objection(address, PRODUCTION) is None
    assert objection(address, DEVELOPMENT) is None


ODD = [
    *("", "login.test", "//login.test", "https:", "https://", "https:///x", "javascript:alert(1)", "data:text/html,x"),
    *("http://login.test", "ftp://login.test", "file:///etc/passwd", "HTTPS://login.test", "https://LOGIN.test"),
    *(
        "https://u@login.test",
        "https://u:p@login.test",
        "https://@login.test",
        "https://login.test#",
        "https://l.test#x",
    ),
    *(
        "https://login",
        "https://intranet/x",
        "https://login.test.",
        "https://.test",
        "https://a..test",
        "https://-a.test",
    ),
    *("https://10.0.0.1", "https://169.254.169.254/latest", "https://192.168.0.1", "https://8.8.8.8", "https://0"),
    *("https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://a.0x7f", "https://127.0.0.2"),
    *("https://[fd00::1]", "https://[::ffff:127.0.0.1]", "https://[::]"),
    *("https://metadata.google.internal", "https://printer.local", "https://a.localdomain", "https://a.home.arpa"),
    *("https://login.test\n", " https://login.test", "https://login.test\\@b.test", "https://lögin.test"),
    *("https://login.test:0", "https://login.test:65536", f"https://login.test/{'x' * 3_000}"),
]


@pytest.mark.parametrize("address", ODD)
def test_ga_21_an_address_that_is_odd_or_internal_may_not(address: str) -> None:
    assert objection(address, PRODUCTION)
    assert objection(address, DEVELOPMENT)


LOOPBACK = ["http://localhost:5556/dex", "http://127.0.0.1:5556", "http://[::1]:5556", "https://idp.localhost"]


@pytest.mark.parametrize("address", LOOPBACK)
def test_ga_21_loopback_may_be_called_in_development_only(address: str) -> None:
    assert objection(address, DEVELOPMENT) is None
    assert objection(address, PRODUCTION)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://a.test", PRODUCTION),
        ("https://a.test/authorize?x", PRODUCTION),
        ("https://a.test:443/", PRODUCTION),
        ("https://a.test:8443", "https://a.test:8443"),
        ("http://a.localhost:8080/x", DEVELOPMENT),
        ("https://a.localhost:8080", DEVELOPMENT),
        ("https://a.test/acme", "https://a.test/acme"),
        ("https://a.test/acme/authorize?x", "https://a.test/acme"),
    ],
)
def test_ga_21_an_issuer_is_no_identity_provider_of_its_own(address: str, own: str) -> None:
    assert objection(address, own) == "must not be this issuer itself"


@pytest.mark.parametrize("address", ["https://a.test", "https://a.test/other", "https://a.test/acmeX?/acme"])
def test_another_part_of_its_host_may_be_an_identity_provider(address: str) -> None:
    assert objection(address, "https://a.test/acme") is None


@given(st.text(max_size=40), st.sampled_from(["https://", "http://", ""]))
def test_no_address_makes_the_rule_stumble(text: str, scheme: str) -> None:
    said = objection(scheme + text, PRODUCTION)
    assert said is None or said.startswith("must")
