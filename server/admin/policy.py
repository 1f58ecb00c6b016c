"""An issuer's policy between proto and record, field by field."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from google.protobuf.duration_pb2 import Duration

from protos.admin.v1 import issuer_service_pb2 as pb
from server.admin import jwks
from tenants.records import Policy, RateLimit, StatementIssuer

_DURATIONS = (
    "access_token_ttl",
    "refresh_token_ttl",
    "grant_ttl",
    "authorization_code_ttl",
    "replay_window",
    "session_ttl",
    "key_roll_interval",
    "unused_client_ttl",
)
_LISTS = (
    "scopes",
    "private_redirect_schemes",
    "allowed_origins",
    "first_party_origins",
    "client_document_hosts",
    "client_certificate_authorities",
)
_STATEMENT_ISSUERS = "software_statement_issuers"
_PLAIN = (
    "signing_algorithm",
    "debug",
    "link_by_email",
    "dpop_nonce_required",
    "par_required",
    "software_statement_required",
    "approval_required",
)
_LIMITS = ("registration_limit", "failure_limit", "client_limit", "guess_limit", "session_limit")
DEFAULTS = Policy()
UNSPECIFIED = pb.IssuerPolicy.TOKEN_FORMAT_UNSPECIFIED
FORMATS = {pb.IssuerPolicy.TOKEN_FORMAT_JWT: "jwt", pb.IssuerPolicy.TOKEN_FORMAT_OPAQUE: "opaque"}
NUMBERS = {text: number for number, text in FORMATS.items()}
_ENUMS: dict[str, dict[Any, str]] = {
    "token_format": FORMATS,
    "registration": {
        pb.IssuerPolicy.REGISTRATION_OPEN: "open",
        pb.IssuerPolicy.REGISTRATION_TOKEN: "token",
        pb.IssuerPolicy.REGISTRATION_CLOSED: "closed",
    },
    "client_documents": {
        pb.IssuerPolicy.CLIENT_DOCUMENTS_ANY: "any",
        pb.IssuerPolicy.CLIENT_DOCUMENTS_LISTED: "listed",
        pb.IssuerPolicy.CLIENT_DOCUMENTS_NONE: "none",
    },
}
FIELDS = (*_DURATIONS, *_LISTS, _STATEMENT_ISSUERS, *_PLAIN, *_LIMITS, *_ENUMS)
_WITHOUT_PRESENCE = (*_LISTS, _STATEMENT_ISSUERS, *_ENUMS)


def set_fields(message: pb.IssuerPolicy) -> list[str]:
    """The fields that say something."""
    return [
        name
        for name in FIELDS
        if (bool(getattr(message, name)) if name in _WITHOUT_PRESENCE else message.HasField(name))
    ]


def merged(message: pb.IssuerPolicy, names: Iterable[str], onto: Policy) -> Policy:
    """`onto` with the named fields as in the message: an empty list empty, anything else that is unset its default."""
    said = set(set_fields(message))
    changes: dict[str, Any] = {}
    for name in names:
        if name in _LISTS:
            changes[name] = tuple(getattr(message, name))
        elif name == _STATEMENT_ISSUERS:
            changes[name] = tuple(map(_statement_issuer, message.software_statement_issuers))
        elif name not in said:
            changes[name] = getattr(DEFAULTS, name)
        elif name in _DURATIONS:
            changes[name] = getattr(message, name).seconds
        elif name in _LIMITS:
            changes[name] = RateLimit(getattr(message, name).per_minute, getattr(message, name).burst)
        elif name in _ENUMS:
            changes[name] = _ENUMS[name].get(getattr(message, name), "")
        else:
            changes[name] = getattr(message, name)
    return replace(onto, **changes)


def replaced(message: pb.IssuerPolicy) -> Policy:
    """A whole policy: whatever is unset or empty has its default."""
    return merged(message, set_fields(message), DEFAULTS)


def to_proto(policy: Policy) -> pb.IssuerPolicy:
    message = pb.IssuerPolicy()
    for name, words in _ENUMS.items():
        setattr(message, name, next(number for number, word in words.items() if word == getattr(policy, name)))
    for name in _DURATIONS:
        getattr(message, name).CopyFrom(Duration(seconds=getattr(policy, name)))
    for name in _LIMITS:
        limit: RateLimit = getattr(policy, name)
        getattr(message, name).CopyFrom(pb.RateLimit(per_minute=limit.per_minute, burst=limit.burst))
    for name in _LISTS:
        getattr(message, name).extend(getattr(policy, name))
    for one in policy.software_statement_issuers:
        message.software_statement_issuers.add(
            issuer=one.issuer, jwks=jwks.written(one.jwks), jwks_uri=one.jwks_uri or ""
        )
    for name in _PLAIN:
        setattr(message, name, getattr(policy, name))
    return message


def _statement_issuer(given: pb.SoftwareStatementIssuer) -> StatementIssuer:
    return StatementIssuer(
        issuer=given.issuer,
        jwks=jwks.parsed(given.jwks, f"issuer.policy.{_STATEMENT_ISSUERS}"),
        jwks_uri=given.jwks_uri or None,
    )
