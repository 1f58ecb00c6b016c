"""What a client says about itself when it registers (RFC 7591 §2): checked field by field, nothing taken on trust.

Members that we do not know are ignored (RFC 7591 §2), so `skip_consent`, `client_id` or `trusted` have no effect.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from tenants.oauth import json_text, redirect_uri, scope, uri
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import AUTH_METHODS, GRANT_TYPES
from tenants.records import AuthMethod, Client, Policy

MAX_NAME = 100
MAX_TEXT = 255
MAX_KEYS = 20
MAX_MORE = 8_192
"""Bytes of JSON, of all members that are only kept and echoed."""
_PAGES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
_TEXTS = ("software_id", "software_version")
_LOCALIZED = re.compile(r"(client_name|client_uri|logo_uri|policy_uri|tos_uri)#[A-Za-z0-9-]{1,35}")
_PUBLIC_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
# they count as letters, combining marks or symbols, and show nothing
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_PRIVATE_JWK_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    auth_method: AuthMethod
    scopes: tuple[str, ...] | None
    application_type: Literal["web", "native"] | None
    more: Mapping[str, Any]


def check(given: Any, policy: Policy) -> ClientMetadata:
    """Refusal `invalid_client_metadata` or `invalid_redirect_uri` unless `given` is metadata that may be registered."""
    if not isinstance(given, dict):
        raise _refused("the body must be a JSON object")
    members = cast("dict[str, Any]", given)
    uris = _redirect_uris(members, policy)
    application_type = _application_type(members, uris)
    grant_types, response_types = _grant_and_response_types(members)
    return ClientMetadata(
        name=display_name(_text(members, "client_name", 10_000) or ""),
        redirect_uris=uris,
        grant_types=grant_types,
        response_types=response_types,
        auth_method=_auth_method(members),
        scopes=_scopes(members, policy),
        application_type=application_type,
        more=_more(members),
    )


def registered(client: Client) -> dict[str, Any]:
    """All that is registered of a client, as RFC 7591 §3.2.1 wants it echoed. Absent members are left out, not null."""
    members: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": client.created_at,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "response_types": list(client.response_types),
        "token_endpoint_auth_method": client.auth_method,
        **client.metadata,
    }
    if client.name:
        members["client_name"] = client.name
    if client.scopes is not None:
        members["scope"] = " ".join(client.scopes)
    if client.application_type is not None:
        members["application_type"] = client.application_type
    return members


def display_name(text: str) -> str:
    """A name that is safe to show: no control, format or bidirectional characters, no runs of space, not too long."""
    visible = "".join(
        " " if unicodedata.category(c)[0] == "Z" else c
        for c in text
        if unicodedata.category(c)[0] != "C" and c not in _BLANK_LETTERS
    )
    short = " ".join(visible.split())
    return short if len(short) <= MAX_NAME else short[: MAX_NAME - 1].rstrip() + "…"


def _redirect_uris(members: Mapping[str, Any], policy: Policy) -> tuple[str, ...]:
    uris = _list_of_text(members, "redirect_uris", redirect_uri.MAX_REDIRECT_URIS)
    if not uris:
        raise Refusal("invalid_redirect_uri", "redirect_uris must be a list of at least one URI")
    for text in uris:
        redirect_uri.check_registered(text, private_schemes=policy.private_redirect_schemes)
    return tuple(dict.fromkeys(uris))


def _application_type(members: Mapping[str, Any], uris: tuple[str, ...]) -> Literal["web", "native"] | None:
    """Honoured where it is given; MCP clients before 2026-07 leave it out, so OpenID's default `web` is not applied."""
    given = members.get("application_type")
    if given is None:
        return None
    if given not in ("web", "native"):
        raise _refused("application_type must be web or native")
    if given == "web" and not all((parts := uri.parse(text)) and parts.scheme == "https" for text in uris):
        raise Refusal("invalid_redirect_uri", "a web client can only register https redirect URIs")
    return given


def _grant_and_response_types(members: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    grant_types = _list_of_text(members, "grant_types", 10) or GRANT_TYPES
    response_types = _list_of_text(members, "response_types", 10) or ("code",)
    for grant_type in grant_types:
        if grant_type not in GRANT_TYPES:
            raise _refused("grant_types may hold authorization_code and refresh_token only")
    if "authorization_code" not in grant_types:
        raise _refused("grant_types must hold authorization_code")
    if set(response_types) != {"code"}:
        raise _refused("response_types may hold code only")
    return tuple(dict.fromkeys(grant_types)), ("code",)


def _auth_method(members: Mapping[str, Any]) -> AuthMethod:
    method = members.get("token_endpoint_auth_method")
    if method is None:
        return "client_secret_basic"  # RFC 7591 §2
    if method not in AUTH_METHODS:
        raise _refused(f"token_endpoint_auth_method must be one of {', '.join(AUTH_METHODS)}")
    return method


def _scopes(members: Mapping[str, Any], policy: Policy) -> tuple[str, ...] | None:
    """What the client limits itself to. Scopes that the issuer does not offer are left out, and the echo shows it."""
    text = _text(members, "scope", 4_096)
    if text is None:
        return None
    try:
        wanted = scope.parse(text)
    except Refusal as refusal:
        raise _refused(refusal.description) from None
    kept = tuple(name for name in wanted if name in policy.scopes or name == scope.OFFLINE_ACCESS)
    return kept or None


def _more(members: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    for name in (*_PAGES, *(key for key in members if _LOCALIZED.fullmatch(key))):
        text = _text(members, name, uri.MAX_LENGTH)
        if text is None:
            continue
        more[name] = display_name(text) if name.startswith("client_name") else _public_page(name, text)
    for name in _TEXTS:
        text = _text(members, name, MAX_TEXT)
        if text is not None:
            more[name] = text
    contacts = _list_of_text(members, "contacts", 10)
    if any(len(contact) > MAX_TEXT for contact in contacts):
        raise _refused(f"contacts must be strings of at most {MAX_TEXT} characters")
    if contacts:
        more["contacts"] = list(contacts)
    more.update(_keys(members))
    if len(more) > 40:
        raise _refused("too many members")
    if len(json_text.write(more)) > MAX_MORE:
        raise _refused(f"all that is registered must not be longer than {MAX_MORE} bytes")
    return more


def _keys(members: Mapping[str, Any]) -> dict[str, Any]:
    jwks, jwks_uri = members.get("jwks"), _text(members, "jwks_uri", uri.MAX_LENGTH)
    if jwks is not None and jwks_uri is not None:
        raise _refused("jwks and jwks_uri exclude each other")
    if jwks_uri is not None:
        return {"jwks_uri": _public_page("jwks_uri", jwks_uri)}
    if jwks is None:
        return {}
    keys = cast("dict[str, Any]", jwks).get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(cast("list[Any]", keys)) <= MAX_KEYS:
        raise _refused(f"jwks must be a JWK Set of 1 to {MAX_KEYS} keys")
    for key in cast("list[Any]", keys):
        if not isinstance(key, dict) or cast("dict[str, Any]", key).get("kty") not in ("RSA", "EC", "OKP"):
            raise _refused("jwks may hold RSA, EC and OKP keys only")
        if _PRIVATE_JWK_MEMBERS & cast("dict[str, Any]", key).keys():
            raise _refused("jwks must not hold private keys")
    return {"jwks": jwks}


def _public_page(name: str, text: str) -> str:
    parts = uri.parse(text)
    if parts is None or parts.scheme != "https" or parts.user is not None or not _public_name(parts.host):
        raise _refused(f"{name} must be an https URL on a public host")
    return text


def _public_name(host: str) -> bool:
    """A DNS name with a dot that is no address, in whatever notation: what a page that strangers see may link to."""
    if not _PUBLIC_NAME.fullmatch(host):
        return False
    return not host.lower().endswith((".localhost", ".local", ".internal"))


def _text(members: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise _refused(f"{name} must be a string of at most {longest} characters")
    return value


def _list_of_text(members: Mapping[str, Any], name: str, longest: int) -> tuple[str, ...]:
    value = members.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _refused(f"{name} must be a list of strings")
    items = cast("list[Any]", value)
    if len(items) > longest or not all(isinstance(item, str) and item for item in items):
        raise _refused(f"{name} must be a list of at most {longest} strings")
    return tuple(cast("list[str]", items))


def _refused(what: str) -> Refusal:
    return Refusal("invalid_client_metadata", what)
