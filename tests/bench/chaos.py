"""What one tenant feels of another whose identity provider hangs: refreshes at a steady rate, in turns

- alone,
- while so many sign-ins of the other hang, none of which begins or ends meanwhile,
- while as many hang all the time, because each is begun anew as soon as it is refused.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.hanging import CALL_SECONDS, Neighbour
from tests.bench.load import Connection, Figures, Step, refreshing
from tests.bench.server import Server
from tests.bench.visitor import Visitor

CONNECTIONS = 16
"""Of the tenant that is measured."""
SPREAD = 1.0
"""Seconds in which sign-ins are begun that all hang then, until the first of them has hung for CALL_SECONDS."""


@dataclass
class Row:
    name: str
    seconds: float
    spread: float | None = None
    """Over so many seconds the other's sign-ins begin. None: there are none."""
    rounds: list[Figures] = field(default_factory=list[Figures])


async def beside_a_hanging_provider(server: Server, rate: int, hanging: int, seconds: float, rounds: int) -> None:
    """Print the figures of the one tenant."""
    refused: list[float] = []
    memory: list[float] = []
    rows = [
        Row("alone", seconds),
        Row("hanging", min(seconds, CALL_SECONDS - 2 * SPREAD), SPREAD),
        Row("anew", seconds, CALL_SECONDS),
    ]
    steps = [await refresher(server) for _ in range(CONNECTIONS)]
    registering = await Connection.open(server.port, server.hosts[1])
    neighbour = Neighbour(server, 1, await registering.register(), hanging)
    try:
        await at_a_steady_rate(server, steps, rate, 1)  # warm
        memory.append(server.memory())
        for _ in range(rounds):
            for row in rows:
                if row.spread is not None:
                    await neighbour.begin(row.spread)
                row.rounds.append(await at_a_steady_rate(server, steps, rate, row.seconds))
                memory.append(server.memory())
                if row.spread is not None:
                    refused += await neighbour.end()
    finally:
        neighbour.stop()
    print(f"{'':<10}{'ops/s':>8}{'p50 ms':>10}{'p99 ms':>10}{'p99 ratio':>12}{'server':>10}{'driver':>10}")
    for row in rows:
        tell(row, rows[0])
    print(f"{len(refused)} sign-ins were refused, the slowest after {max(refused, default=0):.1f} s")
    print(f"the server had {memory[0]:.0f} MB at first and {max(memory):.0f} MB at most")


def tell(row: Row, alone: Row) -> None:
    """Medians of the rounds; `server` and `driver` are shares of a core."""
    columns = (
        (
            one.rate,
            one.percentile(0.5),
            one.percentile(0.99),
            one.percentile(0.99) / reference.percentile(0.99),
            one.server_seconds / one.seconds,
            one.driver_cores,
        )
        for one, reference in zip(row.rounds, alone.rounds, strict=True)
    )
    rate, p50, p99, ratio, busy, driver = (statistics.median(column) for column in zip(*columns, strict=True))
    print(
        f"{row.name:<10}{rate:>8.0f}{p50:>10.2f}{p99:>10.2f}{ratio:>12.2f}{busy:>10.2f}{driver:>10.2f}",
        flush=True,
    )


async def refresher(server: Server) -> Step:
    """A client of the tenant that is measured, with a grant of its own."""
    connection = await Connection.open(server.port, server.hosts[0])
    client_id = await connection.register()
    async with Visitor(server.port, server.hosts[0]) as visitor:
        code = await visitor.code(client_id)
    return refreshing(connection, client_id, await connection.exchange(client_id, code))


async def at_a_steady_rate(server: Server, steps: Sequence[Step], rate: int, seconds: float) -> Figures:
    """So many a second in all, whatever the answers take: a late one counts from when it should have begun."""
    figures, began, cpu, theirs = Figures(), time.perf_counter(), time.process_time(), server.cpu()
    apart = len(steps) / rate

    async def client(number: int, step: Step) -> None:
        due = began + number / rate
        while due < began + seconds:
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
                due = time.perf_counter()
            await step()
            figures.latencies.append(time.perf_counter() - due)
            due += apart

    await asyncio.gather(*(client(number, step) for number, step in enumerate(steps)))
    figures.seconds = time.perf_counter() - began
    figures.server_seconds = server.cpu() - theirs
    figures.driver_cores = (time.process_time() - cpu) / figures.seconds
    figures.operations = len(figures.latencies)
    return figures
