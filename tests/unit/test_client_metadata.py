"""What a client says about itself when it registers."""

from typing import Any

import pytest

from tenants.oauth import json_text, own_assertion
from tenants.oauth.client_jwks import MAX_KEYS
from tenants.oauth.client_metadata import MAX_MORE, MAX_NAME, MAX_TEXT, check, display_name, registered
from tenants.records import Policy
from tests.support.made import public_client
from tests.support.refused import refused
from tests.support.requirement import requirement
from tests.support.signer import Signer

POLICY = Policy(scopes=("openid", "mcp", "offline_access"))
KEY = Signer("ES256")
KEYED: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEY.jwks}
LEAST: dict[str, Any] = {"redirect_uris": ["https://app.test/cb"]}
PUBLIC_JWK = {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "kid": "1"}


def kept(members: dict[str, Any], policy: Policy = POLICY) -> dict[str, Any]:
    """All that is only kept of what is registered beside a redirect URI."""
    metadata = check(LEAST | members, policy)
    keys = {"jwks": metadata.jwks, "jwks_uri": metadata.jwks_uri}
    return {**metadata.more, **{name: value for name, value in keys.items() if value is not None}}


def test_the_least_that_can_be_registered_is_a_redirect_uri() -> None:
    metadata = check(LEAST, POLICY)
    assert metadata.redirect_uris == ("https://app.test/cb",)
    assert metadata.grant_types == ("authorization_code", "refresh_token")
    assert metadata.response_types == ("code",)
    assert metadata.auth_method == "client_secret_basic"
    assert (metadata.name, metadata.scopes, metadata.application_type, metadata.more) == ("", None, None, {})


def test_all_that_is_registered_is_kept() -> None:
    more = {
        "client_uri": "https://app.test/",
        "logo_uri": "https://cdn.app.test:8443/logo.png?v=1",
        "policy_uri": "https://app.test/policy",
        "tos_uri": "https://app.test/tos",
        "tos_uri#de-AT": "https://app.test/agb",
        "client_name#ja": "アプリ",
        "software_id": "app",
        "software_version": "1.0",
        "contacts": ["a@app.test"],
        "jwks": {"keys": [PUBLIC_JWK]},
    }
    metadata = check(
        {
            "redirect_uris": ["https://app.test/cb", "http://127.0.0.1/", "https://app.test/cb"],
            "client_name": "App",
            "grant_types": ["authorization_code", "authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "mcp offline_access",
            "application_type": "native",
            **more,
        },
        POLICY,
    )
    assert metadata.redirect_uris == ("https://app.test/cb", "http://127.0.0.1/")
    assert metadata.grant_types == ("authorization_code",)
    assert (metadata.name, metadata.auth_method, metadata.application_type) == ("App", "none", "native")
    assert metadata.scopes == ("mcp", "offline_access")
    assert {**metadata.more, "jwks": metadata.jwks} == more


@requirement("rfc7591:unknown-members-are-ignored")
def test_what_a_client_cannot_decide_is_ignored() -> None:  # RG-02, RG-09, CO-17
    metadata = check(
        LEAST
        | {
            "client_id": "admin",
            "client_secret": "chosen",
            "client_id_issued_at": 1,
            "skip_consent": True,
            "require_consent": False,
            "first_party": True,
            "trusted": True,
            "origin": "admin",
            "software_statement": "e30.e30.",
            "sector_identifier_uri": "http://169.254.169.254/",
            "resources": ["https://mcp.test"],
        },
        POLICY,
    )
    assert metadata == check(LEAST, POLICY)


@pytest.mark.parametrize("given", [None, [], [LEAST], "x", 1, True])
def test_metadata_is_an_object(given: Any) -> None:  # RG-01
    with refused("invalid_client_metadata"):
        check(given, POLICY)


@pytest.mark.parametrize(
    "uris",
    [
        pytest.param([], id="RU-23 empty"),
        pytest.param(None, id="RU-23 null"),
        pytest.param(["https://*.app.test/cb"], id="RU-10 host"),
        pytest.param(["https://app.test/*"], id="RU-10 path"),
        pytest.param(["http://app.test/cb"], id="RU-16"),
        pytest.param(["javascript:alert(1)//"], id="RU-17"),
        pytest.param(["https://app.test/cb", "data:text/html,x"], id="RU-17 the second"),
        pytest.param(["https://app.test/" + "a" * 100_000], id="RU-23 100 KiB"),
        pytest.param(["myapp://cb"], id="RU-18"),
    ],
)
@requirement("rfc9700:redirect-uri-registrable")
def test_a_redirect_uri_that_may_not_be_registered_is_refused(uris: Any) -> None:
    with refused("invalid_redirect_uri"):
        check({"redirect_uris": uris}, POLICY)


def test_redirect_uris_cannot_be_left_out() -> None:  # RU-23
    with refused("invalid_redirect_uri"):
        check({}, POLICY)


def test_a_private_scheme_is_registered_where_the_policy_lists_it() -> None:  # RU-18
    uris = ["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"]
    with refused("invalid_redirect_uri"):
        check({"redirect_uris": uris[:1]}, POLICY)
    allowing = Policy(private_redirect_schemes=("cursor",))
    assert check({"redirect_uris": uris[:1]}, allowing).redirect_uris == tuple(uris[:1])


def test_one_of_another_scheme_is_kept_beside_others_until_the_policy_allows_it() -> None:
    uris = ["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"]
    assert check({"redirect_uris": uris}, POLICY).redirect_uris == tuple(uris)
    with refused("invalid_redirect_uri"):  # the operator is told at once
        check({"redirect_uris": uris}, POLICY, by_operator=True)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"redirect_uris": "https://app.test/cb"}, id="RU-23 one string"),
        pytest.param({"redirect_uris": {"0": "https://app.test/cb"}}, id="RU-23 object"),
        pytest.param({"redirect_uris": [["https://app.test/cb"]]}, id="RU-23 nested"),
        pytest.param({"redirect_uris": ["https://app.test/cb", None]}, id="RU-23 null inside"),
        pytest.param({"redirect_uris": ["https://app.test/cb", ""]}, id="RU-23 empty inside"),
        pytest.param({"redirect_uris": [f"https://app.test/{n}" for n in range(1_000)]}, id="RU-23 1,000"),
        pytest.param({"redirect_uris": [f"https://app.test/{n}" for n in range(21)]}, id="RU-23 one too many"),
        pytest.param({"token_endpoint_auth_method": "client_secret_jwt"}, id="RG-04 client_secret_jwt"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt"}, id="RG-04 private_key_jwt without a key"),
        pytest.param({"token_endpoint_auth_method": "None"}, id="RG-04 capitals"),
        pytest.param({"token_endpoint_auth_method": ""}, id="RG-04 empty method"),
        pytest.param({"token_endpoint_auth_method": ["none"]}, id="RG-04 list of methods"),
        pytest.param({"token_endpoint_auth_method": {}}, id="RG-04 object"),
        pytest.param({"grant_types": ["authorization_code", "password"]}, id="RG-04 password"),
        pytest.param({"grant_types": ["implicit"]}, id="RG-04 implicit"),
        pytest.param({"grant_types": ["refresh_token"]}, id="RG-04 no grant type with the response type"),
        pytest.param({"grant_types": "authorization_code"}, id="RG-04 grant types as a string"),
        pytest.param({"grant_types": ["authorization_code"] * 11}, id="RG-04 too many"),
        pytest.param({"grant_types": ["authorization_code", "client_credentials"]}, id="RG-05"),
        pytest.param({"response_types": ["token"]}, id="RG-04 token"),
        pytest.param({"response_types": ["code", "id_token"]}, id="RG-04 code and id_token"),
        pytest.param({"response_types": ["code token"]}, id="RG-04 code token"),
        pytest.param({"response_types": "code"}, id="RG-04 response type as a string"),
        pytest.param({"scope": 'a"b'}, id="RG-06 no scope"),
        pytest.param({"scope": ["mcp"]}, id="RG-06 list"),
        pytest.param({"scope": "m" * 4_097}, id="RG-06 too long"),
        pytest.param({"client_name": 1}, id="RG-18 name as a number"),
        pytest.param({"client_name": "x" * 100_000}, id="RG-18 endless name"),
        pytest.param({"client_name#ja": ["x"]}, id="RG-22 name as a list"),
        pytest.param({"software_id": "x" * (MAX_TEXT + 1)}, id="software_id too long"),
        pytest.param({"software_version": 1}, id="software_version as a number"),
        pytest.param({"contacts": "a@app.test"}, id="contacts as a string"),
        pytest.param({"contacts": ["a@app.test"] * 11}, id="contacts too many"),
        pytest.param({"contacts": ["x" * (MAX_TEXT + 1)]}, id="contact too long"),
        pytest.param({"application_type": "Web"}, id="RG-20 capitals"),
        pytest.param({"application_type": ["web"]}, id="RG-20 list"),
        pytest.param({f"client_name#a{n}": "x" for n in range(41)}, id="RG-22 too many languages"),
    ],
)
@requirement("rfc7591:metadata-is-checked")
def test_metadata_that_is_wrong_is_refused(members: dict[str, Any]) -> None:
    with refused("invalid_client_metadata"):
        check(LEAST | members, POLICY)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"jwks": {"keys": [PUBLIC_JWK]}, "jwks_uri": "https://app.test/jwks"}, id="RG-07 both"),
        pytest.param({"jwks": {"keys": [PUBLIC_JWK | {"d": "eA"}]}}, id="RG-07 private EC"),
        pytest.param({"jwks": {"keys": [PUBLIC_JWK, PUBLIC_JWK | {"d": ""}]}}, id="RG-07 private, the second"),
        pytest.param({"jwks": {"keys": [{"kty": "RSA", "n": "eA", "e": "AQAB", "p": "eA"}]}}, id="RG-07 private RSA"),
        pytest.param({"jwks": {"keys": [{"kty": "RSA", "n": "eA", "e": "AQAB", "oth": []}]}}, id="RG-07 more primes"),
        pytest.param({"jwks": {"keys": [{"kty": "oct", "k": "eA"}]}}, id="RG-07 oct"),
        pytest.param({"jwks": {"keys": [{"kty": "oct"}]}}, id="RG-07 oct without k"),
        pytest.param({"jwks": {"keys": [{"kty": "EC", "k": "eA"}]}}, id="RG-07 k"),
        pytest.param({"jwks": {"keys": [{"kty": ["EC"]}]}}, id="RG-07 kty as a list"),
        pytest.param({"jwks": {"keys": [PUBLIC_JWK] * 1_000}}, id="RG-07 1,000"),
        pytest.param({"jwks": {"keys": [PUBLIC_JWK] * (MAX_KEYS + 1)}}, id="RG-07 one too many"),
        pytest.param({"jwks": {"keys": []}}, id="RG-07 none"),
        pytest.param({"jwks": {"keys": [[PUBLIC_JWK]]}}, id="RG-07 nested"),
        pytest.param({"jwks": {"keys": {"0": PUBLIC_JWK}}}, id="RG-07 keys as an object"),
        pytest.param({"jwks": {}}, id="RG-07 no keys"),
        pytest.param({"jwks": [PUBLIC_JWK]}, id="RG-07 bare list"),
        pytest.param({"jwks": '{"keys":[]}'}, id="RG-07 string"),
    ],
)
@requirement("rfc7591:keys-are-public")
def test_keys_that_are_not_a_set_of_public_keys_are_refused(keys: dict[str, Any]) -> None:
    with refused("invalid_client_metadata"):
        check(LEAST | keys, POLICY)


def test_as_many_keys_as_are_allowed_are_kept() -> None:
    jwks = {"keys": [PUBLIC_JWK] * MAX_KEYS}
    assert kept({"jwks": jwks}) == {"jwks": jwks}
    assert kept({"jwks_uri": "https://app.test/jwks"}) == {"jwks_uri": "https://app.test/jwks"}


def test_a_client_registers_the_keys_that_prove_it() -> None:
    metadata = check(LEAST | KEYED, POLICY)
    assert (metadata.auth_method, metadata.jwks, metadata.jwks_uri) == ("private_key_jwt", KEY.jwks, None)
    assert metadata.assertion_algorithm is None
    elsewhere = {"jwks": None, "jwks_uri": "https://app.test/jwks", "token_endpoint_auth_signing_alg": "PS256"}
    metadata = check(LEAST | KEYED | elsewhere, POLICY)
    assert (metadata.jwks, metadata.jwks_uri) == (None, "https://app.test/jwks")
    assert metadata.assertion_algorithm == "PS256"


@pytest.mark.parametrize("algorithm", own_assertion.ALGORITHMS)
def test_a_key_is_registered_for_an_algorithm_that_it_can_prove(algorithm: str) -> None:
    named = {"token_endpoint_auth_signing_alg": algorithm}
    for other in own_assertion.ALGORITHMS:
        keys = KEYED | {"jwks": {"keys": [PUBLIC_JWK, Signer(other).public]}}
        assert check(LEAST | keys, POLICY).assertion_algorithm is None
        if other == algorithm:
            assert check(LEAST | keys | named, POLICY).assertion_algorithm == algorithm
        else:
            with refused("invalid_client_metadata"):
                check(LEAST | keys | named, POLICY)


def test_an_algorithm_without_the_method_says_nothing() -> None:
    metadata = check(LEAST | {"token_endpoint_auth_signing_alg": "HS256"}, POLICY)
    assert metadata == check(LEAST, POLICY)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"jwks": None}, id="no keys"),
        pytest.param({"jwks_uri": "https://app.test/jwks"}, id="RG-07 both"),
        pytest.param({"jwks": {"keys": [PUBLIC_JWK]}}, id="a point that is not on the curve"),
        pytest.param({"jwks": {"keys": [Signer("RS256", bits=1_024).public]}}, id="RSA with 1,024 bits"),
        pytest.param({"jwks": {"keys": [Signer("ES384").public]}}, id="another curve"),
        pytest.param({"jwks": {"keys": [KEY.public | {"use": "enc"}]}}, id="a key for encryption"),
        pytest.param({"jwks": {"keys": [KEY.public | {"alg": "ES384"}]}}, id="a key for another algorithm"),
        pytest.param({"jwks": {"keys": [KEY.key.as_dict(private=True)]}}, id="RG-07 a private key"),
        pytest.param({"jwks": None, "jwks_uri": "http://localhost/jwks"}, id="RG-08 on a machine of its own"),
        *(
            pytest.param({"token_endpoint_auth_signing_alg": algorithm}, id=f"{algorithm}")
            for algorithm in ("none", "HS256", "ES384", "es256", "", "RS256", ["ES256"], {}, 1)
        ),
    ],
)
@requirement("rfc7591:keys-are-public")
def test_a_client_without_a_key_that_could_prove_it_is_refused(members: dict[str, Any]) -> None:
    with refused("invalid_client_metadata"):
        check(LEAST | KEYED | members, POLICY)


def test_keys_may_lie_on_the_machine_that_alone_can_reach_the_issuer() -> None:
    for place in ("http://localhost:8000/jwks", "http://127.0.0.1/jwks", "https://keys.localhost/jwks"):
        assert check(LEAST | {"jwks_uri": place}, POLICY, local=True).jwks_uri == place
        with refused("invalid_client_metadata"):
            check(LEAST | {"jwks_uri": place}, POLICY)
    for place in ("http://app.test/jwks", "http://u@localhost/jwks", "ftp://localhost/jwks", "https://10.0.0.1/jwks"):
        with refused("invalid_client_metadata"):
            check(LEAST | {"jwks_uri": place}, POLICY, local=True)


def of_size(members: dict[str, Any], size: int) -> dict[str, Any]:
    """The members and a key, as JSON just so many bytes long."""

    def filled(length: int) -> dict[str, Any]:
        return members | {"jwks": {"keys": [{"kty": "EC", "x": "A" * length}]}}

    return filled(size - len(json_text.write(filled(0))))


@pytest.mark.parametrize("members", [{}, {"contacts": ["é@app.test"], "client_name#ja": "アプリ", "software_id": "é"}])
def test_what_is_only_kept_and_echoed_has_an_end(members: dict[str, Any]) -> None:
    longest = of_size(members, MAX_MORE)
    assert len(json_text.write(longest)) == MAX_MORE == 8_192
    assert kept(longest) == longest
    with refused("invalid_client_metadata"):
        check(LEAST | of_size(members, MAX_MORE + 1), POLICY)


def test_each_member_may_be_long_and_all_together_may_not() -> None:
    pages = {f"{name}_uri": f"https://app.test/{'a' * 2_000}" for name in ("client", "logo", "policy", "tos")}
    for name in pages:
        assert check(LEAST | {name: pages[name]}, POLICY)
    with refused("invalid_client_metadata"):
        check(LEAST | pages | {"contacts": ["a" * 255]}, POLICY)


@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri", "logo_uri#ja"])
@pytest.mark.parametrize(
    "page",
    [
        pytest.param("", id="empty"),
        pytest.param("javascript:alert(1)", id="CO-11 javascript"),
        pytest.param("data:image/png;base64,eA", id="CO-11 data"),
        pytest.param("http://app.test/", id="CO-11 http"),
        pytest.param("HTTPS://app.test/", id="CO-11 capitals"),
        pytest.param("//app.test/", id="CO-11 no scheme"),
        pytest.param("https://u:p@app.test/", id="CO-11 user"),
        pytest.param("https://@app.test/", id="CO-11 empty user"),
        pytest.param('https://app.test/"><script>', id="CO-11 markup"),
        pytest.param("https:///logo.png", id="RG-08 no host"),
        pytest.param("https://intranet/", id="RG-08 no dot"),
        pytest.param("https://localhost/", id="RG-08 localhost"),
        pytest.param("https://localhost./", id="RG-08 localhost with a dot"),
        pytest.param("https://a.localhost/", id="RG-08 below localhost"),
        pytest.param("https://a.LOCALHOST/", id="RG-08 below localhost, capitals"),
        pytest.param("https://metadata.google.internal/", id="RG-08 internal"),
        pytest.param("https://metadata.google.Internal./", id="RG-08 internal with a dot"),
        pytest.param("https://printer.local/", id="RG-08 local"),
        pytest.param("https://127.0.0.1/", id="RG-08 address"),
        pytest.param("https://127.0.0.1./", id="RG-08 address with a dot"),
        pytest.param("https://127.1/", id="RG-08 short address"),
        pytest.param("https://2130706433/", id="RG-08 number"),
        pytest.param("https://0x7f.0x1/", id="RG-08 hex address"),
        pytest.param("https://0177.0.0.01/", id="RG-08 octal address"),
        pytest.param("https://%31%32%37.0.0.%31/", id="RG-08 escaped address"),
        pytest.param("https://[::1]/", id="RG-08 IPv6"),
        pytest.param("https://[::ffff:127.0.0.1]/", id="RG-08 mapped"),
        pytest.param("https://[64:ff9b::169.254.169.254]/", id="RG-08 NAT64"),
        pytest.param("https://app..test/", id="RG-08 empty label"),
        pytest.param("https://-app.test/", id="RG-08 label that begins with -"),
        pytest.param("https://app.test%2f.evil.test/", id="RG-08 escape in the host"),
        pytest.param("https://app.test/" + "a" * 3_000, id="too long"),
    ],
)
@requirement("house:linked-pages-are-public")
def test_a_page_that_is_not_https_on_a_public_host_is_refused(member: str, page: str) -> None:  # RG-22 as well
    with refused("invalid_client_metadata"):
        check(LEAST | {member: page}, POLICY)


@pytest.mark.parametrize(
    "page", ["https://app.test/", "https://a-1.b2.App.TEST:8443/x?y#z", "https://xn--p1ai.xn--p1ai/"]
)
def test_a_page_that_is_https_on_a_public_host_is_kept(page: str) -> None:
    assert check(LEAST | {"client_uri": page}, POLICY).more == {"client_uri": page}


def test_a_member_that_is_null_counts_as_absent() -> None:
    names = ("client_name", "client_uri", "scope", "jwks", "jwks_uri", "contacts", "software_id", "application_type")
    names += ("grant_types", "response_types", "token_endpoint_auth_method")
    assert check(LEAST | dict.fromkeys(names), POLICY) == check(LEAST, POLICY)


@requirement("rfc7591:scope-beyond-policy-is-dropped")
def test_scopes_that_the_issuer_does_not_offer_are_left_out() -> None:  # RG-06
    assert check(LEAST | {"scope": "mcp admin"}, POLICY).scopes == ("mcp",)
    assert check(LEAST | {"scope": "mcp"}, Policy(scopes=("openid",))).scopes is None
    assert check(LEAST | {"scope": "mcp offline_access"}, Policy(scopes=("mcp",))).scopes == ("mcp", "offline_access")


@requirement("mcp:application-type-is-honoured")
def test_an_application_type_is_honoured_and_none_is_made_up() -> None:  # RG-20
    loopback = {"redirect_uris": ["http://127.0.0.1/cb"]}
    assert check(loopback, POLICY).application_type is None
    assert check(loopback | {"application_type": "native"}, POLICY).application_type == "native"
    assert check(LEAST | {"application_type": "web"}, POLICY).application_type == "web"
    assert check(LEAST | {"application_type": "native"}, POLICY).application_type == "native"
    for uris in (["http://127.0.0.1/cb"], ["https://app.test/cb", "http://localhost/cb"]):
        with refused("invalid_redirect_uri"):
            check({"redirect_uris": uris, "application_type": "web"}, POLICY)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("App", "App"),
        ("Ünï アプリ 😀", "Ünï アプリ 😀"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("Goo\u200bgle\u00ad", "Google"),
        ("\u202eelgooG\u202c", "elgooG"),
        ("\u2066a\u2069\u200f", "a"),
        ("a\0b\x1b[31mc\x7f\x85", "ab[31mc"),
        ("a\ufeffb\ue000c", "abc"),
        ("  a \u00a0\u3000 b\u2028c  ", "a b c"),
        ("\u3164\u115f \u2800\uffa0\u034f", ""),
        ("   ", ""),
        ("", ""),
        ("x" * MAX_NAME, "x" * MAX_NAME),
        ("x" * 2_000, "x" * (MAX_NAME - 1) + "…"),
        ("x" * (MAX_NAME - 2) + " y z", "x" * (MAX_NAME - 2) + "…"),
    ],
)
@requirement("house:names-are-safe-to-show")
def test_a_name_is_shown_without_what_cannot_be_seen(text: str, shown: str) -> None:  # CO-10
    assert display_name(text) == shown
    assert check(LEAST | {"client_name": text}, POLICY).name == shown
    assert check(LEAST | {"client_name#ja": text}, POLICY).more == {"client_name#ja": shown}


@requirement("rfc7591:everything-registered-is-echoed", "mcp:no-null-members")
def test_all_that_is_registered_is_echoed_and_nothing_is_null() -> None:
    client = public_client(
        scopes=("mcp", "openid"), application_type="native", metadata={"client_uri": "https://app.test/"}
    )
    assert registered(client) == {
        "client_id": "c_public",
        "client_id_issued_at": 1_000,
        "client_name": "App",
        "redirect_uris": ["https://app.test/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "mcp openid",
        "application_type": "native",
        "client_uri": "https://app.test/",
    }
    keyed = registered(public_client(auth_method="private_key_jwt", jwks=KEY.jwks, assertion_algorithm="ES256"))
    assert (keyed["jwks"], keyed["token_endpoint_auth_signing_alg"]) == (KEY.jwks, "ES256")
    assert registered(public_client(jwks_uri="https://app.test/jwks"))["jwks_uri"] == "https://app.test/jwks"
    bare = registered(public_client(name=""))
    assert "client_name" not in bare
    assert "scope" not in bare
    assert None not in bare.values()


@pytest.mark.parametrize(
    "member", ["client_id#ja", "client_name#", "client_name#a b", "redirect_uris#ja", "xclient_name#ja"]
)
def test_only_names_and_pages_are_kept_in_other_languages(member: str) -> None:
    assert check(LEAST | {member: "x"}, POLICY).more == {}
