"""What an issuer says about itself: RFC 8414, OpenID Connect Discovery 1.0, RFC 9728. No member is ever null."""

from collections.abc import Iterable, Sequence
from typing import Any

from tenants.oauth import client_assertion, dpop, scope, uri
from tenants.oauth.client_metadata import CERTIFICATE_BOUND
from tenants.oauth.requests import GRANT_TYPES, JWT_BEARER, auth_methods
from tenants.records import Issuer, Resource, SigningKey

ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
PROFILES = (ID_JAG,)
"""Names of how assertions may be used. That of a workload has none."""
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
CLAIMS = (
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "sid",
    "name",
    "email",
    "email_verified",
)


def authorization_server(
    issuer: Issuer,
    grant_types: Sequence[str] = GRANT_TYPES,
    profiles: Sequence[str] = PROFILES,
    *,
    sees_certificates: bool = False,
) -> dict[str, Any]:
    """The RFC 8414 document, which is the one of OpenID Connect Discovery 1.0 §3 too: clients read whichever they find
    first, and are to know the same. The issuer is the configured string, byte for byte (RFC 8414 §3.3).
    """
    own, policy = issuer.uri, issuer.policy
    methods = auth_methods(policy, sees_certificates=sees_certificates)
    document: dict[str, Any] = {
        "issuer": own,
        "authorization_endpoint": f"{own}/authorize",
        "pushed_authorization_request_endpoint": f"{own}/par",
        "token_endpoint": f"{own}/token",
        "device_authorization_endpoint": f"{own}/device_authorization",
        "revocation_endpoint": f"{own}/revoke",
        "introspection_endpoint": f"{own}/introspect",
        "revocations_endpoint": f"{own}/revocations",
        "jwks_uri": f"{own}/.well-known/jwks.json",
        "scopes_supported": list(policy.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grant_types),
        **{
            f"{endpoint}_endpoint_auth_{what}_supported": list(values)
            for endpoint in ("token", "revocation", "introspection")
            for what, values in (("methods", methods), ("signing_alg_values", client_assertion.SIGNED_BY))
        },
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "userinfo_endpoint": f"{own}/userinfo",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [policy.signing_algorithm],
        "claims_supported": list(CLAIMS),
        "userinfo_signing_alg_values_supported": [policy.signing_algorithm],
        "claims_parameter_supported": True,
        "end_session_endpoint": f"{own}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    if sees_certificates:
        document[CERTIFICATE_BOUND] = True
    if policy.client_documents != "none":
        document["client_id_metadata_document_supported"] = True
    if policy.par_required:
        document["require_pushed_authorization_requests"] = True
    if profiles and JWT_BEARER in grant_types:
        document["authorization_grant_profiles_supported"] = list(profiles)
    if policy.registration != "closed":
        document["registration_endpoint"] = f"{own}/register"
    return document


def protected_resource(issuer: Issuer, *, sees_certificates: bool = False) -> dict[str, Any]:
    """The RFC 9728 document of the issuer itself. `offline_access` is no scope of a resource (MCP 2026-07-28)."""
    return {
        "resource": issuer.uri,
        "authorization_servers": [issuer.uri],
        "scopes_supported": [name for name in issuer.policy.scopes if name != scope.OFFLINE_ACCESS],
        "bearer_methods_supported": ["header"],
        "jwks_uri": f"{issuer.uri}/.well-known/jwks.json",
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        **({CERTIFICATE_BOUND: True} if sees_certificates else {}),
    }


def registered_resource(issuer: Issuer, resource: Resource) -> dict[str, Any]:
    """The RFC 9728 document of a registered resource: what it publishes too, at its own well-known URI.

    One that has scopes of its own lists these alone: MCP clients ask for all that is listed. No `jwks_uri`: that would
    be of the resource's own keys (RFC 9728 §2).
    """
    own = [each.name for each in resource.scopes]
    document: dict[str, Any] = {"resource": resource.uri, "authorization_servers": [issuer.uri]}
    if scopes := own or [name for name in issuer.policy.scopes if name != scope.OFFLINE_ACCESS]:
        document["scopes_supported"] = scopes
    document["bearer_methods_supported"] = ["header"]
    if resource.display_name:
        document["resource_name"] = resource.display_name
    return document


def served_at(resource_uri: str) -> str:
    """Where a resource serves its document: the well-known path before its own (RFC 9728 §3.1)."""
    parts = uri.parse(resource_uri)
    assert parts is not None  # nothing else is registered
    path = "" if parts.path == "/" else parts.path
    query = "" if parts.query is None else f"?{parts.query}"
    return f"{parts.scheme}://{parts.authority}{PROTECTED_RESOURCE}{path}{query}"


def key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The JWKS: the key that signs, the one that will, and those whose tokens still live."""
    return {"keys": [dict(key.public_jwk) for key in keys]}
