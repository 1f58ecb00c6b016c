"""`scripts/bench`: starts a server of its own, drives it, prints a table."""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

import uvloop

from tests.bench.load import SCENARIOS, drive

ROOT = Path(__file__).parents[2]


def pinned(core: int) -> list[str]:
    """Server and driver on a core each, where there are two."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 and Path("/usr/bin/taskset").exists() else []


class Server:
    """`tenantry dev` in a directory of its own, with a user who is signed in and consents by themselves."""

    def __init__(self, directory: Path, tenants: int, token_format: str) -> None:
        command = [str(ROOT / ".venv/bin/tenantry"), "dev", "--data-dir", str(directory)]
        for name in ("--http", "--grpc", "--management"):
            command += [name, "127.0.0.1:0"]
        command += ["--auto-sign-in", "bench@example.com", "--auto-consent"]
        self.log = (directory / "requests.log").open("w")
        self.process = subprocess.Popen([*pinned(0), *command], stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        ready = next(
            found for line in self.process.stdout if (found := re.match(r"ready http=\S+:(\d+) grpc=(\S+)", line))
        )
        self.port = int(ready[1])
        self.hosts = [f"127.0.0.1:{self.port}"] + [f"t{i}.bench.localhost" for i in range(1, tenants)]
        environment = {
            **os.environ,
            "TENANTRY_ADDRESS": ready[2],
            "TENANTRY_TOKEN_FILE": str(directory / "admin.token"),
        }
        for number, host in enumerate(self.hosts):
            subprocess.run(
                [
                    command[0],
                    "issuer",
                    "create",
                    f"bench{number}",
                    "--uri",
                    f"http://{host}",
                    "--token-format",
                    token_format,
                ],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Load one Tenantry on loopback and print figures.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", default=[*SCENARIOS], help="what to do: any of the default"
    )
    parser.add_argument("--connections", default="1,16,64", help="how many at once, one figure each")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a round lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how many of them; the median is told")
    parser.add_argument("--tenants", type=int, default=1, help="how many issuers the connections are spread over")
    parser.add_argument("--token-format", choices=("jwt", "opaque"), default="opaque", help="how access tokens look")
    arguments = parser.parse_args()
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
