"""What every call goes through, in order: who is asking, a request id, the call itself, its errors.

grpc.aio hands exception and parser text to callers and cancels handlers midway; here a call that has begun ends, and
whatever goes wrong is told by the one table of status.py.
"""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from typing import Any, Protocol

import grpc
from grpc_status import rpc_status

from server.admin.status import Unauthenticated, status_of
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem

_HEALTH = "/grpc.health.v1.Health/"


class Log(Protocol):
    def line(self, event: str, /, **members: object) -> None: ...


class _Garbage:
    """Bytes that are no request of this method."""


class Calls(grpc.aio.ServerInterceptor):
    def __init__(self, token_digest: bytes, log: Log, request_id: Callable[[], str]) -> None:
        self._token_digest = token_digest
        self._log = log
        self._request_id = request_id
        self._begun: set[asyncio.Future[Any]] = set()

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        handler = await continuation(details)
        method: str = details.method
        if handler is None or method.startswith(_HEALTH):
            return handler
        if not self._proven(details.invocation_metadata or ()):
            return self._refusing(handler)
        if handler.unary_unary is None:
            return handler  # server reflection
        return grpc.unary_unary_rpc_method_handler(
            self._guarded(method, handler.unary_unary),
            request_deserializer=_lenient(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    async def finish(self) -> None:
        """Wait for the calls that have begun, also those whose callers have left."""
        if self._begun:
            await asyncio.wait(self._begun)

    def _proven(self, metadata: Iterable[tuple[str, Any]]) -> bool:
        shown = [value for key, value in metadata if key == "authorization"]
        if len(shown) != 1 or not isinstance(shown[0], str):
            return False
        scheme, _, token = shown[0].partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            sha256(token.encode("utf-8")).digest(), self._token_digest
        )

    def _guarded(self, method: str, behaviour: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Any]:
        async def call(request: Any, context: Any) -> Any:
            request_id = self._request_id()
            try:
                if isinstance(request, _Garbage):
                    raise Refusal("invalid_request", "the message cannot be read")
                begun = asyncio.ensure_future(behaviour(request, context))
                self._begun.add(begun)
                begun.add_done_callback(self._begun.discard)
                # a caller that leaves does not leave a thing half-done
                answer = await asyncio.shield(begun)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await self._fail(context, method, request_id, error)
                raise AssertionError("abort raises") from error
            self._log.line("admin", method=method, status="OK", request_id=request_id)
            return answer

        return call

    async def _fail(self, context: Any, method: str, request_id: str, error: Exception) -> None:
        status = status_of(error, request_id=request_id)
        known = isinstance(error, Problem | Refusal | Unauthenticated)
        self._log.line(
            "admin",
            method=method,
            status=grpc_name(status.code),
            request_id=request_id,
            error=str(error) if known else f"{type(error).__name__}: {error}",
        )
        await context.abort_with_status(rpc_status.to_status(status))

    def _refusing(self, handler: Any) -> Any:
        """The same kind of handler, that only says no."""

        async def refuse(_: Any, context: Any) -> Any:
            await self._fail(context, "?", self._request_id(), Unauthenticated("no admin token, or not the right one"))

        async def refuse_stream(request: Any, context: Any) -> Any:
            await refuse(request, context)
            yield

        if handler.response_streaming:
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(refuse_stream)
        make = (
            grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(refuse)


def grpc_name(number: int) -> str:
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def _lenient(deserializer: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Parse, or hand on a mark: an exception in here would reach the caller as it is."""

    def parse(raw: bytes) -> Any:
        try:
            return deserializer(raw)
        except Exception:
            return _Garbage()

    return parse
