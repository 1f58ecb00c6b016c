"""The one table from refusals and problems to gRPC. Whatever is not in it tells the caller nothing (AIP-193)."""

from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details  # pyright: ignore[reportMissingTypeStubs]
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs]

from tenants.oauth.refusal import Refusal
from tenants.problems import (
    AlreadyThere,
    Broken,
    Busy,
    EtagMismatch,
    Invalid,
    IssuerIdTaken,
    IssuerUnavailable,
    IssuerUriTaken,
    NewerSchema,
    NoSuchIssuer,
    NoSuchThing,
    Unknown,
)

DOMAIN = "admin.tenantry.dev"
LONGEST_TEXT = 200
"""Characters of one text: details travel in trailers, which clients cut off at 8 KiB."""
_TYPES = {
    "issuers": "Issuer",
    "clients": "Client",
    "identityProviders": "IdentityProvider",
    "resources": "Resource",
    "registrationTokens": "RegistrationToken",
}
_BROKEN_RETRY = 5


class TokenMissing(Exception):
    """No admin token, or several, or not in the form `Bearer <token>`."""


class TokenWrong(Exception):
    """Not our admin token."""


class NoSuchMethod(Exception):
    """A method that this server does not have."""


class Malformed(Exception):
    """The bytes are no message of this method."""


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
_TABLE: dict[type[Exception], _Row] = {
    TokenMissing: _Row(
        _Code.UNAUTHENTICATED, "TOKEN_MISSING", "send the metadata `authorization: Bearer <admin token>`"
    ),
    TokenWrong: _Row(_Code.UNAUTHENTICATED, "TOKEN_INVALID", "this is not the admin token"),
    NoSuchMethod: _Row(_Code.UNIMPLEMENTED, "METHOD_UNKNOWN", "this server has no such method"),
    Malformed: _Row(_Code.INVALID_ARGUMENT, "REQUEST_MALFORMED", "the message cannot be read"),
    Immutable: _Row(_Code.INVALID_ARGUMENT, "FIELD_IMMUTABLE"),
    Invalid: _Row(_Code.INVALID_ARGUMENT, "REQUEST_INVALID"),
    Refusal: _Row(_Code.INVALID_ARGUMENT, "REQUEST_INVALID"),
    NoSuchIssuer: _Row(_Code.NOT_FOUND, "ISSUER_NOT_FOUND", "there is no such issuer"),
    NoSuchThing: _Row(_Code.NOT_FOUND, "NOT_FOUND", "the issuer has nothing of this name"),
    IssuerIdTaken: _Row(_Code.ALREADY_EXISTS, "ISSUER_ID_TAKEN", "an issuer has, or once had, this id"),
    IssuerUriTaken: _Row(_Code.ALREADY_EXISTS, "ISSUER_URI_TAKEN", "an issuer has, or once had, this URI"),
    AlreadyThere: _Row(_Code.ALREADY_EXISTS, "ALREADY_EXISTS", "the issuer has one of this name already"),
    EtagMismatch: _Row(_Code.ABORTED, "ETAG_MISMATCH", "it has changed since you read it; read it again"),
    IssuerUnavailable: _Row(_Code.FAILED_PRECONDITION, "ISSUER_STATE"),
    Busy: _Row(_Code.RESOURCE_EXHAUSTED, "BUSY", "too many requests wait for this issuer; try again"),
    Unknown: _Row(_Code.UNAVAILABLE, "OUTCOME_UNKNOWN", "it may or may not be done; read again before trying again"),
    NewerSchema: _Row(_Code.FAILED_PRECONDITION, "SCHEMA_NEWER", "the issuer's store is of a newer Tenantry"),
    Broken: _Row(_Code.UNAVAILABLE, "ISSUER_BROKEN", "the issuer's store cannot be used now"),
}
_NOBODYS_FAULT_BUT_OURS = _Row(_Code.INTERNAL, "INTERNAL", "something went wrong")
_REASONS = {"update_mask": "UPDATE_MASK_INVALID", "page_token": "PAGE_TOKEN_INVALID"}


def known(error: Exception) -> bool:
    """Whether this is an answer, as against a bug."""
    return isinstance(error, tuple(_TABLE))


def status_of(error: Exception, *, request_id: str) -> Status:
    """What the caller is told of `error`."""
    row = next((row for kind, row in _TABLE.items() if isinstance(error, kind)), _NOBODYS_FAULT_BUT_OURS)
    reason, metadata = row.reason, {"request_id": request_id}
    if type(error) is Invalid:
        reason = _REASONS.get(error.field, reason)
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
    if isinstance(error, NoSuchIssuer | IssuerIdTaken):
        return (_resource(f"issuers/{error}"),)
    if isinstance(error, NoSuchThing | AlreadyThere):
        return (_resource(str(error)),)
    if isinstance(error, IssuerUriTaken):
        return (details.ResourceInfo(resource_type=f"{DOMAIN}/Issuer", resource_name=_short(str(error))),)
    if isinstance(error, IssuerUnavailable):
        failed = details.PreconditionFailure.Violation(type="ISSUER_STATE", description=_short(str(error)))
        return (details.PreconditionFailure(violations=[failed]),)
    if isinstance(error, Unknown | NewerSchema):
        return ()  # trying again is not the answer
    if isinstance(error, Busy | Broken):
        wait = error.retry_after if isinstance(error, Busy) else _BROKEN_RETRY
        return (details.RetryInfo(retry_delay=Duration(seconds=wait)),)
    return ()


def _resource(name: str) -> details.ResourceInfo:
    collection = name.split("/")[-2]
    return details.ResourceInfo(resource_type=f"{DOMAIN}/{_TYPES[collection]}", resource_name=_short(name))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
