"""What a client says about itself when it registers (RFC 7591 §2): checked field by field, nothing taken on trust.

Members that we do not know are ignored (RFC 7591 §2), so `skip_consent`, `client_id` or `trusted` have no effect.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from tenants.oauth import client_jwks, json_text, redirect_uri, scope, uri
from tenants.oauth.certificate_name import members_of as certificate_members
from tenants.oauth.certificate_name import of_members as certificate_name_of
from tenants.oauth.metadata_members import flag, list_of_text, outside, public_page, refused, text_of
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import DEVICE_CODE, GRANT_TYPES, JWT_BEARER, TOKEN_EXCHANGE, auth_methods
from tenants.records import AssertionAlgorithm, AuthMethod, CertificateName, Client, Policy, Resource

MAX_NAME = 100
MAX_TEXT = 255
MAX_MORE = 8_192
"""Bytes of JSON, of all members that are only kept and echoed."""
USUAL = ("authorization_code", "refresh_token")
"""The grant types of a client that names none."""
BY_CLIENTS = (*USUAL, JWT_BEARER)
"""Those that clients may register for by themselves: an identity provider vouches for the client too."""
_BEGINNINGS = frozenset(GRANT_TYPES) - {"refresh_token"}
SIGNED_USERINFO = "userinfo_signed_response_alg"
SESSION_REQUIRED = "backchannel_logout_session_required"
"""Kept and echoed: a logout token of ours always says which session ended."""
CERTIFICATE_BOUND = "tls_client_certificate_bound_access_tokens"
_PAGES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
_TEXTS = ("software_id", "software_version")
_LOCALIZED = re.compile(r"(client_name|client_uri|logo_uri|policy_uri|tos_uri)#[A-Za-z0-9-]{1,35}")
# they count as letters, combining marks or symbols, and show nothing
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    auth_method: AuthMethod
    scopes: tuple[str, ...] | None
    application_type: Literal["web", "native"] | None
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None
    assertion_algorithm: AssertionAlgorithm | None
    dpop_bound: bool
    certificate_name: CertificateName | None
    certificate_bound: bool
    par_required: bool
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str | None
    more: Mapping[str, Any]


def check(
    given: Any,
    policy: Policy,
    resources: Sequence[Resource] = (),
    *,
    local: bool = False,
    by_operator: bool = False,
    sees_certificates: bool = False,
) -> ClientMetadata:
    """Refusal `invalid_client_metadata` or `invalid_redirect_uri` unless `given` is metadata that may be registered.

    `resources` are all that are registered; `local` says that the issuer can be reached on this machine only, and so
    may the keys of its clients. `by_operator` says who vouches for it: some grant types are not for who introduces
    itself. `sees_certificates` says whether clients can be known by one at all.
    """
    if not isinstance(given, dict):
        raise refused("the body must be a JSON object")
    members = cast("dict[str, Any]", given)
    auth_method = _auth_method(members, auth_methods(policy, sees_certificates=sees_certificates))
    grant_types = _grant_types(members, auth_method, by_operator=by_operator)
    uris = _redirect_uris(members, policy, grant_types, by_operator=by_operator)
    application_type = _application_type(members, uris)
    more, keys = _more(members, policy), client_jwks.keys(members, local=local)
    certificate_name = certificate_name_of(members) if auth_method == "tls_client_auth" else None
    if auth_method == "self_signed_tls_client_auth":
        client_jwks.check_there(keys, auth_method)
    if len(json_text.write({**more, **keys})) > MAX_MORE:
        raise refused(f"all that is registered must not be longer than {MAX_MORE} bytes")
    return ClientMetadata(
        name=display_name(text_of(members, "client_name", 10_000) or ""),
        redirect_uris=uris,
        grant_types=grant_types,
        response_types=_response_types(members, grant_types),
        auth_method=auth_method,
        scopes=_scopes(members, {*policy.scopes, *(each.name for resource in resources for each in resource.scopes)}),
        application_type=application_type,
        jwks=keys.get("jwks"),
        jwks_uri=keys.get("jwks_uri"),
        assertion_algorithm=client_jwks.assertion_algorithm(members, keys)
        if auth_method == "private_key_jwt"
        else None,
        dpop_bound=flag(members, "dpop_bound_access_tokens"),
        certificate_name=certificate_name,
        certificate_bound=_certificate_bound(members, sees_certificates, by_operator=by_operator),
        par_required=flag(members, "require_pushed_authorization_requests"),
        post_logout_redirect_uris=_ways_out(members, policy),
        backchannel_logout_uri=outside(members, "backchannel_logout_uri", local=local),
        more=more,
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
    if client.jwks is not None:
        members["jwks"] = client.jwks
    if client.jwks_uri is not None:
        members["jwks_uri"] = client.jwks_uri
    if client.assertion_algorithm is not None:
        members["token_endpoint_auth_signing_alg"] = client.assertion_algorithm
    if client.dpop_bound:
        members["dpop_bound_access_tokens"] = True
    if client.certificate_name is not None:
        members |= certificate_members(client.certificate_name)
    if client.certificate_bound:
        members[CERTIFICATE_BOUND] = True
    if client.par_required:
        members["require_pushed_authorization_requests"] = True
    if client.post_logout_redirect_uris:
        members["post_logout_redirect_uris"] = list(client.post_logout_redirect_uris)
    if client.backchannel_logout_uri is not None:
        members["backchannel_logout_uri"] = client.backchannel_logout_uri
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


def _redirect_uris(
    members: Mapping[str, Any], policy: Policy, grant_types: tuple[str, ...], *, by_operator: bool
) -> tuple[str, ...]:
    """Those of a private-use scheme that is not allowed today are kept beside one that is of use, and refused when one
    of them is used: Cursor registers `cursor://…` together with two others, and each device the one set of its program.
    """
    uris = list_of_text(members, "redirect_uris", redirect_uri.MAX_REDIRECT_URIS)
    if not uris and "authorization_code" in grant_types:
        raise Refusal("invalid_redirect_uri", "redirect_uris must be a list of at least one URI")
    refusals: list[Refusal] = []
    for text in uris:
        redirect_uri.check_shape(text)
        try:
            redirect_uri.check_registered(text, private_schemes=policy.private_redirect_schemes)
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals and (by_operator or len(refusals) == len(uris)):
        raise refusals[0]
    return tuple(dict.fromkeys(uris))


def _ways_out(members: Mapping[str, Any], policy: Policy) -> tuple[str, ...]:
    """Where users may return to when they have signed out (OpenID Connect RP-Initiated Logout 1.0 §3.1)."""
    uris = list_of_text(members, "post_logout_redirect_uris", redirect_uri.MAX_REDIRECT_URIS)
    for text in uris:
        try:
            redirect_uri.check_registered(text, private_schemes=policy.private_redirect_schemes)
        except Refusal as refusal:
            raise refused(f"post_logout_redirect_uris: {refusal.description}") from None
    return tuple(dict.fromkeys(uris))


def _application_type(members: Mapping[str, Any], uris: tuple[str, ...]) -> Literal["web", "native"] | None:
    """Honoured where it is given; MCP clients before 2026-07 leave it out, so OpenID's default `web` is not applied."""
    given = members.get("application_type")
    if given is None:
        return None
    if given not in ("web", "native"):
        raise refused("application_type must be web or native")
    if given == "web" and not all((parts := uri.parse(text)) and parts.scheme == "https" for text in uris):
        raise Refusal("invalid_redirect_uri", "a web client can only register https redirect URIs")
    return given


def _grant_types(members: Mapping[str, Any], auth_method: AuthMethod, *, by_operator: bool) -> tuple[str, ...]:
    """device_code is left out where it may not be had: clients take all that they know from what metadata lists.

    A client of the operator's needs no proof of its own for assertions: workloads bring theirs. And there may be none,
    where it only introspects.
    """
    if by_operator and members.get("grant_types") == []:
        return ()
    offered = GRANT_TYPES if by_operator else BY_CLIENTS
    proving = ("client_credentials", TOKEN_EXCHANGE) if by_operator else (JWT_BEARER,)
    asked = list_of_text(members, "grant_types", 10) or USUAL
    grant_types = tuple(name for name in dict.fromkeys(asked) if name in offered or name != DEVICE_CODE)
    if not set(grant_types) <= set(offered):
        raise refused(f"grant_types may hold {' and '.join(offered)} only")
    proven = [name for name in proving if name in grant_types]
    if proven and auth_method == "none":
        raise refused(f"{proven[0]} is for clients that prove who they are")
    if not set(grant_types) & _BEGINNINGS:
        raise refused("grant_types must hold one that a grant can begin with, such as authorization_code")
    return grant_types


def _response_types(members: Mapping[str, Any], grant_types: tuple[str, ...]) -> tuple[str, ...]:
    usual = ("code",) if "authorization_code" in grant_types else ()
    if set(list_of_text(members, "response_types", 10) or usual) != set(usual):
        raise refused("response_types may hold code only, and that only with authorization_code")
    return usual


def _certificate_bound(members: Mapping[str, Any], sees_certificates: bool, *, by_operator: bool) -> bool:
    """Passed over where no certificate is seen, as members are that we do not know; not to the operator's surprise."""
    wanted = flag(members, CERTIFICATE_BOUND)
    if wanted and by_operator and not sees_certificates:
        raise refused(f"{CERTIFICATE_BOUND} needs a proxy that says which certificates clients show")
    return wanted and sees_certificates


def _auth_method(members: Mapping[str, Any], offered: Sequence[AuthMethod]) -> AuthMethod:
    method = members.get("token_endpoint_auth_method")
    if method is None:
        return "client_secret_basic"  # RFC 7591 §2
    if method not in offered:
        raise refused(f"token_endpoint_auth_method must be one of {', '.join(offered)}")
    return method


def _scopes(members: Mapping[str, Any], offered: Collection[str]) -> tuple[str, ...] | None:
    """What the client says that it will ask for. Scopes that are not offered are left out, and the echo shows it."""
    text = text_of(members, "scope", 4_096)
    if text is None:
        return None
    try:
        wanted = scope.parse(text)
    except Refusal as refusal:
        raise refused(refusal.description) from None
    kept = tuple(name for name in wanted if name in offered or name == scope.OFFLINE_ACCESS)
    return kept or None


def _more(members: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    more: dict[str, Any] = {}
    for name in (*_PAGES, *(key for key in members if _LOCALIZED.fullmatch(key))):
        text = text_of(members, name, uri.MAX_LENGTH)
        if text is None:
            continue
        more[name] = display_name(text) if name.startswith("client_name") else public_page(name, text)
    for name in _TEXTS:
        text = text_of(members, name, MAX_TEXT)
        if text is not None:
            more[name] = text
    algorithm = members.get(SIGNED_USERINFO)
    if algorithm is not None:
        if algorithm != policy.signing_algorithm:
            raise refused(f"{SIGNED_USERINFO} can be {policy.signing_algorithm} only")
        more[SIGNED_USERINFO] = algorithm
    if flag(members, SESSION_REQUIRED):
        more[SESSION_REQUIRED] = True
    contacts = list_of_text(members, "contacts", 10)
    if any(len(contact) > MAX_TEXT for contact in contacts):
        raise refused(f"contacts must be strings of at most {MAX_TEXT} characters")
    if contacts:
        more["contacts"] = list(contacts)
    if len(more) > 40:
        raise refused("too many members")
    return more
