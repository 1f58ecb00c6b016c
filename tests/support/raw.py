"""Bytes on a socket: for requests that no HTTP client would send."""

import asyncio
from dataclasses import dataclass

from tests.support.house import RunningHouse


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
