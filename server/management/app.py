"""/livez, /readyz and /metrics for whoever runs the house."""

from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest


class Management:
    """The ASGI app of the management address. `ready` is False while the house starts and from the moment it stops."""

    def __init__(self, metrics: CollectorRegistry) -> None:
        self._metrics = metrics
        self.ready = False

    async def __call__(
        self, scope: dict[str, Any], receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        status, kind, body = self._answer(scope["path"])
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, path: str) -> tuple[int, bytes, bytes]:
        plain = b"text/plain; charset=utf-8"
        if path == "/livez":
            return 200, plain, b"ok\n"
        if path == "/readyz":
            return (200, plain, b"ok\n") if self.ready else (503, plain, b"not ready\n")
        if path == "/metrics":
            return 200, b"text/plain; version=0.0.4; charset=utf-8", generate_latest(self._metrics)
        return 404, plain, b"not found\n"
