"""One listening address: uvicorn on a socket that we bound, with a protocol that trusts no client."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from server.settings import Address, SocketFile
from server.system import Unusable
from server.wire import GuardedProtocol


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are for server/wiring.py."""
        yield


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises Unusable if the address cannot be had."""
    host = address.host.strip("[]")
    try:
        family, _, _, _, where = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise Unusable(f"cannot listen on {address}: {error.strerror}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(2_048)
    except OSError as error:
        listening.close()
        raise Unusable(f"cannot listen on {address}: {error.strerror}; is another server running there?") from None
    listening.setblocking(False)
    return listening


def refuse_taken(file: SocketFile) -> None:
    """Raises Unusable if a socket cannot be made there. One that nobody listens at any more is no hindrance."""
    if file.path.exists() and not file.path.is_socket():
        raise Unusable(f"cannot listen on {file}: there is something else of that name")
    if not file.path.parent.is_dir():
        raise Unusable(f"cannot listen on {file}: there is no such folder")
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(file.path))
        except OSError:
            return
    raise Unusable(f"cannot listen on {file}: another server is running there")


class Listener:
    """An ASGI app served on a bound socket."""

    def __init__(self, app: Any, listening: socket.socket, *, drain: float) -> None:
        self._listening = listening
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="none",
            loop="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",  # a line for each malformed request would be the stranger's to write
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, int(drain)),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None
        self._guard: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return self._listening.getsockname()[1]

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve([self._listening]), name="listener")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the listener ended before it began")
            await asyncio.sleep(0.005)
        self._guard = asyncio.create_task(GuardedProtocol.close_the_slow(self._server.server_state.connections))

    async def stop(self) -> None:
        """Take no new connection, let requests in flight finish within the drain time."""
        if self._guard is not None:
            self._guard.cancel()
        if self._task is not None:
            self._server.should_exit = True
            await self._task
        self._listening.close()
