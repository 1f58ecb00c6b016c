"""Records for tests, whole and valid: a test names only what matters to it."""

from dataclasses import replace
from typing import Any

from tenants.oauth.handle import digest
from tenants.oauth.resource import canonical_form
from tenants.records import Client, ClientSecret, Issuer, Policy, Resource, ResourceScope

SECRET = "tns_" + "5e" * 32
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def issuer(uri: str = "https://a.test", **policy: Any) -> Issuer:
    return Issuer(id="a", uid="0" * 32, uri=uri, policy=Policy(**policy), sealed_data_key=b"sealed")


def resource(uri: str, *scopes: ResourceScope, **members: Any) -> Resource:
    canonical = canonical_form(uri)
    assert canonical is not None
    plain = Resource(id="r", uri=uri, canonical_uri=canonical, scopes=scopes, created_at=1_000, updated_at=1_000)
    return replace(plain, **members)


def public_client(**members: Any) -> Client:
    given: dict[str, Any] = {
        "id": "c_public",
        "name": "App",
        "origin": "registration",
        "redirect_uris": ("https://app.test/cb",),
        "grant_types": ("authorization_code", "refresh_token"),
        "response_types": ("code",),
        "auth_method": "none",
        "created_at": 1_000,
        "last_used_at": 1_000,
    }
    return Client(**given | members)


def confidential_client(**members: Any) -> Client:
    given: dict[str, Any] = {
        "id": "c_confidential",
        "auth_method": "client_secret_basic",
        "secrets": (ClientSecret(digest=digest(SECRET)),),
    }
    return public_client(**given | members)
