"""What an issuer says about itself: RFC 8414, OpenID Connect Discovery 1.0, RFC 9728. No member is ever null."""

from collections.abc import Iterable
from typing import Any

from tenants.oauth import scope
from tenants.oauth.requests import AUTH_METHODS, GRANT_TYPES
from tenants.records import Issuer, SigningKey

CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "email", "email_verified")


def authorization_server(issuer: Issuer) -> dict[str, Any]:
    """The RFC 8414 document. The issuer is the configured string, byte for byte (RFC 8414 §3.3)."""
    uri, policy = issuer.uri, issuer.policy
    document: dict[str, Any] = {
        "issuer": uri,
        "authorization_endpoint": f"{uri}/authorize",
        "token_endpoint": f"{uri}/token",
        "revocation_endpoint": f"{uri}/revoke",
        "introspection_endpoint": f"{uri}/introspect",
        "jwks_uri": f"{uri}/.well-known/jwks.json",
        "scopes_supported": list(policy.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
    if policy.dynamic_registration:
        document["registration_endpoint"] = f"{uri}/register"
    return document


def openid_configuration(issuer: Issuer) -> dict[str, Any]:
    """The same in the shape of OpenID Connect Discovery 1.0 §3, which MCP clients try as well."""
    return {
        **authorization_server(issuer),
        "userinfo_endpoint": f"{issuer.uri}/userinfo",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [issuer.policy.signing_algorithm],
        "claims_supported": list(CLAIMS),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def protected_resource(issuer: Issuer) -> dict[str, Any]:
    """The RFC 9728 document of the issuer itself. `offline_access` is no scope of a resource (MCP 2026-07-28)."""
    return {
        "resource": issuer.uri,
        "authorization_servers": [issuer.uri],
        "scopes_supported": [name for name in issuer.policy.scopes if name != scope.OFFLINE_ACCESS],
        "bearer_methods_supported": ["header"],
        "jwks_uri": f"{issuer.uri}/.well-known/jwks.json",
    }


def key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The JWKS: the key that signs, the one that will, and those whose tokens still live."""
    return {"keys": [dict(key.public_jwk) for key in keys]}
