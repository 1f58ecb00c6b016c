"""`scripts/bench`: starts a server of its own, drives it, prints a table."""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import uvloop

from tests.bench.chaos import beside_a_hanging_provider
from tests.bench.load import SCENARIOS, drive
from tests.bench.server import Server, pinned

CHAOS = "chaos"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Load one Tenantry on loopback and print figures.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        default=[*SCENARIOS],
        help=f"what to do: any of the default, or {CHAOS}, alone: one tenant beside another whose provider hangs",
    )
    parser.add_argument("--connections", default="1,16,64", help="how many at once, one figure each")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a round lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how many of them; the median is told")
    parser.add_argument("--tenants", type=int, default=1, help="how many issuers the connections are spread over")
    parser.add_argument("--rate", type=int, default=500, help=f"{CHAOS}: refreshes a second of the one tenant")
    parser.add_argument("--hanging", type=int, default=64, help=f"{CHAOS}: sign-ins of the other that hang")
    parser.add_argument("--token-format", choices=("jwt", "opaque"), default="opaque", help="how access tokens look")
    arguments = parser.parse_args()
    if arguments.scenarios == [CHAOS]:
        return chaos(arguments)
    if unknown := set(arguments.scenarios) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(unknown)}")
    if pinned(1):
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory), arguments.tenants, arguments.token_format)
        try:
            print(
                f"{'scenario':<12}{'connections':>12}{'ops/s':>10}{'p50 ms':>10}{'p99 ms':>10}"
                f"{'server µs/op':>14}{'driver':>8}"
            )
            for scenario in arguments.scenarios:
                for connections in map(int, arguments.connections.split(",")):
                    report(scenario, connections, server, arguments)
        finally:
            server.stop()


def chaos(arguments: argparse.Namespace) -> None:
    if pinned(1):
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory), 2, arguments.token_format, automatic=False)
        try:
            uvloop.run(
                beside_a_hanging_provider(
                    server, arguments.rate, arguments.hanging, arguments.seconds, arguments.rounds
                )
            )
        finally:
            server.stop()


def report(scenario: str, connections: int, server: Server, arguments: argparse.Namespace) -> None:
    rounds: list[tuple[float, float, float, float, float]] = []
    for _ in range(arguments.rounds):
        stock = max(20, 6_000 // connections)
        figures = uvloop.run(
            drive(scenario, server.port, server.hosts, connections, arguments.seconds, stock, server.cpu)
        )
        spent = figures.server_seconds / max(figures.operations, 1) * 1e6
        rounds.append((figures.rate, figures.percentile(0.5), figures.percentile(0.99), spent, figures.driver_cores))
    rate, p50, p99, spent, driver = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"{scenario:<12}{connections:>12}{rate:>10.0f}{p50:>10.2f}{p99:>10.2f}{spent:>14.0f}{driver:>8.2f}", flush=True
    )


if __name__ == "__main__":
    main()
