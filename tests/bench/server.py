"""The server that is driven: `tenantry dev` in a directory and on a core of its own."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = os.sysconf("SC_PAGE_SIZE")


def pinned(core: int) -> list[str]:
    """Server and driver on a core each, where there are two."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 and Path("/usr/bin/taskset").exists() else []


class Server:
    """If `automatic`, there is a user who is signed in and consents by themselves."""

    def __init__(self, directory: Path, tenants: int, token_format: str, *, automatic: bool = True) -> None:
        self._command = str(ROOT / ".venv/bin/tenantry")
        command = [self._command, "dev", "--data-dir", str(directory)]
        for name in ("--http", "--grpc", "--management"):
            command += [name, "127.0.0.1:0"]
        if automatic:
            command += ["--auto-sign-in", "bench@example.com", "--auto-consent"]
        self.log = (directory / "requests.log").open("w")
        self.process = subprocess.Popen([*pinned(0), *command], stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        ready = next(
            found for line in self.process.stdout if (found := re.match(r"ready http=\S+:(\d+) grpc=(\S+)", line))
        )
        self.port = int(ready[1])
        self.hosts = [f"127.0.0.1:{self.port}"] + [f"t{i}.bench.localhost" for i in range(1, tenants)]
        self._environment = {
            **os.environ,
            "TENANTRY_ADDRESS": ready[2],
            "TENANTRY_TOKEN_FILE": str(directory / "admin.token"),
        }
        for number, host in enumerate(self.hosts):
            self.operator(
                *("issuer", "create", f"bench{number}", "--uri", f"http://{host}", "--token-format", token_format),
                *("--registration-limit", "none", "--failure-limit", "none"),
            )

    def operator(self, *words: str, given: str = "") -> None:
        """A command, with `given` on its standard input."""
        command = [self._command, *words]
        subprocess.run(command, env=self._environment, check=True, input=given, stdout=subprocess.DEVNULL, text=True)

    def cpu(self) -> float:
        """Seconds of processor time."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that are resident."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE / 1e6

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
