"""A small load driver: raw asyncio connections, one after-the-other client on each, a fixed time, every answer checked.

It drives loopback only, and stops by itself. One line of figures a run; the driver's own share of a core is told, so
that nobody takes the driver's limit for the server's.
"""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

REDIRECT = "https://client.example/cb"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader, self.writer, self.host = reader, writer, host

    @classmethod
    async def open(cls, port: int, host: str) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port), host)

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = FORM) -> Answer:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n"
        if method == "POST":
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self.writer.write(f"{head}\r\n".encode() + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return Answer(int(lines[0][9:12]), headers, await self.reader.readexactly(int(headers["content-length"])))

    async def form(self, path: str, **fields: str) -> Answer:
        return await self.ask("POST", path, urlencode(fields).encode())

    async def register(self) -> str:
        wanted = {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
        answer = await self.ask("POST", "/register", json.dumps(wanted).encode(), "application/json")
        return expect(answer, 201)["client_id"]

    async def code(self, client_id: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        answer = await self.ask("GET", f"/authorize?{urlencode(asked)}")
        if answer.status != 302:
            raise RuntimeError(f"authorize answered {answer.status}: {answer.body[:200]!r}")
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def exchange(self, client_id: str, code: str) -> dict[str, str]:
        fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "client_id": client_id}
        return expect(await self.form("/token", **fields), 200)


def expect(answer: Answer, status: int) -> dict[str, str]:
    if answer.status != status:
        raise RuntimeError(f"expected {status}, got {answer.status}: {answer.body[:200]!r}")
    return json.loads(answer.body)


Step = Callable[[], Awaitable[None]]


async def metadata(connection: Connection, stock: int) -> Step:
    async def step() -> None:
        expect(await connection.ask("GET", "/.well-known/oauth-authorization-server"), 200)

    return step


async def register(connection: Connection, stock: int) -> Step:
    async def step() -> None:
        await connection.register()

    return step


async def token(connection: Connection, stock: int) -> Step:
    """Only the exchange is timed: the codes are made before."""
    client_id = await connection.register()
    codes = [await connection.code(client_id) for _ in range(stock)]

    async def step() -> None:
        if not codes:
            raise StopAsyncIteration
        await connection.exchange(client_id, codes.pop())

    return step


async def refresh(connection: Connection, stock: int) -> Step:
    client_id = await connection.register()
    return refreshing(connection, client_id, await connection.exchange(client_id, await connection.code(client_id)))


def refreshing(connection: Connection, client_id: str, held: dict[str, str]) -> Step:
    """Each time with what the time before gave."""

    async def step() -> None:
        nonlocal held
        fields = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"], "client_id": client_id}
        held = expect(await connection.form("/token", **fields), 200)

    return step


async def introspect(connection: Connection, stock: int) -> Step:
    client_id = await connection.register()
    held = await connection.exchange(client_id, await connection.code(client_id))

    async def step() -> None:
        answer = expect(await connection.form("/introspect", token=held["access_token"], client_id=client_id), 200)
        if answer["active"] is not True:
            raise RuntimeError("the token was not active")

    return step


async def flow(connection: Connection, stock: int) -> Step:
    """Authorize to token, with a user who is signed in and consents by themselves."""
    client_id = await connection.register()

    async def step() -> None:
        await connection.exchange(client_id, await connection.code(client_id))

    return step


SCENARIOS: dict[str, Callable[[Connection, int], Awaitable[Step]]] = {
    "metadata": metadata,
    "register": register,
    "token": token,
    "refresh": refresh,
    "introspect": introspect,
    "flow": flow,
}


@dataclass
class Figures:
    operations: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    driver_cores: float = 0.0
    server_seconds: float = 0.0
    """Of processor time."""

    @property
    def rate(self) -> float:
        return self.operations / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


async def drive(
    scenario: str,
    port: int,
    hosts: list[str],
    connections: int,
    seconds: float,
    stock: int,
    server_cpu: Callable[[], float],
) -> Figures:
    """Run one scenario on that many connections, spread over the hosts, for that long or until the stock is used."""
    opened = [await Connection.open(port, hosts[i % len(hosts)]) for i in range(connections)]
    steps = await asyncio.gather(*(SCENARIOS[scenario](connection, stock) for connection in opened))
    figures, began, cpu, theirs = Figures(), time.perf_counter(), time.process_time(), server_cpu()
    end = began + seconds

    async def client(step: Step) -> None:
        while (started := time.perf_counter()) < end:
            try:
                await step()
            except StopAsyncIteration:
                return
            figures.latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(client(step) for step in steps))
    figures.seconds = time.perf_counter() - began
    figures.server_seconds = server_cpu() - theirs
    figures.operations = len(figures.latencies)
    figures.driver_cores = (time.process_time() - cpu) / figures.seconds
    for connection in opened:
        connection.writer.close()
    return figures
