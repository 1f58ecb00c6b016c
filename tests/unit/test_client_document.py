"""Client ID metadata documents: which ids lead to one, what must stand in it, and for how long it counts."""

import json
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from tenants.oauth.client_document import (
    LEAST,
    MAX_URL,
    MOST,
    UNSAID,
    Fetched,
    check_id,
    digest,
    is_host_pattern,
    lifetime,
    looks_like_one,
    read,
)
from tenants.oauth.client_metadata import ClientMetadata
from tenants.oauth.refusal import Refusal
from tests.support.made import issuer, public_client
from tests.support.refused import refused
from tests.support.requirement import requirement
from tests.support.signer import Signer

URL = "https://app.test/client.json"
KEY = Signer("RS256")
LEAST_SAID: dict[str, Any] = {"client_id": URL, "client_name": "App", "redirect_uris": ["https://app.test/cb"]}
LOCAL = issuer("http://demo.localhost:8080")


def fetched(said: Any, url: str = URL, **headers: str) -> Fetched:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Fetched(url, 1_000, {"content-type": "application/json"} | headers, body)


def understood(**members: Any) -> ClientMetadata:
    """What is read of a document with these members; None takes one away."""
    said = {name: value for name, value in (LEAST_SAID | members).items() if value is not None}
    return read(fetched(said), issuer(), ())


@pytest.mark.parametrize(
    "client_id",
    [
        URL,
        "https://app.test:8443/a/b",
        "https://a-1.b.app.test/c.json/",
        "https://app.test/%2F.well/..x/.y/%7Eme",
        "https://app.test//c",
    ],
)
@requirement("cimd:the-id-is-an-https-url")
def test_an_id_that_may_lead_to_a_document_is_an_https_url_with_a_path(client_id: str) -> None:
    assert looks_like_one(client_id)
    check_id(client_id, issuer())


@pytest.mark.parametrize(
    "client_id",
    [
        pytest.param("http://app.test/c", id="CI-01 http"),
        pytest.param("HTTPS://app.test/c", id="CI-01 capitals"),
        pytest.param("https:app.test/c", id="CI-01 no authority"),
        pytest.param("https:///c", id="CI-01 no host"),
        pytest.param("https://app.test", id="CI-01 no path"),
        pytest.param("https://app.test/", id="CI-01 root"),
        pytest.param("https://app.test?c", id="CI-01 a query and no path"),
        pytest.param("https://app.test/c?x=1", id="CI-01 query"),
        pytest.param("https://app.test/c?", id="CI-01 empty query"),
        pytest.param("https://app.test/c#x", id="CI-01 fragment"),
        pytest.param("https://app.test/c#", id="CI-01 empty fragment"),
        pytest.param("https://u:p@app.test/c", id="CI-01 userinfo"),
        pytest.param("https://@app.test/c", id="CI-01 empty userinfo"),
        *(
            pytest.param(f"https://app.test/{path}", id=f"CI-01 {path}")
            for path in (".", "..", "./c", "a/../c", "a/.", "a/./c", "%2e%2e/c", "%2E/c", ".%2e/c", "a/%2e%2E")
        ),
        *(
            pytest.param(f"https://{host}/c", id=f"CI-01 SS-01 {host}")
            for host in (
                *(
                    "127.0.0.1",
                    "127.1",
                    "2130706433",
                    "0x7f.1",
                    "0x7f000001",
                    "0177.0.0.1",
                    "169.254.169.254",
                    "10.0.0.1",
                ),
                *("[::1]", "[::ffff:7f00:1]", "[fd00:ec2::254]", "localhost", "localhost.", "LOCALHOST", "a.localhost"),
                *(
                    "metadata.google.internal",
                    "printer.local",
                    "intranet",
                    "App.test",
                    "app.test.",
                    "app..test",
                    "%61pp.test",
                ),
            )
        ),
        pytest.param("https://app.test/\tc", id="CI-01 tab"),
        pytest.param("https://app.test/ c", id="CI-01 space"),
        pytest.param("https://app.test/é", id="CI-01 not ASCII"),
        pytest.param("https://app.test/%zz", id="CI-01 broken escape"),
        pytest.param("https://app.test:0/c", id="CI-01 port 0"),
        pytest.param("https://app.test:65536/c", id="CI-01 port"),
        pytest.param("https://app.test\\@evil.test/c", id="CI-01 backslash"),
        pytest.param("https://app.test/" + "c" * MAX_URL, id="CI-01 too long"),
    ],
)
@requirement("cimd:the-id-is-an-https-url")
def test_any_other_id_leads_nowhere(client_id: str) -> None:
    with refused("invalid_client"):
        check_id(client_id, issuer())


def test_only_who_looks_for_a_document_is_told_of_documents() -> None:
    assert not any(looks_like_one(client_id) for client_id in ("", "P", "c_0123", "ftp://app.test/c", "//app.test/c"))


@requirement("cimd:the-id-is-an-https-url")
def test_an_issuer_that_this_machine_alone_reaches_reads_documents_of_this_machine() -> None:
    for client_id in (
        "http://localhost:3000/c",
        "https://localhost/c",
        "http://127.0.0.1:1/c",
        "http://app.localhost/c",
    ):
        check_id(client_id, LOCAL)
        with refused("invalid_client"):
            check_id(client_id, issuer())
    check_id(URL, LOCAL)
    for client_id in (
        "http://app.test/c",
        "https://10.0.0.1/c",
        "http://localhost",
        "http://localhost/c?x",
        "ftp://localhost/c",
    ):
        with refused("invalid_client"):
            check_id(client_id, LOCAL)


@pytest.mark.parametrize(
    ("policy", "welcome", "unwelcome"),
    [
        ({"client_documents": "any", "client_document_hosts": ("other.test",)}, ["app.test", "other.test"], []),
        ({"client_documents": "none", "client_document_hosts": ("app.test",)}, [], ["app.test", "other.test"]),
        ({"client_documents": "listed"}, [], ["app.test", "other.test"]),
        (
            {"client_documents": "listed", "client_document_hosts": ("app.test", "*.many.test")},
            ["app.test", "app.test:8443", "a.many.test", "a.b.many.test"],
            ["other.test", "a.app.test", "many.test", "amany.test", "app.test.evil.test", "xapp.test"],
        ),
    ],
)
@requirement("mcp:documents-of-trusted-hosts")
def test_an_issuer_says_on_which_hosts_it_reads_documents(
    policy: dict[str, Any], welcome: list[str], unwelcome: list[str]
) -> None:
    for host in welcome:
        check_id(f"https://{host}/c", issuer(**policy))
    for host in unwelcome:
        with refused("invalid_client"):
            check_id(f"https://{host}/c", issuer(**policy))


def test_a_host_is_listed_by_its_name_or_with_all_below_it() -> None:
    for text in ("claude.ai", "*.app.test", "xn--p1ai.xn--p1ai", "localhost", "127.0.0.1"):
        assert is_host_pattern(text)
    for text in (
        "",
        "*",
        "*.",
        "**.app.test",
        "a.*.test",
        "https://app.test",
        "app.test:443",
        "App.test",
        "app",
        "10.0.0.1",
    ):
        assert not is_host_pattern(text), text


def test_the_least_that_a_document_says_is_who_where_and_under_which_name() -> None:
    client = understood()
    assert (client.name, client.redirect_uris, client.auth_method) == ("App", ("https://app.test/cb",), "none")
    assert client.grant_types == ("authorization_code", "refresh_token")
    assert client.response_types == ("code",)
    assert (client.jwks, client.jwks_uri, client.scopes) == (None, None, None)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/oauth-client-metadata+json",
        "application/x.y+json",
    ],
)
def test_a_document_is_json_by_its_type(content_type: str) -> None:
    assert read(fetched(LEAST_SAID, **{"content-type": content_type}), issuer(), ())


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(LEAST_SAID, {"content-type": "text/html"}, id="CI-04 HTML"),
        pytest.param(LEAST_SAID, {"content-type": "text/json"}, id="CI-04 text/json"),
        pytest.param(LEAST_SAID, {"content-type": ""}, id="CI-04 no type"),
        pytest.param(LEAST_SAID, {"content-type": "application/json, text/html"}, id="CI-04 two types"),
        pytest.param(LEAST_SAID, {"content-type": "application/jsonp"}, id="CI-04 nearly"),
        pytest.param(b"\xef\xbb\xbf" + json.dumps(LEAST_SAID).encode(), {}, id="CI-04 BOM"),
        pytest.param([LEAST_SAID], {}, id="CI-04 array"),
        pytest.param("x", {}, id="CI-04 string"),
        pytest.param(b"", {}, id="CI-04 empty"),
        pytest.param(b"<html>", {}, id="CI-04 markup"),
        pytest.param(json.dumps(LEAST_SAID).encode()[:-1] + b',"client_name":"Other"}', {}, id="CI-04 duplicate keys"),
        pytest.param(LEAST_SAID | {"client_id": "https://app.test/Client.json"}, {}, id="CI-02 case"),
        pytest.param(LEAST_SAID | {"client_id": "https://app.test:443/client.json"}, {}, id="CI-02 port"),
        pytest.param(LEAST_SAID | {"client_id": URL + "/"}, {}, id="CI-02 slash"),
        pytest.param(LEAST_SAID | {"client_id": URL + "?"}, {}, id="CI-02 query"),
        pytest.param(LEAST_SAID | {"client_id": [URL]}, {}, id="CI-02 list"),
        pytest.param(LEAST_SAID | {"client_id": None}, {}, id="CI-02 null"),
        pytest.param({"client_name": "App", "redirect_uris": ["https://app.test/cb"]}, {}, id="CI-02 missing"),
    ],
)
@requirement("mcp:a-document-names-its-own-url", "cimd:one-answer-to-all-failures")
def test_what_is_no_document_of_this_very_client_is_refused_in_the_same_words(
    body: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as met:
        read(fetched(body, **headers), issuer(), ())
    with pytest.raises(Refusal) as other:
        read(fetched(b"\0"), issuer(), ())
    assert (met.value.code, met.value.description) == (other.value.code, other.value.description)
    assert met.value.code == "invalid_client"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"client_name": None}, id="no name"),
        pytest.param({"client_name": "\u200b "}, id="a name that shows nothing"),
        pytest.param({"client_name": 7}, id="a name that is none"),
        pytest.param({"redirect_uris": None}, id="no redirect URI"),
        pytest.param({"redirect_uris": []}, id="none at all"),
        pytest.param({"redirect_uris": ["https://app.test/cb", "javascript:alert(1)"]}, id="a dangerous one"),
        pytest.param({"redirect_uris": ["http://app.test/cb"]}, id="http"),
        pytest.param({"redirect_uris": ["https://app.test/cb#x"]}, id="a fragment"),
        pytest.param({"redirect_uris": ["https://*.app.test/cb"]}, id="a wildcard"),
        pytest.param({"redirect_uris": "https://app.test/cb"}, id="a string"),
        *(
            pytest.param({"token_endpoint_auth_method": method}, id=f"CI-07 {method}")
            for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt", "x", "", ["none"], 1)
        ),
        pytest.param({"client_secret": "x"}, id="CI-07 client_secret"),
        pytest.param({"client_secret_expires_at": 0}, id="CI-07 client_secret_expires_at"),
        pytest.param({"jwks": {"keys": [KEY.key.as_dict(private=True)]}}, id="CI-07 private JWK"),
        pytest.param({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, id="CI-07 symmetric JWK"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt"}, id="no key"),
        pytest.param(
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://10.0.0.1/"}, id="SS-01 jwks_uri"
        ),
        pytest.param({"logo_uri": "https://169.254.169.254/"}, id="SS-01 logo_uri"),
        pytest.param({"grant_types": ["client_credentials"]}, id="no grant type of a user"),
        pytest.param({"grant_types": ["refresh_token"]}, id="a refresh alone"),
        pytest.param({"grant_types": "authorization_code"}, id="a grant type as a string"),
        pytest.param({"response_types": ["token"]}, id="another response type"),
    ],
)
@requirement("cimd:no-shared-secrets")
def test_a_document_that_says_what_no_client_may_is_refused_with_the_reason(members: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as met:
        understood(**members)
    assert met.value.code == "invalid_client"
    assert met.value.description.startswith("the client's metadata document cannot be used: ")


def test_one_document_is_for_all_servers_so_what_we_do_not_offer_is_left_out() -> None:
    uris = ["https://app.test/cb", "cursor://anysphere.cursor-mcp/oauth/callback", "http://127.0.0.1/"]
    client = understood(
        redirect_uris=uris,
        grant_types=["urn:ietf:params:oauth:grant-type:device_code", "refresh_token", "authorization_code", "implicit"],
        response_types=["code", "id_token"],
        scope="mcp everything",
        software_statement="e30.e30.",
        unheard_of={"a": [1]},
    )
    assert client.redirect_uris == tuple(uris)
    assert set(client.grant_types) == {"authorization_code", "refresh_token"}
    assert client.response_types == ("code",)
    assert client.scopes is None


@pytest.mark.parametrize(
    ("members", "method"),
    [
        ({"token_endpoint_auth_method": "none", "jwks": KEY.jwks}, "none"),
        ({"jwks": KEY.jwks}, "none"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": KEY.jwks}, "private_key_jwt"),
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                "jwks_uri": "https://app.test/jwks.json",
                "token_endpoint_auth_signing_alg": "RS256",
            },
            "private_key_jwt",
        ),
        ({"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"], "jwks": KEY.jwks}, "private_key_jwt"),
        ({"token_endpoint_auth_methods_supported": ["none", "client_secret_basic"]}, "none"),
        ({"token_endpoint_auth_methods_supported": "private_key_jwt"}, "none"),
    ],
)
@requirement("cimd:a-declared-key-must-be-used")
def test_a_client_proves_itself_as_its_document_declares(members: dict[str, Any], method: str) -> None:
    assert understood(**members).auth_method == method


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, UNSAID, id="nothing said"),
        pytest.param({"cache-control": "max-age=600"}, 600, id="max-age"),
        pytest.param({"cache-control": 'public, Max-Age="600" , immutable'}, 600, id="among others"),
        pytest.param({"cache-control": "max-age=31536000"}, MOST, id="CI-10 a year"),
        pytest.param({"cache-control": f"max-age={'9' * 10}"}, MOST, id="CI-10 for ever"),
        pytest.param({"cache-control": "max-age=0"}, LEAST, id="CI-10 at once"),
        pytest.param({"cache-control": "no-store"}, LEAST, id="CI-10 no-store"),
        pytest.param({"cache-control": "no-cache, max-age=600"}, LEAST, id="CI-10 no-cache"),
        pytest.param({"cache-control": "max-age=600, max-age=300"}, 300, id="CI-10 twice"),
        pytest.param({"cache-control": "max-age=-600"}, LEAST, id="CI-10 negative"),
        pytest.param({"cache-control": "max-age=1e9"}, LEAST, id="CI-10 no number"),
        pytest.param({"cache-control": "max-age=\u0661"}, LEAST, id="CI-10 no digit"),
        pytest.param({"cache-control": "s-maxage=600"}, UNSAID, id="for other caches"),
        pytest.param({"cache-control": "max-age=600", "age": "500"}, 100, id="CI-10 Age"),
        pytest.param({"cache-control": "max-age=600", "age": "9999999999"}, LEAST, id="CI-10 old Age"),
        pytest.param({"cache-control": "max-age=600", "age": "-9999"}, 600, id="CI-10 Age of the future"),
        pytest.param({"expires": formatdate(1_600, usegmt=True)}, 600, id="Expires"),
        pytest.param(
            {"expires": formatdate(5_600, usegmt=True), "date": formatdate(5_000, usegmt=True)}, 600, id="Date"
        ),
        pytest.param({"expires": "0"}, LEAST, id="Expires 0"),
        pytest.param({"expires": formatdate(1_000 + 10**9, usegmt=True)}, MOST, id="CI-10 Expires in decades"),
        pytest.param({"expires": formatdate(1_600, usegmt=True), "cache-control": "max-age=300"}, 300, id="both"),
    ],
)
@requirement("mcp:documents-are-cached-as-they-say")
def test_a_document_counts_as_long_as_it_says_within_bounds(headers: dict[str, str], seconds: int) -> None:
    assert lifetime(headers, 1_000) == seconds


def test_what_a_consent_stands_on_is_told_from_what_it_does_not() -> None:
    first = understood(jwks=KEY.jwks, redirect_uris=["https://app.test/cb", "https://app.test/b"])
    assert digest(first) == digest(replace(first, redirect_uris=first.redirect_uris[::-1]))
    assert digest(first) == digest(replace(first, more={"client_uri": "https://app.test/"}, scopes=("mcp",)))
    reordered = {"keys": [dict(reversed(list(KEY.public.items())))]}
    assert digest(first) == digest(replace(first, jwks=reordered))
    for changes in (
        {"name": "Other"},
        {"redirect_uris": ("https://app.test/cb",)},
        {"jwks": None},
        {"jwks_uri": "https://app.test/jwks"},
        {"auth_method": "private_key_jwt"},
        {"assertion_algorithm": "RS256"},
    ):
        assert digest(first) != digest(replace(first, **changes))
    kept = public_client(name="App", redirect_uris=first.redirect_uris, jwks=KEY.jwks)
    assert digest(kept) == digest(first)
