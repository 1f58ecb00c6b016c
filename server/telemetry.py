"""What the house tells of itself: one JSON line a request, metrics, and the observer that actors call.

A log that cannot be written must not stop the house: lines wait in a bounded queue, and what does not fit is counted.
"""

import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MAX_WAITING = 10_000
INTERVAL = 0.05
"""Seconds between two writes."""
MAX_VALUE = 500
_TURN_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """Prometheus metrics. No label ever holds a tenant, a client or anything else that strangers choose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.requests = Counter(
            "tenantry_http_requests", "HTTP requests by route and status code.", ["route", "code"], registry=r
        )
        self.request_seconds = Histogram(
            "tenantry_http_request_duration_seconds", "Time to answer.", ["route"], buckets=_TURN_SECONDS, registry=r
        )
        self.commits = Counter("tenantry_commits", "Batches of turns committed.", ["wrote"], registry=r)
        self.turns = Counter("tenantry_turns", "Turns whose batch was committed.", registry=r)
        self.commit_seconds = Histogram(
            "tenantry_commit_duration_seconds", "Time of a batch with its commit.", buckets=_TURN_SECONDS, registry=r
        )
        self.activations = Counter("tenantry_actor_activations", "Stores opened.", ["result"], registry=r)
        self.resident = Gauge("tenantry_actors_resident", "Stores open now.", registry=r)
        self.shed_turns = Counter("tenantry_shed_turns", "Turns refused because too much waited.", registry=r)
        self.limited = Counter("tenantry_limited_requests", "Requests refused by a limit.", ["limit"], registry=r)
        self.dropped_lines = Counter("tenantry_dropped_log_lines", "Log lines that did not fit.", registry=r)
        self._counted: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, status: int, seconds: float, limit: str | None = None) -> None:
        """`limit` is the one that was reached, if any."""
        if limit is not None:
            self.limited.labels(limit).inc()
        pair = self._counted.get((route, status))
        if pair is None:
            pair = self.requests.labels(route, str(status)), self.request_seconds.labels(route)
            self._counted[route, status] = pair
        pair[0].inc()
        pair[1].observe(seconds)


class Log:
    """JSON lines on a stream, written by a thread of their own."""

    def __init__(self, stream: TextIO | None = None, dropped: Counter | None = None) -> None:
        self._stream = stream or sys.stderr
        self._dropped = dropped
        self._lines: deque[dict[str, Any]] = deque()
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()

    def line(self, event: str, /, **members: object) -> None:
        if len(self._lines) >= MAX_WAITING:
            if self._dropped is not None:
                self._dropped.inc()
            return
        self._lines.append({"event": event, **members})

    def close(self) -> None:
        """Write what waits, for at most a second."""
        self._ended.set()
        self._writer.join(timeout=1)

    def _write(self) -> None:
        last = False
        while not last:
            # not woken for each line: every switch between threads costs the requests more than the line does
            last = self._ended.wait(INTERVAL)
            ready = [_as_text(self._lines.popleft()) for _ in range(len(self._lines))]
            try:
                self._stream.write("".join(ready))
                self._stream.flush()
            except (OSError, ValueError):
                if self._dropped is not None:
                    self._dropped.inc(len(ready))


def _as_text(members: dict[str, Any]) -> str:
    """One line whatever the values hold: JSON escapes what could begin another."""
    short = {name: value[:MAX_VALUE] if isinstance(value, str) else value for name, value in members.items()}
    return json.dumps(short, separators=(",", ":"), default=str) + "\n"


class ActorObserver:
    """tenants.actor.Observer, told to metrics and log."""

    def __init__(self, metrics: Metrics, log: Log, issuer_of: Callable[[str], str | None]) -> None:
        """`issuer_of`: the id of the issuer that an actor is; None for the registry."""
        self._metrics = metrics
        self._log = log
        self._issuer_of = issuer_of
        self._committed = {wrote: metrics.commits.labels(str(wrote).lower()) for wrote in (True, False)}

    def woke(self, seconds: float) -> None:
        self._metrics.activations.labels("ok").inc()
        self._metrics.resident.inc()

    def slept(self) -> None:
        self._metrics.resident.dec()

    def committed(self, turns: int, seconds: float, wrote: bool) -> None:
        self._committed[wrote].inc()
        self._metrics.turns.inc(turns)
        self._metrics.commit_seconds.observe(seconds)

    def shed(self) -> None:
        self._metrics.shed_turns.inc()

    def broke(self, actor: str, error: Exception) -> None:
        self._metrics.activations.labels("broken").inc()
        issuer, words = self._issuer_of(actor), f"{type(error).__name__}: {error}"
        self._log.line("tenant.broken", tenant=actor, issuer=issuer, error=words)
