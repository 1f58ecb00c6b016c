"""What every call goes through, in order: a request id, who is asking, the message and its rules, the call itself, its
errors.

grpc.aio hands exception and parser text to callers and cancels handlers midway. Here messages are read and written
inside the guard, a call that has begun ends, and whatever goes wrong is told by the one table of status.py.
"""

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn, Protocol, TypeAlias
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import MethodDescriptor
from grpc_status import rpc_status  # pyright: ignore[reportMissingTypeStubs]

from server.admin.caller import Caller
from server.admin.credentials import Credentials
from server.admin.limits import LONGEST_CALL, MESSAGE_WITHIN
from server.admin.places import STRANGERS, Places
from server.admin.rules import Rules
from server.admin.status import Malformed, NoSuchMethod, ShuttingDown, TooSlow, known, status_of

WITHOUT_TOKEN = "/grpc.health.v1.Health/Check"
"""The one open method. Not Watch: its calls last, so that strangers could take all places."""
RECHECK = 1.0
"""Seconds that a stream stays open, and silent, after what opened it was revoked."""
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
    shown: tuple[tuple[str, str | bytes], ...]
    """The metadata that it came with."""
    caller: Caller | None = None
    left: bool = False
    """Whether nobody waits for the answer any more."""


class Calls(grpc.aio.ServerInterceptor):
    def __init__(
        self,
        methods: Mapping[str, MethodDescriptor],
        credentials: Credentials,
        log: Log,
        request_id: Callable[[], str],
        clock: Callable[[], int],
        longest: float = LONGEST_CALL,
    ) -> None:
        """`methods` are those of ours, by their paths: they are handed the Caller in the place of gRPC's context."""
        self._methods = methods
        self._rules = Rules(method.input_type for method in methods.values())
        self._credentials = credentials
        self._log = log
        self._request_id = request_id
        self._clock = clock
        self._longest = longest
        self._places = Places()
        self._begun: set[asyncio.Future[Any]] = set()
        self._ending = False

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        details = handler_call_details
        metadata = tuple(details.invocation_metadata or ())
        call = _Call(details.method, self._request_id(), asyncio.get_running_loop().time(), metadata)
        if details.method != WITHOUT_TOKEN:
            try:
                call.caller = self._credentials.identify(metadata, call.request_id)
            except Exception as unproven:
                return self._refusing(call, unproven)
        handler = await continuation(details)
        if handler is None:
            return self._refusing(call, NoSuchMethod(details.method))
        # all as streams, which are ours from the beginning: else gRPC waits for the message, however long it takes
        if handler.unary_unary is not None:
            return grpc.stream_stream_rpc_method_handler(partial(self._answer, call, handler))
        # the answers are written through the context, which applies the serializer
        return grpc.stream_stream_rpc_method_handler(
            partial(self._stream, call, handler), response_serializer=handler.response_serializer
        )

    def end_streams(self) -> None:
        """They have no end of their own, and are told that the server stops."""
        self._ending = True

    async def finish(self) -> None:
        """Wait for the calls that have begun, also those whose callers have left."""
        if self._begun:
            await asyncio.wait(self._begun)

    def _refusing(self, call: _Call, error: Exception) -> Handler:
        """Says no without reading a message, whatever kind of method it is: a caller could be slow to send one."""

        async def refuse(_: object, context: Context) -> None:
            try:
                self._prove(call, context)
                raise error
            except Exception as why:
                await self._fail(call, context, why)

        return grpc.stream_stream_rpc_method_handler(refuse)

    async def _answer(self, call: _Call, handler: Handler, raws: AsyncIterator[bytes], context: Context) -> None:
        try:
            self._prove(call, context)
            behaviour: Any = handler.unary_unary
            with ExitStack() as place:
                place.enter_context(self._places.taken(_whose(call)))
                request = _read(handler, await _only(raws))
                told = self._admitted(call, request, context)
                begun: asyncio.Task[Any] = asyncio.ensure_future(behaviour(request, told))
                self._begun.add(begun)
                begun.add_done_callback(partial(self._ended, call))
                try:
                    await asyncio.wait({begun}, timeout=self._longest)
                finally:
                    if not begun.done():  # whoever leaves does not have room for another before it has ended
                        begun.add_done_callback(partial(_left, place.pop_all()))
                if not begun.done():
                    call.left = True
                    raise TooSlow
                await context.write(_write(handler, begun.result()))
        except asyncio.CancelledError:
            call.left = True  # and does not leave a thing half-done
            self._note(call, "CANCELLED")
            raise
        except grpc.aio.AbortError:  # of the health service, which answers for itself
            raise
        except Exception as error:
            await self._fail(call, context, error)
        self._note(call, "OK")

    async def _stream(self, call: _Call, handler: Handler, raws: AsyncIterator[bytes], context: Context) -> None:
        """Watching and reflection: they change nothing, so they end with their caller, and with what lets them in."""
        try:
            self._prove(call, context)
            with self._places.taken(_whose(call)):
                telling = asyncio.ensure_future(self._tell(call, handler, raws, context))
                try:
                    while not (await asyncio.wait({telling}, timeout=RECHECK))[0]:
                        if self._ending:
                            raise ShuttingDown
                        self._prove(call, context)
                finally:
                    telling.cancel()
                    await asyncio.wait({telling})
                await telling
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await self._fail(call, context, error)
        self._note(call, "OK")

    async def _tell(self, call: _Call, handler: Handler, raws: AsyncIterator[bytes], context: Context) -> None:
        behaviour: Any = handler.stream_stream or handler.unary_stream
        whole = handler.stream_stream is not None
        given = _read_all(handler, raws) if whole else _read(handler, await _only(raws))
        answers = behaviour(given, self._admitted(call, given, context))
        if inspect.isawaitable(answers):
            await answers
            return
        async with aclosing(answers):
            async for answer in answers:
                self._prove(call, context)
                await context.write(answer)

    def _prove(self, call: _Call, context: Context) -> None:
        """Who calls, as of now: what opened a stream may have been revoked since. Raises what Credentials do."""
        if call.method != WITHOUT_TOKEN:
            caller = self._credentials.identify(call.shown, call.request_id)
            call.caller = caller or self._credentials.identify_certificate(_certificate(context), call.request_id)

    def _admitted(self, call: _Call, request: Any, context: Context) -> Any:
        """What the method is told of the call, once it is certain that the caller may call it with that.

        Raises Forbidden, or Violations.
        """
        method = self._methods.get(call.method)
        if method is None or call.caller is None:
            return context
        call.caller.admit(method, request)
        self._rules.check(request)
        return replace(call.caller, origin=replace(call.caller.origin, address=_address(context)))

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
            actor=None if call.caller is None else call.caller.origin.actor,
            ms=round(took * 1000, 2),
            **members,
        )


def _whose(call: _Call) -> str:
    return STRANGERS if call.caller is None else call.caller.origin.actor


def _left(place: ExitStack, _: asyncio.Future[Any]) -> None:
    place.close()


async def _only(raws: AsyncIterator[bytes]) -> bytes:
    """The one message of a call that has one. Raises Malformed where it does not come."""
    try:
        async with asyncio.timeout(MESSAGE_WITHIN):
            return await anext(raws)
    except (StopAsyncIteration, TimeoutError):
        raise Malformed("the message did not come") from None


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


def _certificate(context: Context) -> bytes:
    """That of the peer, in PEM: TLS lets nobody in without one, where it has to say who calls."""
    return context.auth_context()["x509_pem_cert"][0]  # type: ignore[index]


def _address(context: Context) -> str:
    """Of the peer, without its port; empty for a Unix socket."""
    kind, _, rest = unquote(context.peer() or "").partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""
