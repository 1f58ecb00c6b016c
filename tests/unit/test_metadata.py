"""What an issuer says about itself."""

from typing import Any

from tenants.oauth import jwt, metadata
from tenants.oauth.metadata import authorization_server, key_set, protected_resource
from tenants.records import SigningKey
from tests.support.made import issuer
from tests.support.requirement import requirement

URI = "https://a.test:8443"


def members(value: Any) -> list[Any]:
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = list(value.values())
    elif isinstance(value, list):
        inside = value
    return [value, *(below for each in inside for below in members(each))]


@requirement("mcp:metadata-issuer-exact")
def test_the_issuer_is_the_configured_string() -> None:  # MD-01
    for uri in (URI, "http://demo.localhost:8080", "https://A.test"):
        assert authorization_server(issuer(uri))["issuer"] == uri
        assert protected_resource(issuer(uri))["resource"] == uri
        assert protected_resource(issuer(uri))["authorization_servers"] == [uri]


@requirement("rfc8414:endpoints-are-below-the-issuer")
def test_every_endpoint_is_below_the_issuer() -> None:
    said = authorization_server(issuer(URI))
    endpoints = {name: uri for name, uri in said.items() if name.endswith(("_endpoint", "_uri"))}
    assert endpoints.keys() >= {"authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri"}
    assert endpoints.keys() >= {"revocation_endpoint", "introspection_endpoint"}
    assert all(uri.startswith(URI + "/") for uri in endpoints.values())


@requirement("mcp:pkce-is-advertised", "rfc9207:iss-is-advertised")
def test_what_clients_look_for_before_they_begin_is_said() -> None:  # PK-13, AZ-25
    said = authorization_server(issuer())
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["response_types_supported"] == ["code"]
    assert said["response_modes_supported"] == ["query"]
    assert said["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    assert said["authorization_grant_profiles_supported"] == ["urn:ietf:params:oauth:grant-profile:id-jag"]
    fewer = authorization_server(issuer(), ["authorization_code"])
    assert fewer["grant_types_supported"] == ["authorization_code"]
    assert "authorization_grant_profiles_supported" not in fewer
    assert said["device_authorization_endpoint"] == "https://a.test/device_authorization"
    for endpoint in ("token", "revocation", "introspection"):
        assert said[f"{endpoint}_endpoint_auth_methods_supported"] == [
            "none",
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ]
        algorithms = said[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"]


@requirement("oidc-discovery:required-members")
def test_the_document_says_what_openid_connect_wants_too() -> None:
    openid = authorization_server(issuer(signing_algorithm="RS256"))
    assert openid["subject_types_supported"] == ["public"]
    assert openid["id_token_signing_alg_values_supported"] == ["RS256"]
    assert openid["userinfo_endpoint"] == "https://a.test/userinfo"
    assert openid["claims_supported"] == list(metadata.CLAIMS)
    assert openid["request_parameter_supported"] is False
    assert openid["request_uri_parameter_supported"] is False


@requirement("rfc7591:registration-is-advertised-only-where-it-is-open")
def test_registration_is_advertised_only_where_it_is_open() -> None:  # RG-21
    assert authorization_server(issuer(URI))["registration_endpoint"] == f"{URI}/register"
    assert "registration_endpoint" not in authorization_server(issuer(registration="closed"))


@requirement("mcp:offline-access-is-no-scope-of-a-resource")
def test_offline_access_is_a_scope_of_the_issuer_and_of_no_resource() -> None:
    made = issuer(scopes=("mcp", "offline_access"))
    assert authorization_server(made)["scopes_supported"] == ["mcp", "offline_access"]
    assert protected_resource(made)["scopes_supported"] == ["mcp"]
    assert protected_resource(made)["bearer_methods_supported"] == ["header"]
    assert protected_resource(made)["jwks_uri"] == "https://a.test/.well-known/jwks.json"


@requirement("mcp:no-null-members")
def test_no_member_of_any_document_is_null() -> None:
    for document in (authorization_server, protected_resource):
        assert None not in members(document(issuer()))
        assert None not in members(document(issuer(registration="closed")))


def test_the_key_set_holds_every_key_and_public_members_only() -> None:  # JK-01
    keys: list[SigningKey] = []
    for algorithm in jwt.ALGORITHMS:
        public = jwt.public_jwk(jwt.new_key(algorithm), algorithm)
        kept = SigningKey(
            id=public["kid"], algorithm=algorithm, state="next", public_jwk=public, sealed_private=b"s", created_at=1
        )
        keys.append(kept)
    said = key_set(keys)
    assert [key["kid"] for key in said["keys"]] == [key.id for key in keys]
    assert {name for key in said["keys"] for name in key} == {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}
    assert key_set([]) == {"keys": []}
