"""Bytes on a socket: for requests that no HTTP client would send."""

import asyncio
from dataclasses import dataclass

from tests.support.house import RunningHouse

FORM = b"Content-Type: application/x-www-form-urlencoded"
LAST = b"Connection: close"
BODY = b"grant_type=refresh_token&client_id=P&refresh_token=x"
DOCUMENT = b"/.well-known/jwks.json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def send(house: RunningHouse, data: bytes | list[bytes], seconds: float = 10) -> tuple[list[Answer], bool]:
    """Send `data`, and read until nothing more comes: the answers, and whether the server hung up by itself.

    A list is sent piece by piece, each in a packet of its own.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    received = b""
    closed = False
    try:
        for piece in [data] if isinstance(data, bytes) else data:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                received += chunk
                if _whole(received):
                    seconds = 0.15  # whatever else there is comes at once
                    break
            else:
                closed = True
        if not closed:
            try:
                async with asyncio.timeout(seconds):
                    while chunk := await reader.read(65_536):
                        received += chunk
                    closed = True
            except TimeoutError:
                pass
    except (TimeoutError, ConnectionError) as error:
        closed = isinstance(error, ConnectionError)
    finally:
        writer.close()
    return answers(received), closed


def _whole(received: bytes) -> bool:
    try:
        return bool(answers(received))
    except ValueError:
        return False


def answers(received: bytes) -> list[Answer]:
    """The answers in what was received. ValueError if the last one is not whole."""
    found: list[Answer] = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        if not end:
            raise ValueError("no end of the headers")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        length = int(headers.get("content-length", "0"))
        if len(received) < length:
            raise ValueError("no end of the body")
        found.append(Answer(int(line.split(" ")[1]), headers, received[:length]))
        received = received[length:]
    return found


def request(*fields: bytes, method: bytes = b"POST", target: bytes = b"/token", body: bytes = b"") -> bytes:
    """A request to issuer A, with just these header fields."""
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: a.test", *fields, b"", body])


def sized(body: bytes, *fields: bytes) -> bytes:
    """A form that says how long it is."""
    return request(FORM, b"Content-Length: %d" % len(body), *fields, body=body)


async def refused_by_the_wire(house: RunningHouse, data: bytes | list[bytes], *statuses: int) -> None:
    """One error, or none, and the connection is over: whatever else was sent on it is not looked at."""
    given, closed = await send(house, data)
    assert closed
    assert len(given) <= 1
    for answer in given:
        assert answer.status in statuses, answer
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.body == b"" or answer.headers["content-type"] == "application/json"
    assert (await house.ask("GET", "/.well-known/jwks.json")).status_code == 200
