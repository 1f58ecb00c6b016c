"""What one connection may ask for, and how many there may be: beyond that it is over, and nothing more of it is run.

The app here is one that the test holds by the hand: it answers only when it is let.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

import server.wire
from server.listener import Listener, bind
from server.settings import Address
from server.wire import MAX_HEADERS, MAX_PIPELINED
from tests.support.house import RunningHouse
from tests.support.raw import LAST, Answer, answers, request

R = TypeVar("R")


class Held:
    """Answers each request with its path, once it may; knows which it was given."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.ran.append(scope["path"])
        await self.may_answer.wait()
        body = scope["path"].encode("ascii")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(app: Any) -> AsyncGenerator[Listener]:
    """A listener, until the block ends and all that was begun has ended."""
    listener = Listener(app, bind(Address("127.0.0.1", 0)), drain=5)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def connected(listener: Listener | RunningHouse) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", listener.port)


async def soon(what: Awaitable[R]) -> R:
    return await asyncio.wait_for(what, 10)


async def one_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer, of a connection that stays open."""
    head = await soon(reader.readuntil(b"\r\n\r\n"))
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    [answer] = answers(head + await soon(reader.readexactly(length)))
    return answer


def ask(path: str, *fields: bytes) -> bytes:
    return request(*fields, method=b"GET", target=path.encode("ascii"))


# --- requests that wait behind each other


async def test_as_many_requests_as_may_wait_are_answered_in_their_order() -> None:
    app = Held()
    paths = [f"/{n}" for n in range(1 + MAX_PIPELINED)]
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(b"".join(map(ask, paths)))
        app.may_answer.set()
        assert [(await one_answer(reader)).body.decode() for _ in paths] == paths
        writer.close()
    assert app.ran == paths


async def test_one_more_ends_the_connection_and_nothing_that_waited_is_run() -> None:
    app = Held()
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(b"".join(ask(f"/{n}") for n in range(1 + MAX_PIPELINED + 1)))
        assert await soon(reader.read()) == b""
        app.may_answer.set()
        writer.close()
    assert app.ran == ["/0"]


REFUSED = [
    pytest.param(b"GET /refused HTTP/1.1\r\n\r\n", 400, id="no host"),
    pytest.param(ask("/refused", b"Host: b.test"), 400, id="two hosts"),
    pytest.param(ask("http://b.test/refused"), 400, id="absolute form"),
    pytest.param(ask("/refused#f"), 400, id="fragment"),
    pytest.param(request(method=b"PROPFIND", target=b"/refused"), 400, id="method"),
    pytest.param(b"GET /refused HTTP/1.1\nHost: a.test\n\n", 400, id="line ends"),
    pytest.param(ask("/refused", *[b"X: y"] * MAX_HEADERS), 431, id="many fields"),
]


@pytest.mark.parametrize(("refused", "status"), REFUSED)
async def test_nothing_behind_a_refused_request_is_run(refused: bytes, status: int) -> None:
    app = Held()
    app.may_answer.set()
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(refused + ask("/after") + ask("/last", LAST))
        [answer] = answers(await soon(reader.read()))
        writer.close()
    assert (answer.status, answer.body, answer.headers["connection"]) == (status, b"", "close")
    assert app.ran == []


@pytest.mark.parametrize(("refused", "status"), REFUSED)
async def test_no_refusal_stands_where_the_answer_to_an_earlier_request_belongs(refused: bytes, status: int) -> None:
    app = Held()
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(ask("/first") + refused + ask("/after", LAST))
        assert await soon(reader.read()) == b"", f"not the {status} of another one (RFC 9112 §9.3.2)"
        app.may_answer.set()
        writer.close()
    assert app.ran == ["/first"]


@pytest.mark.parametrize("waiting", [0, 1])
async def test_a_body_that_breaks_off_into_nonsense_is_refused_if_nobody_waits_before_it(waiting: int) -> None:
    app = Held()
    broken = request(b"Transfer-Encoding: chunked", target=b"/broken", body=b"1\r\naX")
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(ask("/first") * waiting + broken)
        assert [answer.status for answer in answers(await soon(reader.read()))] == [400] * (1 - waiting)
        app.may_answer.set()
        writer.close()


# --- connections


async def test_one_connection_too_many_is_refused_until_another_one_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.wire, "MAX_CONNECTIONS", 2)
    app = Held()
    app.may_answer.set()
    async with listening(app) as listener:
        first, second = await connected(listener), await connected(listener)
        for reader, writer in (first, second):
            writer.write(ask("/"))
            assert (await one_answer(reader)).status == 200
        reader, _ = too_many = await connected(listener)
        [refusal] = answers(await soon(reader.read()))
        assert (refusal.status, refusal.body, refusal.headers["connection"]) == (503, b"", "close")
        second[1].write(ask("/", LAST))
        assert await soon(second[0].read())
        reader, writer = another = await connected(listener)
        writer.write(ask("/another"))
        assert (await one_answer(reader)).body == b"/another"
        for _, writer in (first, second, too_many, another):
            writer.close()


class Large:
    """Begins an answer that fits into no socket, and stays until the client has left."""

    size = 64 * 1_048_576

    def __init__(self) -> None:
        self.client_left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        length = b"%d" % (self.size + 1)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"a" * self.size, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.client_left.set()


async def test_a_client_that_leaves_its_answer_unread_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.wire, "STALLED_SECONDS", 0.1)
    app = Large()
    async with listening(app) as listener:
        reader, writer = await connected(listener)
        writer.write(ask("/"))
        await soon(app.client_left.wait())
        received = 0
        try:
            while chunk := await soon(reader.read(1_048_576)):
                received += len(chunk)
        except ConnectionError:
            pass
        assert received < Large.size
        writer.close()
