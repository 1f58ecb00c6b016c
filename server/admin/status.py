"""The one table from refusals and problems to gRPC. Whatever is not in it tells the caller nothing (AIP-193)."""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

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
    NoSuchIssuer,
    NoSuchThing,
)

DOMAIN = "admin.tenantry.dev"


class Unauthenticated(Exception):
    """No admin token, or not ours."""


_TABLE: tuple[tuple[type[Exception], grpc.StatusCode, str, str], ...] = (
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", "an admin token is needed"),
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", ""),
    (Refusal, grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", ""),
    (NoSuchIssuer, grpc.StatusCode.NOT_FOUND, "ISSUER_NOT_FOUND", "there is no such issuer"),
    (NoSuchThing, grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "the issuer has nothing of this name"),
    (IssuerIdTaken, grpc.StatusCode.ALREADY_EXISTS, "ISSUER_ID_TAKEN", "an issuer has, or had, this id"),
    (IssuerUriTaken, grpc.StatusCode.ALREADY_EXISTS, "ISSUER_URI_TAKEN", "an issuer has, or had, this URI"),
    (AlreadyThere, grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS", "the issuer has one of this name"),
    (EtagMismatch, grpc.StatusCode.ABORTED, "ETAG_MISMATCH", "it has changed since you read it; read it again"),
    (IssuerUnavailable, grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE", "the issuer's state does not allow it"),
    (Busy, grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", "too many requests wait for this issuer; try again"),
    (Broken, grpc.StatusCode.UNAVAILABLE, "ISSUER_BROKEN", "the issuer's store cannot be used now"),
)


def status_of(error: Exception, *, request_id: str) -> Status:
    """What the caller is told of `error`."""
    for kind, code, reason, message in _TABLE:
        if isinstance(error, kind):
            return _status(code, reason, message or _words(error), _more(error), _metadata(error, request_id))
    return _status(grpc.StatusCode.INTERNAL, "INTERNAL", "something went wrong", (), {"request_id": request_id})


def _words(error: Exception) -> str:
    return error.description if isinstance(error, Refusal) else str(error)


def _metadata(error: Exception, request_id: str) -> dict[str, str]:
    metadata = {"request_id": request_id}
    if isinstance(error, EtagMismatch):
        metadata["current_etag"] = error.current
    return metadata


def _more(error: Exception) -> tuple[Message, ...]:
    if isinstance(error, Invalid):
        violation = details.BadRequest.FieldViolation(field=error.field, description=error.description)
        return (details.BadRequest(field_violations=[violation]),)
    if isinstance(error, Refusal):
        violation = details.BadRequest.FieldViolation(field="client", description=error.description)
        return (details.BadRequest(field_violations=[violation]),)
    if isinstance(error, NoSuchIssuer | IssuerIdTaken | IssuerUriTaken | IssuerUnavailable):
        return (details.ResourceInfo(resource_type=f"{DOMAIN}/Issuer", resource_name=str(error)),)
    if isinstance(error, NoSuchThing | AlreadyThere):
        return (details.ResourceInfo(resource_type=f"{DOMAIN}/Client", resource_name=str(error)),)
    if isinstance(error, Busy | Broken):
        wait = error.retry_after if isinstance(error, Busy) else 5
        return (details.RetryInfo(retry_delay=Duration(seconds=wait)),)
    return ()


def _status(
    code: grpc.StatusCode, reason: str, message: str, more: tuple[Message, ...], metadata: dict[str, str]
) -> Status:
    status = Status(code=code.value[0], message=message)
    for detail in (details.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata), *more):
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status
