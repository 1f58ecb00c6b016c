"""What every call goes through, in order: a request id, who is asking, the message, the call itself, its errors.

grpc.aio hands exception and parser text to callers and cancels handlers midway. Here messages are read and written
inside the guard, a call that has begun ends, and whatever goes wrong is told by the one table of status.py.
"""

import asyncio
import hmac
import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, NoReturn, Protocol, TypeAlias

import grpc
from grpc_status import rpc_status  # pyright: ignore[reportMissingTypeStubs]

from server.admin.status import Malformed, NoSuchMethod, TokenMissing, TokenWrong, known, status_of

WITHOUT_TOKEN = "/grpc.health.v1.Health/Check"
"""The one open method. Not Watch: its calls last, so that strangers could take all places."""
_NAMES: dict[int, str] = {code.value[0]: code.name for code in grpc.StatusCode}

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic for the type checker only
Continuation: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]]"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Log(Protocol):
    def line(self, event: str, /, **members: object) -> None: ...


@dataclass(slots=True)
class _Call:
    method: str
    request_id: str
    began: float
    left: bool = False
    """Whether the caller has gone away."""


class Calls(grpc.aio.ServerInterceptor):
    def __init__(self, token_digest: bytes, log: Log, request_id: Callable[[], str], clock: Callable[[], int]) -> None:
        self._token_digest = token_digest
        self._log = log
        self._request_id = request_id
        self._clock = clock
        self._begun: set[asyncio.Future[Any]] = set()

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        details = handler_call_details
        call = _Call(details.method, self._request_id(), asyncio.get_running_loop().time())
        wrong = None if details.method == WITHOUT_TOKEN else self._unproven(details)
        if wrong is not None:
            return self._refusing(call, wrong)
        handler = await continuation(details)
        if handler is None:
            return self._refusing(call, NoSuchMethod(details.method))
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(partial(self._answer, call, handler))
        # the answers are written through the context, which applies the serializer
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                partial(self._stream, call, handler), response_serializer=handler.response_serializer
            )
        return grpc.unary_stream_rpc_method_handler(
            partial(self._stream, call, handler), response_serializer=handler.response_serializer
        )

    async def finish(self) -> None:
        """Wait for the calls that have begun, also those whose callers have left."""
        if self._begun:
            await asyncio.wait(self._begun)

    def _unproven(self, details: grpc.HandlerCallDetails) -> Exception | None:
        shown = [value for key, value in details.invocation_metadata or () if key == "authorization"]
        scheme, _, token = shown[0].partition(" ") if len(shown) == 1 and isinstance(shown[0], str) else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            return TokenMissing("no admin token")
        if not hmac.compare_digest(sha256(token.encode("utf-8")).digest(), self._token_digest):
            return TokenWrong("not the admin token")
        return None

    def _refusing(self, call: _Call, error: Exception) -> Handler:
        """Says no without reading a message, whatever kind of method it is: a caller could be slow to send one."""

        async def refuse(_: object, context: Context) -> None:
            await self._fail(call, context, error)

        return grpc.stream_stream_rpc_method_handler(refuse)

    async def _answer(self, call: _Call, handler: Handler, raw: bytes, context: Context) -> bytes:
        try:
            behaviour: Any = handler.unary_unary
            begun: asyncio.Task[Any] = asyncio.ensure_future(behaviour(_read(handler, raw), context))
            self._begun.add(begun)
            begun.add_done_callback(partial(self._ended, call))
            reply = _write(handler, await asyncio.shield(begun))
        except asyncio.CancelledError:
            call.left = True  # and does not leave a thing half-done
            self._note(call, "CANCELLED")
            raise
        except grpc.aio.AbortError:  # of the health service, which answers for itself
            raise
        except Exception as error:
            await self._fail(call, context, error)
        self._note(call, "OK")
        return reply

    async def _stream(self, call: _Call, handler: Handler, requests: Any, context: Context) -> None:
        """Health watching and reflection: they change nothing, so they end with their caller."""
        try:
            behaviour: Any = handler.stream_stream or handler.unary_stream
            given = _read(handler, requests) if isinstance(requests, bytes) else _read_all(handler, requests)
            answers = behaviour(given, context)
            if inspect.isawaitable(answers):
                await answers
            else:
                async for answer in answers:
                    await context.write(answer)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await self._fail(call, context, error)
        self._note(call, "OK")

    async def _fail(self, call: _Call, context: Context, error: Exception) -> NoReturn:
        status = status_of(error, request_id=call.request_id)
        self._note(call, _NAMES[status.code], error)
        await context.abort_with_status(rpc_status.to_status(status))  # pyright: ignore[reportUnknownMemberType]
        raise AssertionError("abort_with_status raises")

    def _ended(self, call: _Call, begun: asyncio.Future[Any]) -> None:
        self._begun.discard(begun)
        error = None if begun.cancelled() else begun.exception()
        if call.left and isinstance(error, Exception):
            self._note(call, "FAILED_AFTER_CANCELLED", error)

    def _note(self, call: _Call, status: str, error: Exception | None = None) -> None:
        """A line in the log: the one place where a bug is told in words."""
        members: dict[str, object] = {}
        if error is not None and known(error):
            members["error"] = str(error)
        elif error is not None:
            members["error"] = f"{type(error).__name__}: {error}"
            members["where"] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        took = asyncio.get_running_loop().time() - call.began
        self._log.line(
            "admin",
            at=self._clock(),
            method=call.method,
            status=status,
            request_id=call.request_id,
            ms=round(took * 1000, 2),
            **members,
        )


def _read(handler: Handler, raw: bytes) -> Any:
    try:
        return raw if handler.request_deserializer is None else handler.request_deserializer(raw)
    except Exception:
        raise Malformed("the message cannot be read") from None


async def _read_all(handler: Handler, raws: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for raw in raws:
        yield _read(handler, raw)


def _write(handler: Handler, reply: Any) -> bytes:
    return reply if handler.response_serializer is None else handler.response_serializer(reply)
