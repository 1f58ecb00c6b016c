"""The one table from refusals and problems to gRPC. Whatever is not in it tells the caller nothing (AIP-193)."""

from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details  # pyright: ignore[reportMissingTypeStubs]
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs]

from server.admin.caller import Forbidden
from server.admin.rules import Violations
from tenants.oauth.refusal import Refusal
from tenants.problems import (
    AlreadyThere,
    Broken,
    Busy,
    EtagMismatch,
    HostTaken,
    Invalid,
    IssuerIdDeleted,
    IssuerIdTaken,
    IssuerUnavailable,
    IssuerUriTaken,
    NewerSchema,
    NoSuchIssuer,
    NoSuchThing,
    OperationCancelled,
    OperationInProgress,
    OperationRuns,
    Unknown,
)

DOMAIN = "admin.tenantry.dev"
LONGEST_TEXT = 200
"""Characters of one text: details travel in trailers, which clients cut off at 8 KiB."""
MOST_VIOLATIONS = 3_000
"""Bytes of all that is told of a message that breaks many rules."""
_TYPES = {
    "issuers": "Issuer",
    "clients": "Client",
    "signingKeys": "SigningKey",
    "identityProviders": "IdentityProvider",
    "resources": "Resource",
    "workloadIssuers": "WorkloadIssuer",
    "registrationTokens": "RegistrationToken",
    "adminTokens": "AdminToken",
    "events": "Event",
    "users": "User",
    "sessions": "Session",
    "grants": "Grant",
    "operations": "Operation",
    "domains": "Domain",
}
_BROKEN_RETRY = 5


class TokenMissing(Exception):
    """No admin token, or several, or not in the form `Bearer <token>`."""


class TokenWrong(Exception):
    """Not an admin token of ours."""


class TokenExpired(Exception):
    """An admin token whose time is over."""


class CertificateUnknown(Exception):
    """A certificate that the settings do not name."""


class CertificateExpired(Exception):
    """A certificate that counted when the connection was made, and counts no more."""


class NoSuchMethod(Exception):
    """A method that this server does not have."""


class ShuttingDown(Exception):
    """The server stops; a stream ends."""


class TooManyCalls(Exception):
    """The caller has as many calls under way as one may have."""


class TooManyStreams(Exception):
    """As many streams as the server holds open are open."""


class ResumeTokenExpired(Exception):
    """The trail does not reach as far as the token says."""


class Malformed(Exception):
    """The bytes are no message of this method."""


class TooSlow(Exception):
    """It takes longer than a caller is kept waiting."""


class DocumentUnusable(Exception):
    """There is no metadata document of the client, or it says what cannot be."""


class Immutable(Invalid):
    """The field can be set once only."""


@dataclass(frozen=True, slots=True)
class _Row:
    code: grpc.StatusCode
    reason: str
    message: str = ""
    """Empty: what the error itself says, which is then safe for anyone to read."""


_Code = grpc.StatusCode
# the first that fits: what is more special stands before what is more general
TABLE: dict[type[Exception], _Row] = {
    TokenMissing: _Row(
        _Code.UNAUTHENTICATED, "TOKEN_MISSING", "send the metadata `authorization: Bearer <admin token>`"
    ),
    TokenWrong: _Row(_Code.UNAUTHENTICATED, "TOKEN_INVALID", "this is not an admin token of this server"),
    TokenExpired: _Row(_Code.UNAUTHENTICATED, "TOKEN_EXPIRED", "this admin token has expired"),
    CertificateUnknown: _Row(
        _Code.UNAUTHENTICATED, "CERTIFICATE_UNKNOWN", "the settings name no caller of this certificate"
    ),
    CertificateExpired: _Row(_Code.UNAUTHENTICATED, "CERTIFICATE_EXPIRED", "this certificate has expired"),
    Forbidden: _Row(_Code.PERMISSION_DENIED, "ROLE_REQUIRED"),
    NoSuchMethod: _Row(_Code.UNIMPLEMENTED, "METHOD_UNKNOWN", "this server has no such method"),
    TooSlow: _Row(
        _Code.DEADLINE_EXCEEDED, "CALL_TOO_LONG", "it takes long and goes on; read again before trying again"
    ),
    Malformed: _Row(_Code.INVALID_ARGUMENT, "REQUEST_MALFORMED", "the message cannot be read"),
    Violations: _Row(_Code.INVALID_ARGUMENT, "REQUEST_INVALID"),
    ShuttingDown: _Row(_Code.UNAVAILABLE, "SHUTTING_DOWN", "the server stops; go on with the resume token"),
    TooManyCalls: _Row(_Code.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"),
    TooManyStreams: _Row(_Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"),
    ResumeTokenExpired: _Row(_Code.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED", "the trail was restored since; list it anew"),
    Immutable: _Row(_Code.INVALID_ARGUMENT, "FIELD_IMMUTABLE"),
    Invalid: _Row(_Code.INVALID_ARGUMENT, "REQUEST_INVALID"),
    Refusal: _Row(_Code.INVALID_ARGUMENT, "REQUEST_INVALID"),
    NoSuchIssuer: _Row(_Code.NOT_FOUND, "ISSUER_NOT_FOUND", "there is no such issuer"),
    NoSuchThing: _Row(_Code.NOT_FOUND, "NOT_FOUND", "there is nothing of this name"),
    IssuerIdDeleted: _Row(  # who may make issuers may see all of them, also the deleted ones
        _Code.ALREADY_EXISTS,
        "ISSUER_ID_TAKEN",
        "an issuer that was deleted has this id; undelete it, or list it with show_deleted",
    ),
    IssuerIdTaken: _Row(_Code.ALREADY_EXISTS, "ISSUER_ID_TAKEN", "an issuer has, or once had, this id"),
    IssuerUriTaken: _Row(_Code.ALREADY_EXISTS, "ISSUER_URI_TAKEN", "an issuer has, or once had, this URI"),
    HostTaken: _Row(_Code.ALREADY_EXISTS, "HOST_TAKEN", "an issuer has this host, or has claimed it"),
    AlreadyThere: _Row(_Code.ALREADY_EXISTS, "ALREADY_EXISTS", "there is one of this name already"),
    EtagMismatch: _Row(_Code.ABORTED, "ETAG_MISMATCH", "it has changed since you read it; read it again"),
    OperationInProgress: _Row(
        _Code.ABORTED, "OPERATION_IN_PROGRESS", "another one is under way that it would collide with; wait for it"
    ),
    OperationRuns: _Row(_Code.FAILED_PRECONDITION, "OPERATION_RUNS", "it has not ended; cancel it, or wait for it"),
    OperationCancelled: _Row(_Code.CANCELLED, "OPERATION_CANCELLED"),
    IssuerUnavailable: _Row(_Code.FAILED_PRECONDITION, "ISSUER_STATE"),
    DocumentUnusable: _Row(_Code.FAILED_PRECONDITION, "DOCUMENT_UNUSABLE"),
    Busy: _Row(_Code.RESOURCE_EXHAUSTED, "BUSY", "too many requests wait for this issuer; try again"),
    Unknown: _Row(_Code.UNAVAILABLE, "OUTCOME_UNKNOWN", "it may or may not be done; read again before trying again"),
    NewerSchema: _Row(_Code.FAILED_PRECONDITION, "SCHEMA_NEWER", "the issuer's store is of a newer Tenantry"),
    Broken: _Row(_Code.UNAVAILABLE, "ISSUER_BROKEN", "the issuer's store cannot be used now"),
}
_NOBODYS_FAULT_BUT_OURS = _Row(_Code.INTERNAL, "INTERNAL", "something went wrong")
REASONS = {
    "update_mask": "UPDATE_MASK_INVALID",
    "page_token": "PAGE_TOKEN_INVALID",
    "resume_token": "RESUME_TOKEN_INVALID",
    "filter": "FILTER_INVALID",
}


def known(error: Exception) -> bool:
    """Whether this is an answer, as against a bug."""
    return isinstance(error, tuple(TABLE))


def status_of(error: Exception, *, request_id: str) -> Status:
    """What the caller is told of `error`."""
    row = next((row for kind, row in TABLE.items() if isinstance(error, kind)), _NOBODYS_FAULT_BUT_OURS)
    reason, metadata = row.reason, {"request_id": request_id}
    if type(error) is Invalid:
        reason = REASONS.get(error.field, reason)
    if isinstance(error, Violations) and len(error.found) == 1:
        reason = REASONS.get(error.found[0].field, reason)
    if isinstance(error, EtagMismatch):
        metadata["current_etag"] = error.current
    more = _more(error)
    told = Status(code=row.code.value[0], message=_short(row.message or _words(error)))
    told.message += "".join(f": {detail.resource_name}" for detail in more if isinstance(detail, details.ResourceInfo))
    info = details.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    for detail in (info, *more):
        packed = AnyMessage()
        packed.Pack(detail)
        told.details.append(packed)
    return told


def _words(error: Exception) -> str:
    return error.description if isinstance(error, Refusal) else str(error)


def _more(error: Exception) -> tuple[Message, ...]:
    if isinstance(error, Invalid):
        violation = details.BadRequest.FieldViolation(field=error.field, description=_short(error.description))
        return (details.BadRequest(field_violations=[violation]),)
    if isinstance(error, Violations):
        return (_violations(error),)
    if isinstance(error, NoSuchIssuer | IssuerIdTaken):
        return (_resource(f"issuers/{error}"),)
    if isinstance(error, NoSuchThing | AlreadyThere | OperationInProgress | OperationRuns):
        return (_resource(str(error)),)
    if isinstance(error, IssuerUriTaken):
        return (details.ResourceInfo(resource_type=f"{DOMAIN}/Issuer", resource_name=_short(str(error))),)
    if isinstance(error, HostTaken):
        return (details.ResourceInfo(resource_type=f"{DOMAIN}/Domain", resource_name=_short(str(error))),)
    if isinstance(error, IssuerUnavailable | DocumentUnusable):
        kind = "ISSUER_STATE" if isinstance(error, IssuerUnavailable) else "DOCUMENT_UNUSABLE"
        failed = details.PreconditionFailure.Violation(type=kind, description=_short(str(error)))
        return (details.PreconditionFailure(violations=[failed]),)
    if isinstance(error, Unknown | NewerSchema):
        return ()  # trying again is not the answer
    if isinstance(error, Busy | Broken):
        wait = error.retry_after if isinstance(error, Busy) else _BROKEN_RETRY
        return (details.RetryInfo(retry_delay=Duration(seconds=wait)),)
    return ()


def _violations(error: Violations) -> details.BadRequest:
    told = details.BadRequest()
    for each in error.found:
        violation = details.BadRequest.FieldViolation(field=_short(each.field), description=_short(each.description))
        if told.ByteSize() + violation.ByteSize() > MOST_VIOLATIONS:
            break
        told.field_violations.append(violation)
    return told


def _resource(name: str) -> details.ResourceInfo:
    collection = name.split("/")[-2]
    return details.ResourceInfo(resource_type=f"{DOMAIN}/{_TYPES[collection]}", resource_name=_short(name))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
